"""Bytes of a page to text: byte order mark, HTTP charset, meta, detection. Never fails.

A declaration is believed only where the bytes fit it: servers and templates often declare what is not so.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

DETECTED_ON = 65_536  # bytes
MAX_INVALID_SHARE = 0.05  # of the characters beyond ASCII; a page may be cut or pasted into
# Encodings of Python's own that no page means: undefined fails on any text, and the others are no charsets.
PYTHONS_OWN = {"undefined", "idna", "punycode", "unicode-escape", "raw-unicode-escape"}
WESTERN = {"cp1252", "iso8859-1", "latin-1", "iso8859-15"}
HIGH = bytes({*range(0x80, 0x100)} - {0xA0})  # without the space that Western pages fill lines with
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
    """UTF-16 by the zeros between the letters of the markup."""
    even, odd = body[:DETECTED_ON:2], body[1:DETECTED_ON:2]
    many = max(4, len(odd) / 4)
    if odd.count(0) > many > even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > many > odd.count(0) else None


def _known(declared: str | None) -> str | None:
    """The name of an encoding that pages use. What can be read and is not UTF-16 or 32 does not become it by
    saying so (https://html.spec.whatwg.org/multipage/parsing.html, "change the encoding").
    """
    encoding = resolve_encoding(declared) if declared else None
    if encoding is None or encoding in PYTHONS_OWN or encoding.startswith(("utf-16", "utf-32")):
        return None
    return encoding if codecs.lookup(encoding)._is_text_encoding else None


def _fits(encoding: str, body: bytes) -> bool:
    """Whether nearly all characters are valid, and no other script shows through a Western encoding."""
    if encoding in WESTERN:
        return not _has_words_beyond_ascii(body)
    text = body.decode(encoding, "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") <= MAX_INVALID_SHARE * beyond_ascii


def _has_words_beyond_ascii(body: bytes) -> bool:
    """Whether most bytes beyond ASCII stand beside others, as in all but the Latin script, where they are
    single letters with an accent.
    """
    high = len(body) - len(body.translate(None, HIGH))
    return 2 * sum(map(len, HIGH_RUN.findall(body))) > high


def _detect(body: bytes) -> str:
    """What charset_normalizer finds, where that is no Latin script, whose encodings it cannot tell apart;
    else Windows-1252, as browsers do.
    """
    best = from_bytes(body[:DETECTED_ON]).best() if _has_words_beyond_ascii(body) else None
    other_script = best and not all("Latin" in name or "Punctuation" in name for name in best.alphabets)
    return best.encoding if best and other_script else "cp1252"
