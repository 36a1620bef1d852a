"""Decoding bytes to text: HTTP charset, byte order mark, meta, detection; never an error."""

import pytest

from crawl.text.decode import decode


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
        (b"<p>caf\xe9</p>", "text/html; charset=utf-8", "<p>café</p>"),  # the header is wrong
        (b"", "text/html", ""),
    ],
)
def test_pages_decode(body, content_type, text):
    assert decode(body, content_type) == text


@pytest.mark.parametrize(
    "charset", ["undefined", "hex", "base64", "rot13", "idna", "punycode", "unicode_escape"]
)
def test_python_only_codecs_are_not_used(charset):
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


@pytest.mark.parametrize(
    ("sentence", "encoding"),
    [
        ("Вопрос: чему равна скорость света? Ответ: 300000 км в секунду. ", "cp1251"),
        ("Вопрос: чему равна скорость света? Ответ: 300000 км в секунду. ", "koi8-r"),
        ("数学是研究数量、结构以及空间等概念的一门学科。答案是五。", "gb18030"),
        ("數學是研究數量、結構以及空間等概念的一門學科。答案是五。", "big5"),
        ("これは日本語のテキストです。答えは五です。", "shift_jis"),
        ("이것은 한국어 텍스트입니다. 답은 다섯입니다. ", "euc-kr"),
    ],
)
@pytest.mark.parametrize("claim", ["", "; charset=utf-8", "; charset=iso-8859-1"])
def test_a_declaration_that_the_bytes_do_not_fit_is_ignored(sentence, encoding, claim):
    page = f"<html><head><title>Q</title></head><body><div class='post'><p>{sentence * 5}</p></body></html>"
    assert decode(page.encode(encoding), "text/html" + claim) == page


def test_a_late_meta_element_is_used_if_the_header_is_wrong():
    page = f"<html><head>{'<!-- x -->' * 200}<meta charset='windows-1251'></head><body>Привет</body></html>"
    for claim in ("", "; charset=utf-8", "; charset=iso-8859-1"):
        assert decode(page.encode("cp1251"), "text/html" + claim) == page


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_detected_by_its_zero_bytes(encoding):
    page = "<html><body><p>数学 and café</p></body></html>"
    for claim in ("", "; charset=utf-16", "; charset=utf-8"):
        assert decode(page.encode(encoding), "text/html" + claim) == page


def test_truncated_utf_8_or_utf_8_with_a_stray_byte_is_still_utf_8():
    page = "<p>usuário é ação</p>" * 20
    assert decode(page.encode() + b"\xc3", "text/html; charset=iso-8859-1") == page + "\ufffd"
    assert decode(b"\xa0" + page.encode(), "text/html") == "\ufffd" + page


def test_the_byte_order_mark_overrides_the_header():
    assert decode("\ufeffé".encode("utf-16-be"), "text/html; charset=iso-8859-1") == "é"


def test_any_bytes_decode():
    for start in range(256):
        assert isinstance(decode(bytes(range(start, 256)) * 3, "text/html"), str)
