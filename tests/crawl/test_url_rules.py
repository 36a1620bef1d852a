"""Edge cases of URLs: canonical URLs, ports, lengths, parts of the hosts, and a page's own links."""

from __future__ import annotations

import pytest

from crawl.urls import MAX_URL, Scope, absolute_url, canonical_url, host_of, origin_of, seconds_of
from gr_toolkit.settings import CrawlSettings


@pytest.mark.parametrize(
    "parameter",
    [
        "utm_id", "utm_source_platform", "gclid", "gad_clid", "gclsrc", "gbraid", "wbraid", "dclid", "fbclid",
        "msclkid", "yclid", "ysclid", "twclid", "ttclid", "li_fat_id", "mc_cid", "mc_eid", "igshid", "_hsenc",
        "_hsmi", "mkt_tok", "vero_id", "oly_anon_id", "oly_enc_id", "_openstat", "wickedid", "s_cid",
        "FBCLID",
    ],
)  # fmt: skip
def test_tracking_parameters_are_removed(parameter):
    assert canonical_url(f"http://e.org/a?{parameter}=1&id=2") == "http://e.org/a?id=2"
    assert canonical_url(f"http://e.org/a?{parameter}") == "http://e.org/a"


@pytest.mark.parametrize("parameter", ["utm", "utm_", "gclidx", "xfbclid", "cid", "id", "q", "page", "mc_id"])
def test_other_parameters_stay(parameter):
    assert parameter in canonical_url(f"http://e.org/a?{parameter}=1")


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://e.org:443/", "http://e.org:443/"),
        ("https://e.org:80/", "https://e.org:80/"),
        ("http://e.org:8080/", "http://e.org:8080/"),
        ("http://e.org/a?b=1&b=0", "http://e.org/a?b=0&b=1"),
        ("http://e.org/a?b=", "http://e.org/a?b="),
        ("http://e.org/a?q=utm_source=x", "http://e.org/a?q=utm_source%3Dx"),
        ("http://e.org/A", "http://e.org/A"),
        ("http://e.org/a/", "http://e.org/a/"),
        ("http://e.org/?", "http://e.org/"),
    ],
)
def test_a_canonical_url_keeps_what_identifies_the_page(url, canonical):
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("\n http://e.org/a\t", "http://e.org/a"),
        ("http://e.org", "http://e.org/"),
        ("http://e.org?q=1", "http://e.org/?q=1"),
        ("HTTP://E.org/A", "http://e.org/A"),
        ("http://e.org:0/", None),
        ("http://e.org:1/", "http://e.org:1/"),
        ("http://e.org:65536/", None),
        ("http:///a", None),
        ("http://:80/a", None),
        ("/a", None),
        ("", None),
        ("http://e.org/".ljust(MAX_URL, "a"), "http://e.org/".ljust(MAX_URL, "a")),
        ("http://e.org/".ljust(MAX_URL + 1, "a"), None),
    ],
    ids=range(13),
)
def test_an_absolute_url_has_a_host_and_a_path(link, url):
    assert absolute_url(link) == url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://e.org:80/", "e.org"),
        ("https://e.org:80/", "e.org:80"),
        ("http://e.org:443/", "e.org:443"),
        ("http://me@E.ORG:81/a@b", "e.org:81"),
        ("http://a:b@c@e.org/", "e.org"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_host_of(url, host):
    assert host_of(url) == host


def test_an_origin_has_scheme_and_port():
    assert origin_of("https://e.org:8443/a?b#c") == "https://e.org:8443"
    assert origin_of("http://e.org/a") != origin_of("https://e.org/a")


def test_only_admitted_links_to_the_page_s_host_are_followed_in_order():
    links = [
        "http://e.org/b",
        "http://other.org/a",
        "http://e.org:8080/a",
        "http://e.org/no",
        "http://e.org:80/a",
    ]
    scope = Scope(CrawlSettings(deny=["/no"]))
    assert list(scope.follow(links, "e.org")) == ["http://e.org/b", "http://e.org:80/a"]


def test_links_to_hosts_of_other_machines_are_not_admitted():
    parts = [Scope(CrawlSettings(part=f"{number}/2")) for number in (1, 2)]
    urls = [f"http://host{number}.org/" for number in range(20)]
    assert [[scope.admits(url) for url in urls] for scope in parts] == [
        [scope.has_host(url) for url in urls] for scope in parts
    ]
    assert sum(map(parts[0].admits, urls)) + sum(map(parts[1].admits, urls)) == len(urls)


@pytest.mark.parametrize(("host", "part"), [("example.org", 1), ("wikipedia.org", 2), ("github.com", 3)])
def test_the_part_of_a_host_never_changes(host, part):
    """Otherwise a later run would crawl hosts that belong to another machine."""
    parts = [Scope(CrawlSettings(part=f"{number}/3")).has_host(f"http://{host}:81/a") for number in (1, 2, 3)]
    assert parts.index(True) == part - 1


@pytest.mark.parametrize(
    ("allow", "deny", "admitted"),
    [
        ([], [], True),
        (["page"], [], True),
        (["^page"], [], False),
        (["other", "e.org"], [], True),
        (["e.org"], ["other", r"page$"], False),
        ([], ["PAGE"], True),
    ],
)
def test_patterns_match_anywhere_and_respect_case(allow, deny, admitted):
    assert Scope(CrawlSettings(allow=allow, deny=deny)).admits("http://e.org/page") is admitted


def test_the_last_part_is_valid():
    assert Scope(CrawlSettings(part="4/4")).part == 4


@pytest.mark.parametrize(("duration", "seconds"), [("1s", 1), ("2m", 120), ("1d", 86_400), ("0.5w", 302_400)])
def test_every_unit_of_a_duration(duration, seconds):
    assert seconds_of(duration) == seconds
