"""Decode a page's bytes to text. Never fails.

The encoding comes from the byte order mark, the bytes (if they are UTF-16 or UTF-8), the HTTP charset, the
meta element or detection, tried in this order.

A declared encoding is used only if the bytes fit it, since servers and templates often declare a wrong one.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

DETECTED_ON = 65_536  # bytes used for detection
MAX_INVALID_SHARE = 0.05  # of the non-ASCII characters; truncation and pasted text cause invalid ones
# Python codecs that no page uses: undefined fails on any text, and the others are not charsets.
PYTHON_ONLY = {"undefined", "idna", "punycode", "unicode-escape", "raw-unicode-escape"}
WESTERN = {"cp1252", "iso8859-1", "latin-1", "iso8859-15"}
# Non-ASCII bytes, without the no-break space, which pads lines in Western pages.
HIGH = bytes({*range(0x80, 0x100)} - {0xA0})
HIGH_RUN = re.compile(rb"[\x80-\x9f\xa1-\xff]{3,}")
XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def decode(body: bytes, content_type: str) -> str:
    """The page as text, without byte order mark, XML declaration and NUL; invalid bytes become U+FFFD."""
    marked, mark = read_bom(body)
    encoding = marked or _without_mark(body, content_type)
    text = body.removeprefix(mark or b"").decode(encoding, "replace")
    return XML_DECLARATION.sub("", text.replace("\x00", ""), count=1)


def _without_mark(body: bytes, content_type: str) -> str:
    if encoding := _utf_16(body):
        return encoding
    if not body.isascii() and _fits("utf-8", body):
        return "utf-8"
    for declared in (http_content_type_encoding(content_type), html_body_declared_encoding(body)):
        encoding = _known(declared)
        if encoding and _fits(encoding, body):
            return encoding
    return _detect(body)


def _utf_16(body: bytes) -> str | None:
    """The UTF-16 variant of the body, or None. In UTF-16, every second byte of ASCII markup is zero."""
    even, odd = body[:DETECTED_ON:2], body[1:DETECTED_ON:2]
    many = max(4, len(odd) / 4)
    if odd.count(0) > many > even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > many > odd.count(0) else None


def _known(declared: str | None) -> str | None:
    """The Python name of a declared encoding, or None if pages do not use it.

    A page whose declaration is readable as ASCII is not in UTF-16 or UTF-32, whatever it declares
    (https://html.spec.whatwg.org/multipage/parsing.html, "change the encoding").
    """
    encoding = resolve_encoding(declared) if declared else None
    if encoding is None or encoding in PYTHON_ONLY or encoding.startswith(("utf-16", "utf-32")):
        return None
    return encoding if codecs.lookup(encoding)._is_text_encoding else None


def _fits(encoding: str, body: bytes) -> bool:
    """Whether nearly all characters of the body are valid in the encoding.

    In Western encodings every byte is valid, so the body fits unless its bytes look like another script.
    """
    if encoding in WESTERN:
        return not _has_words_beyond_ascii(body)
    text = body.decode(encoding, "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") <= MAX_INVALID_SHARE * beyond_ascii


def _has_words_beyond_ascii(body: bytes) -> bool:
    """Whether most non-ASCII bytes are in runs of three or more, as in every script but Latin.

    In Latin scripts, most non-ASCII bytes are single accented letters.
    """
    high = len(body) - len(body.translate(None, HIGH))
    return 2 * sum(map(len, HIGH_RUN.findall(body))) > high


def _detect(body: bytes) -> str:
    """Detect the encoding of a non-Latin script; return Windows-1252, the browsers' default, for Latin ones.

    charset_normalizer cannot distinguish the encodings of Latin scripts.
    """
    best = from_bytes(body[:DETECTED_ON]).best() if _has_words_beyond_ascii(body) else None
    other_script = best and not all("Latin" in name or "Punctuation" in name for name in best.alphabets)
    return best.encoding if best and other_script else "cp1252"
