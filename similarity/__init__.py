"""Are these two texts the same? Near-duplicates by MinHash, leaks by shared n-grams."""

from similarity.minhash import Match, NearDuplicates, Signature, sign
from similarity.ngrams import Leak, NgramIndex

__all__ = ["Leak", "Match", "NearDuplicates", "NgramIndex", "Signature", "sign"]
