"""Declared canonical URLs, and which of them are accepted."""

import pytest

from crawl.text.canonical import declared_canonical

URL = "http://e.org/a?sort=up"


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        (b'<link rel="canonical" href="http://e.org/a">', "http://e.org/a"),
        (b"<LINK HREF='/a?x=1&amp;y=2' REL='shortlink canonical' />", "http://e.org/a?x=1&y=2"),
        (b"<link rel=canonical href=/a>", "http://e.org/a"),
        ('<link rel="canonical" href="/ä">'.encode(), "http://e.org/%C3%A4"),
        (b'<link rel="stylesheet" href="/a.css"><link rel="canonical" href="b">', "http://e.org/b"),
        (
            b'<link rel="canonical" href="http://e.org/">',
            None,
        ),  # the site's root, which some sites declare on every page
        (b'<link rel="canonical" href="http://other.org/a">', None),
        (b'<link rel="canonical" href="ftp://e.org/a">', None),
        (b'<link rel="canonical">', URL),
        (b'<link rel="alternate" href="/canonical">', None),
        (b"<p>no link</p>", None),
    ],
)
def test_only_credible_canonical_urls_are_returned(head, canonical):
    assert declared_canonical(b"<html><head>" + head, URL) == canonical
