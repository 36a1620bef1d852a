"""Near-duplicates among short texts: datasketch MinHash over character 5-grams, banded LSH, and a guard.

128 permutations in 16 bands of 8 rows, so that texts of Jaccard 0.7 and more are nearly always compared;
the guard (numbers and operators) is what keeps exercises apart that differ only in a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from datasketch import MinHash, MinHashLSH

from gr_toolkit.similarity.words import guard, plain

PERMUTATIONS = 128
BANDS = (16, 8)
SHINGLE = 5


class Signature(NamedTuple):
    """What is compared instead of the text: its guard, its digest and 128 uint32 minima."""

    guard: str
    digest: str
    minhash: Sequence[int]


class Match(NamedTuple):
    """The text that another one repeats.

    Exact: the two are the same but for case, spacing and a number in front.
    """

    id: str
    similarity: float
    exact: bool


def sign(texts: Iterable[str]) -> list[Signature]:
    """The signatures of the texts, in order; the same on every machine."""
    texts = [plain(text) for text in texts]
    sketches = MinHash.bulk([_shingles(text) for text in texts], num_perm=PERMUTATIONS)
    return [
        Signature(guard(text), _digest(text), sketch.hashvalues.tolist())
        for text, sketch in zip(texts, sketches, strict=True)
    ]


def _digest(text: str) -> str:
    """128 bits of SHA-256, for texts that differ may have an estimate of 1.0."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _shingles(text: str) -> list[bytes]:
    count = max(1, len(text) - SHINGLE + 1)
    return [text[start : start + SHINGLE].encode() for start in range(count)]


class NearDuplicates:
    """Texts seen so far. The first of its kind stays; what repeats it is found by `find`."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._lsh = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)
        self._seen: dict[str, tuple[str, str, MinHash]] = {}

    def add(self, text_id: str, signature: Signature) -> None:
        """Remember a text as one that later ones may repeat."""
        sketch = _sketch(signature)
        self._seen[text_id] = (signature.guard, signature.digest, sketch)
        self._lsh.insert(text_id, sketch)

    def find(self, signature: Signature) -> Match | None:
        """The most similar remembered text with the same guard, if it reaches the threshold."""
        sketch = _sketch(signature)
        alike = [
            (digest == signature.digest, sketch.jaccard(other), text_id)
            for text_id in self._lsh.query(sketch)
            for other_guard, digest, other in [self._seen[text_id]]
            if other_guard == signature.guard
        ]
        exact, similarity, text_id = max(alike, default=(False, 0.0, ""))
        return Match(text_id, similarity, exact) if similarity >= self.threshold else None


def _sketch(signature: Signature) -> MinHash:
    values = np.asarray(signature.minhash, dtype=np.uint32)
    return MinHash(num_perm=PERMUTATIONS, hashvalues=values, scheme="affine32")
