"""robots.txt: which requests it allows, for whom, and how often it is fetched."""

from __future__ import annotations

import pytest
from scrapy.http import Headers

from crawl.web.robots import header

AGENT = "my-crawler/2.0"


@pytest.fixture
def paths(site, page, reply, crawl, outcomes):
    """Crawl four pages under a robots.txt; return the paths that were fetched."""

    def run(robots, **changes):
        site.replies = {"/0": page("root", "/private/1", "/2", "/3?x=1")}
        site.replies |= {path: page(path) for path in ("/private/1", "/2", "/3?x=1")}
        site.replies["/robots.txt"] = (
            robots if not isinstance(robots, bytes) else reply(robots, type="text/plain")
        )
        crawl(site.url + "/0", user_agent=AGENT, **changes)
        return sorted(outcomes())

    return run


EVERYTHING = ["/0", "/2", "/3?x=1", "/private/1"]


@pytest.mark.parametrize(
    ("robots", "fetched"),
    [
        (b"", EVERYTHING),
        (b"User-agent: *\nDisallow: /private/\n", ["/0", "/2", "/3?x=1"]),
        (b"User-agent: *\nDisallow: /private/\nAllow: /private/1$\n", EVERYTHING),
        (b"User-agent: *\nDisallow: /*?x=\n", ["/0", "/2", "/private/1"]),
        (
            b"User-agent: MY-CRAWLER\nDisallow: /2\n\nUser-agent: *\nDisallow: /3\n",
            ["/0", "/3?x=1", "/private/1"],
        ),
        (b"User-agent: other\nDisallow: /\n", EVERYTHING),
        (b"User-agent: *\nDisallow: /2\n# caf\xe9 \xff\n", ["/0", "/3?x=1", "/private/1"]),
        (b"<html>not rules</html>", EVERYTHING),
    ],
    ids=range(8),
)
def test_rules_apply_to_this_crawler(paths, robots, fetched):
    assert paths(robots) == fetched


@pytest.mark.parametrize("status", [301, 400, 403, 404, 410])
def test_a_robots_txt_with_a_permanent_error_forbids_nothing(paths, reply, status):
    assert paths(reply(b"User-agent: *\nDisallow: /\n", status=status, type="text/plain")) == EVERYTHING


def test_any_success_status_has_rules(paths, reply):
    robots = reply(b"User-agent: *\nDisallow: /2\n", status=203, type="text/plain")
    assert paths(robots) == ["/0", "/3?x=1", "/private/1"]


def test_robots_txt_is_fetched_once_per_run_and_not_if_it_is_not_obeyed(paths, site):
    paths(b"User-agent: *\nDisallow: /private/\n")
    assert site.hits["/robots.txt"] == 1
    assert paths(b"User-agent: *\nDisallow: /2\n", obey_robots=False) == EVERYTHING
    assert site.hits["/robots.txt"] == 1


def test_rules_are_fetched_again_for_a_retry(paths, reply):
    replies = [reply(b"", status=500), reply(b"User-agent: *\nDisallow: /2\n", type="text/plain")]
    robots = lambda headers: replies.pop(0) if len(replies) > 1 else replies[0]  # noqa: E731
    assert paths(robots, retries=1) == ["/0", "/3?x=1", "/private/1"]


@pytest.mark.parametrize("agent", [b"*", b"my-crawler"])
def test_a_crawl_delay_beyond_the_limit_closes_the_host(site, page, reply, crawl, agent):
    site.replies = {"/0": page("root", "/1"), "/1": page("1")}
    site.replies["/robots.txt"] = reply(b"User-agent: %s\nCrawl-delay: 50\n" % agent, type="text/plain")
    summary = crawl(site.url + "/0", user_agent=AGENT, max_wait=49)
    host = site.url.removeprefix("http://")
    assert summary.notes[-1] == f"hosts skipped until a later run: {host} (Crawl-delay of 50 seconds)"
    assert site.hits["/1"] == 0


def test_the_crawl_delay_of_another_crawler_is_ignored(site, page, reply, crawl):
    site.replies = {"/0": page("root", "/1"), "/1": page("1")}
    site.replies["/robots.txt"] = reply(b"User-agent: other\nCrawl-delay: 50\n", type="text/plain")
    assert crawl(site.url + "/0", user_agent=AGENT, max_wait=49).kept == 2


@pytest.mark.parametrize(
    ("headers", "value"), [({}, None), ({"X": " a "}, "a"), ({"X": b"\xe9"}, "é"), ({"X": ""}, "")]
)
def test_a_header_is_latin_1_without_outer_spaces(headers, value):
    assert header(Headers(headers), "x") == value
