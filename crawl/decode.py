"""Bytes of a page to text: HTTP charset, then byte order mark, then meta, then detection. Never fails."""

from __future__ import annotations

import re

from charset_normalizer import from_bytes
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

DETECTED_ON = 65_536  # bytes
XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def decode(body: bytes, content_type: str) -> str:
    """The page as text, without byte order mark, XML declaration and NUL; invalid bytes become U+FFFD."""
    bom_encoding, bom = read_bom(body)
    declared = http_content_type_encoding(content_type) or bom_encoding or html_body_declared_encoding(body)
    encoding = _usable(declared, body) or _detect(body)
    text = body.removeprefix(bom or b"").decode(encoding, "replace")
    return XML_DECLARATION.sub("", text.replace("\x00", ""), count=1)


def _usable(declared: str | None, body: bytes) -> str | None:
    """The declared encoding's name, unless it is unknown or the body shows that it is really UTF-8."""
    encoding = resolve_encoding(declared) if declared else None
    one_byte = encoding is not None and not encoding.startswith("utf")
    return "utf-8" if one_byte and not body.isascii() and _is_utf8(body) else encoding


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _detect(body: bytes) -> str:
    """UTF-8 if it is valid; else what charset_normalizer finds, where that is no Latin script, whose
    encodings it cannot tell apart; else Windows-1252, as browsers do.
    """
    if _is_utf8(body):
        return "utf-8"
    best = from_bytes(body[:DETECTED_ON]).best()
    other_script = best and not all("Latin" in name or "Punctuation" in name for name in best.alphabets)
    return best.encoding if best and other_script else "cp1252"
