"""Ids are content hashes: the same input gives the same id on every machine."""

from __future__ import annotations

import hashlib


def content_id(*parts: str | bytes | int) -> str:
    """Return the first 128 bits of the SHA-256 of the parts, in order, as 32 hexadecimal digits.

    The parts ("ab", "c") and ("a", "bc") have different hashes.
    """
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()[:32]
