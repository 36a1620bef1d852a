"""Where a declared canonical URL is looked for, and which of several is used (canonical.py)."""

from __future__ import annotations

import pytest

from crawl.text.canonical import HEAD, declared_canonical

LINK = b"<link rel=canonical href=/a>"


def canonical(body, url="http://e.org/x"):
    return declared_canonical(body, url)


@pytest.mark.parametrize(("end", "found"), [(len(LINK), True), (HEAD, True), (HEAD + 1, False)])
def test_only_the_start_of_a_page_is_searched(end, found):
    assert canonical(LINK.rjust(end)) == ("http://e.org/a" if found else None)


def test_an_overlong_link_element_is_ignored():
    assert canonical(b"<link rel=canonical title='" + b"x" * 1900 + b"' href=/a>") == "http://e.org/a"
    assert canonical(b"<link rel=canonical title='" + b"x" * 2000 + b"' href=/a>") is None


@pytest.mark.parametrize(
    ("body", "url"),
    [
        (b"<link rel=canonical href=/a><link rel=canonical href=/b>", "http://e.org/a"),
        (b"<link rel=canonical href=http://other.org/a><link rel=canonical href=/b>", None),
        (b"<link rel=canonical href=/><link rel=canonical href=/b>", None),
        (b"<link rel=canonical href=/?page=2>", None),
        (b"<link rel=canonical href=http://e.org:80/a>", "http://e.org:80/a"),
        (b"<link rel=canonical href=https://e.org/a>", "https://e.org/a"),
        (b"<link rel=canonical href=http://www.e.org/a>", None),
        (b"<link rel=canonical href=#top>", "http://e.org/x"),
        (b"<link rel='CANONICAL' href='/a'>", "http://e.org/a"),
        (b"<link rel=canonicals href=/a>", None),
        (b"<linked rel=canonical href=/a>", None),
        (b"<a rel=canonical href=/a>", None),
        (b'<link rel="canonical" href="">', "http://e.org/x"),
        (b'<link rel="canonical" href="/a b">', "http://e.org/a%20b"),
        (b'<link data-x="1"\nrel="canonical"\nhref="/a"\n/>', "http://e.org/a"),
    ],
)
def test_the_first_canonical_link_decides(body, url):
    assert canonical(body) == url
