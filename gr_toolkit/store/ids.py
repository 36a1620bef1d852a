"""Ids are content hashes: the same input gives the same id on every machine."""

from __future__ import annotations

import hashlib


def content_id(*parts: str | bytes | int) -> str:
    """Hash the parts in order: 32 hexadecimal digits, 128 bits of SHA-256. Part boundaries count."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()[:32]
