"""Finds near-duplicates by MinHash, and leaks by shared n-grams."""

from gr_toolkit.similarity.minhash import Match, NearDuplicates, Signature, sign
from gr_toolkit.similarity.ngrams import Leak, NgramIndex

__all__ = ["Leak", "Match", "NearDuplicates", "NgramIndex", "Signature", "sign"]
