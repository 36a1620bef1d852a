"""Canonical URLs, absolute links and the scope of a crawl."""

import pytest

from crawl.urls import Scope, absolute_url, canonical_url, host_of, seconds_of
from gr_toolkit.settings import CrawlSettings


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://Example.org", "http://example.org/"),
        ("http://example.org:80/a", "http://example.org/a"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:8080/a", "http://example.org:8080/a"),
        ("http://example.org/a?b=2&a=1", "http://example.org/a?a=1&b=2"),
        ("http://example.org/a?utm_source=x&id=3&gclid=9&fbclid=z", "http://example.org/a?id=3"),
        ("http://example.org/a?UTM_Campaign=x", "http://example.org/a"),
        ("http://example.org/a?source=x&ref=y", "http://example.org/a?ref=y&source=x"),
        ("http://example.org/a#part", "http://example.org/a"),
        ("http://example.org/%7ea/ä", "http://example.org/~a/%C3%A4"),
    ],
)
def test_canonical_url(url, canonical):
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("b.html", "http://example.org/x/b.html"),
        ("  /b c#d ", "http://example.org/b%20c"),
        ("//other.org/b", "http://other.org/b"),
        ("?q=1", "http://example.org/x/a.html?q=1"),
        ("mailto:a@example.org", None),
        ("javascript:void(0)", None),
        ("ftp://example.org/", None),
        ("file:///etc/passwd", None),
        ("http://[broken", None),
        ("http://example.org:99999/", None),
        ("http://example.org/" + "a" * 3000, None),
    ],
)
def test_absolute_url(link, url):
    assert absolute_url(link, "http://example.org/x/a.html") == url


def test_the_host_is_lower_case_and_keeps_a_port_that_is_not_the_default():
    assert host_of("https://user:pw@Example.ORG:443/") == "example.org"
    assert host_of("http://example.org:8080/") == "example.org:8080"


def test_urls_that_allow_matches_and_deny_does_not_are_admitted():
    scope = Scope(CrawlSettings(allow=["/q/", "/a/"], deny=[r"\?sort="]))
    assert scope.admits("http://e.org/q/1")
    assert not scope.admits("http://e.org/users/1")
    assert not scope.admits("http://e.org/q/1?sort=votes")
    assert Scope(CrawlSettings()).admits("http://e.org/")


def test_every_host_belongs_to_exactly_one_part():
    parts = [Scope(CrawlSettings(part=f"{number}/4")) for number in (1, 2, 3, 4)]
    urls = [f"http://host{number}.org:{8000 + number}/page" for number in range(100)]
    owners = [[scope.has_host(url) for scope in parts].index(True) for url in urls]
    assert all(sum(scope.has_host(url) for scope in parts) == 1 for url in urls)
    assert min(owners.count(part) for part in range(4)) > 10
    assert all(scope.has_host("http://e.org/a") == scope.has_host("https://E.org:99/b") for scope in parts)
    assert Scope(CrawlSettings()).has_host("http://e.org/")


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("30d", 2_592_000), ("0s", 0), ("1.5h", 5400), ("2w", 1_209_600), ("never", float("inf"))],
)
def test_durations(duration, seconds):
    assert seconds_of(duration) == seconds
