"""Finds near-duplicates among short texts: datasketch MinHash over character 5-grams, banded LSH, a guard.

With 128 permutations in 16 bands of 8 rows, LSH finds nearly all pairs with a Jaccard similarity
of at least 0.7. The guard, a text's numbers and operators, separates exercises that differ only in a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from datasketch import MinHash, MinHashLSH

from gr_toolkit.similarity.words import guard, plain

PERMUTATIONS = 128
BANDS = (16, 8)  # number of bands, rows per band
SHINGLE = 5  # characters per n-gram


class Signature(NamedTuple):
    """The guard, digest and MinHash (128 uint32 minima) of a text, which are compared instead of the text."""

    guard: str
    digest: str
    minhash: Sequence[int]


class Match(NamedTuple):
    """An earlier text that a new text repeats.

    `exact` is true if the two differ only in case, spacing and a leading number.
    """

    id: str
    similarity: float
    exact: bool


def sign(texts: Iterable[str]) -> list[Signature]:
    """Return the signatures of the texts, in order. They are the same on every machine.

    A change that gives any text another signature must raise the algorithm's version of table `signatures`
    in store/tables.py, so that stored signatures are made again.
    """
    texts = [plain(text) for text in texts]
    sketches = MinHash.bulk([_shingles(text) for text in texts], num_perm=PERMUTATIONS)
    return [
        Signature(guard(text), _digest(text), sketch.hashvalues.tolist())
        for text, sketch in zip(texts, sketches, strict=True)
    ]


def _digest(text: str) -> str:
    """128 bits of SHA-256, to recognise equal texts. Others may also have an estimated similarity of 1.0."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _shingles(text: str) -> list[bytes]:
    count = max(1, len(text) - SHINGLE + 1)
    return [text[start : start + SHINGLE].encode() for start in range(count)]


class NearDuplicates:
    """An index of the texts seen so far; `find` returns the indexed text that a new text repeats."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._lsh = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)
        self._seen: dict[str, tuple[str, str, MinHash]] = {}

    def add(self, text_id: str, signature: Signature) -> None:
        """Add a text, so that `find` can return it."""
        sketch = _sketch(signature)
        self._seen[text_id] = (signature.guard, signature.digest, sketch)
        self._lsh.insert(text_id, sketch)

    def find(self, signature: Signature) -> Match | None:
        """Return the most similar added text with the same guard; None if its similarity is too low."""
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
