"""Bytes to text: HTTP charset, byte order mark, meta, detection; never an error."""

import pytest

from crawl.decode import decode


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("usuário".encode(), "text/html; charset=utf-8", "usuário"),
        ("usuário".encode("latin-1"), "text/html; charset=ISO-8859-1", "usuário"),
        ("usuário".encode(), "text/html", "usuário"),
        ("usuário".encode(), "text/html; charset=ISO-8859-1", "usuário"),  # the header is wrong
        ("usuário".encode(), "text/html; charset=no-such", "usuário"),
        ("“smart”".encode("cp1252"), "text/html; charset=iso-8859-1", "“smart”"),
        (b"\xef\xbb\xbf" + "é".encode(), "text/html", "é"),
        ("é".encode("utf-16"), "text/html", "é"),
        (
            b'<meta charset="windows-1251">' + "мир".encode("cp1251"),
            "text/html",
            '<meta charset="windows-1251">мир',
        ),
        (b'<meta charset="utf-16">' + "é".encode(), "text/html", '<meta charset="utf-16">é'),
        (b'<?xml version="1.0" encoding="utf-8"?><p>a</p>', "application/xhtml+xml", "<p>a</p>"),
        (b"a\x00b", "text/html", "ab"),
        (b"ok \xff\xfe\x80", "text/html; charset=utf-8", "ok \ufffd\ufffd\ufffd"),
        (b"", "text/html", ""),
    ],
)
def test_pages_decode(body, content_type, text):
    assert decode(body, content_type) == text


@pytest.mark.parametrize(
    "charset", ["undefined", "hex", "base64", "rot13", "idna", "punycode", "unicode_escape"]
)
def test_what_only_python_calls_an_encoding_is_not_used(charset):
    body = f"<meta charset={charset}>a plain \\n text"
    assert decode(body.encode(), "text/html") == body
    assert decode(body.encode(), f"text/html; charset={charset}") == body


@pytest.mark.parametrize(
    ("sentence", "encoding"),
    [
        ("Le théâtre était fermé, mais les élèves espéraient être reçus à l'hôtel. ", "latin-1"),
        ("Привет, это русский текст про историю науки. ", "cp1251"),
        ("これは日本語のテキストです。", "shift_jis"),
    ],
)
def test_undeclared_text_is_detected(sentence, encoding):
    assert decode((sentence * 20).encode(encoding), "text/html") == sentence * 20


def test_any_bytes_decode():
    for start in range(256):
        assert isinstance(decode(bytes(range(start, 256)) * 3, "text/html"), str)
