"""Which of several declared encodings is used, and the limits of detection (decode.py)."""

from __future__ import annotations

import pytest

from crawl.text.decode import decode

UTF_8 = "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"\xef\xbb\xbfa\xef\xbb\xbfb", "text/html", "a\ufeffb"),
        (b"\xff\xfea\x00", UTF_8, "a"),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", "text/html", "a"),
        (b"<?xml version='1.0'?><p>a<?xml version='1.0'?>", "text/html", "<p>a<?xml version='1.0'?>"),
        (b" \n<?xml version='1.0' encoding='utf-8'?>\n<p>a", "text/html", "\n<p>a"),
        (b"<p>a", "text/html; charset=utf-16", "<p>a"),
        (b"<p>a", "text/html; charset=utf-32", "<p>a"),
        (b"\x1b$B?t\x1b(B", "text/html; charset=iso-2022-jp", "数"),
        (b"+AGE-", "text/html; charset=utf-7", "+AGE-"),
        (b'<meta charset="latin-1">\xe9', 'text/html; charset="koi8-r"', '<meta charset="latin-1">И'),
        (b'<meta charset="koi8-r">\xe9', "text/html", '<meta charset="koi8-r">И'),
        (b'<meta charset="koi8-r">\xe9', "text/html; charset=none", '<meta charset="koi8-r">И'),
        ("naïve £5 – “so”".encode("cp1252"), "text/html", "naïve £5 – “so”"),
        ("€ 5".encode("iso8859-15"), "text/html; charset=iso-8859-15", "€ 5"),
    ],
)
def test_the_first_declaration_that_fits_is_used(body, content_type, text):
    assert decode(body, content_type) == text


@pytest.mark.parametrize("claim", ["text/html", "text/html; charset=iso-8859-1", "text/html; charset=utf-8"])
def test_no_break_spaces_in_a_western_page_are_not_another_script(claim):
    text = "<p>caf\u00e9" + "\u00a0" * 50 + "prix\u00a0: 5\u00a0F</p>"
    assert decode(text.encode("cp1252"), claim) == text


RUSSIAN = "Вопрос: чему равна скорость света? "


@pytest.mark.parametrize("text", [RUSSIAN * 5, (RUSSIAN + "\u00a0" * 60) * 3, "это мир три ещё тут " * 5])
@pytest.mark.parametrize("claim", ["", "; charset=iso-8859-1", "; charset=iso-8859-15"])
def test_a_western_encoding_does_not_hide_another_script(text, claim):
    page = f"<meta charset=windows-1251>{text}"
    assert decode(page.encode("cp1251"), f"text/html{claim}") == page


def test_adjacent_accents_in_a_western_page_are_not_another_script():
    text = "créée à Noël, où être reçu; naïveté — « dès l'été », ÀÉÈ et ÉÀÙ " * 5
    assert decode(text.encode("cp1252"), "text/html; charset=iso-8859-1") == text


@pytest.mark.parametrize(("invalid", "encoding"), [(1, "utf-8"), (5, "utf-8"), (6, "cp1252")])
def test_utf_8_may_have_a_few_invalid_bytes(invalid, encoding):
    body = "é ".encode() * 96 + b"\xe9 " * invalid
    assert decode(body, "text/html") == body.decode(encoding, "replace")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_detected_if_a_quarter_of_its_letters_are_ascii(encoding):
    text = "<p>数学数学数" * 20
    assert decode(text.encode(encoding), "text/html") == text


def test_a_few_zero_bytes_are_removed_and_are_not_utf_16():
    body = b"<p>a\x00b\x00c\x00d and some more plain text</p>"
    assert decode(body, "text/html") == "<p>abcd and some more plain text</p>"


def test_a_short_text_with_zero_bytes_is_not_utf_16():
    assert decode(b"a\x00b\x00", "text/html") == "ab"


def test_detection_uses_the_start_of_a_long_page():
    page = RUSSIAN * 3000
    assert decode(page.encode("cp1251"), "text/html") == page
