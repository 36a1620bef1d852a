"""Bytes of a page to text: HTTP charset, then byte order mark, then meta, then detection. Never fails."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

DETECTED_ON = 65_536  # bytes
# Encodings of Python's own that no page means: undefined fails on any text, and the others are no charsets.
PYTHONS_OWN = {"undefined", "idna", "punycode", "unicode-escape", "raw-unicode-escape"}
XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def decode(body: bytes, content_type: str) -> str:
    """The page as text, without byte order mark, XML declaration and NUL; invalid bytes become U+FFFD."""
    bom_encoding, bom = read_bom(body)
    declared = http_content_type_encoding(content_type) or bom_encoding or _in_markup(body)
    encoding = _usable(declared, body) or _detect(body)
    text = body.removeprefix(bom or b"").decode(encoding, "replace")
    return XML_DECLARATION.sub("", text.replace("\x00", ""), count=1)


def _in_markup(body: bytes) -> str | None:
    """What the meta element or XML declaration names. Whoever can read those is not reading UTF-16 or 32: it
    means UTF-8 (https://html.spec.whatwg.org/multipage/parsing.html, "change the encoding").
    """
    declared = html_body_declared_encoding(body)
    return "utf-8" if declared and declared.startswith(("utf-16", "utf-32")) else declared


def _usable(declared: str | None, body: bytes) -> str | None:
    """The declared encoding's name, unless it is none or the body shows that it is really UTF-8."""
    encoding = resolve_encoding(declared) if declared else None
    if encoding is None or encoding in PYTHONS_OWN or not codecs.lookup(encoding)._is_text_encoding:
        return None
    one_byte = not encoding.startswith("utf")
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
