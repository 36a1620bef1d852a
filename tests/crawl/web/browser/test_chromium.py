"""Rendered pages: a real Chromium, and a real site whose pages are empty until scripts run."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import socket
import sys
import uuid
from pathlib import Path

import pytest

from crawl.response import decompress
from crawl.web.browser.chromium import EXECUTABLES
from crawl.web.private import PublicResolver
from crawl.web.result_handler import ResultHandler
from gr_toolkit.errors import GrError, MissingExtra
from rows import rows_of

pytest.importorskip("playwright", reason="needs playwright: pip install 'gr-toolkit[browser]'")

FORMULA = r"\(x^2\)"
FILLED = rf"<p>Filled: {FORMULA}</p><a href=/next>next</a><img src=/image.png>".replace("\\", r"\\")
FILL = """onload = async () => {
    const answer = await fetch("/data.json")
    document.querySelector("main").innerHTML = (await answer.json()).html
}"""
GZIP = {"Content-Encoding": "gzip"}
EMPTY = b"<!doctype html><title>\xe9</title><script src=/fill.js></script><main></main>"


def has_browser() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists() or any(map(shutil.which, EXECUTABLES))


@pytest.fixture(scope="module", autouse=True)
def _needs_a_browser():
    if not has_browser():
        pytest.skip("needs a browser: playwright install chromium, or chromium on the PATH")


@pytest.fixture(autouse=True)
def processes(monkeypatch):
    """Return a function that maps the ids of the test's child processes, browsers included, to their names.
    Fails if any is left after the test.
    """
    monkeypatch.setenv("STARTED_BY_TEST", mark := str(uuid.uuid4()))

    def find():
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark.encode() in (process / "environ").read_bytes():
                    found[int(process.name)] = (process / "comm").read_text().strip()
            except OSError:  # it has ended or belongs to another user
                continue
        found.pop(os.getpid(), None)
        return found

    yield find
    assert find() == {}


@pytest.fixture
def js_site(site, reply):
    """A site whose root page gets a formula and a link from a script."""
    site.replies = {
        "/": reply(EMPTY, type="text/html; charset=iso-8859-1", headers={"ETag": '"1"'}),
        "/fill.js": reply(gzip.compress(FILL.encode()), type="text/javascript", headers=GZIP),
        "/data.json": reply(f'{{"html": "{FILLED}"}}'.encode(), type="application/json"),
        "/next": reply(b"<p>next</p>"),
        "/robots.txt": reply(b"", type="text/plain"),
    }
    return site


@pytest.fixture
def render(crawl, site):
    """Crawl the site with the browser."""

    def run(*paths, **changes):
        host = site.url.removeprefix("http://")
        return crawl(*(site.url + path for path in paths or ["/"]), **{"javascript": [host], **changes})

    return run


@pytest.fixture
def html_of(store, site):
    """Return the stored HTML of a path."""

    def read(path):
        (row,) = (row for row in rows_of(store, "pages") if row["url"] == site.url + path)
        return decompress(row["html"]).decode("utf-8", "replace")

    return read


def scripted(reply, script, **more):
    return reply(f"<p>before</p><script>{script}</script>".encode(), **more)


def test_a_page_is_rendered_and_the_links_added_by_scripts_are_followed(js_site, render, outcomes, html_of):
    assert render().rows == 2
    assert outcomes() == {"/": None, "/next": None}
    assert FORMULA in html_of("/")
    assert html_of("/").startswith("<!DOCTYPE html><html><head><title>é</title>")
    assert js_site.hits["/image.png"] == 0


def test_a_page_of_another_host_is_not_rendered(js_site, render, html_of, processes):
    assert render(javascript=["elsewhere.test"]).rows == 1
    assert "<main></main>" in html_of("/")
    assert js_site.hits.keys() == {"/robots.txt", "/"}


def test_requests_for_rendered_pages_are_not_conditional(js_site, render, html_of, reply):
    conditions = []
    empty = js_site.replies["/"]
    js_site.replies["/"] = lambda headers: conditions.append(headers.get("If-None-Match")) or empty
    render(max_depth=0)
    js_site.replies["/data.json"] = reply(b'{"html": "new"}', type="application/json")
    render(max_depth=0, refetch_after="0s")
    assert conditions == [None, None]


def test_robots_txt_applies_to_requests_of_scripts(js_site, render, html_of, reply):
    js_site.replies["/robots.txt"] = reply(b"User-agent: *\nDisallow: /data.json", type="text/plain")
    render()
    assert "<main></main>" in html_of("/")
    assert js_site.hits["/data.json"] == 0


@pytest.fixture
def udp():
    """A socket that must receive nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        yield listening
        with pytest.raises(BlockingIOError):
            listening.recv(1)


def test_scripts_reach_no_private_address(js_site, reply, crawl, monkeypatch, udp):
    """The resolver is patched to accept the site's name as public."""
    port = js_site.server_port
    hosts = ("127.0.0.1", "localhost", "0x7f000001", "[::ffff:7f00:1]")
    targets = [f"http://{host}:{port}/secret" for host in hosts]
    script = "".join(f"fetch('{url}'); navigator.sendBeacon('{url}');" for url in targets)
    script += f"""
        new WebSocket('ws://127.0.0.1:{port}/secret')
        const stun = 'stun:127.0.0.1:{udp.getsockname()[1]}'
        const peer = new RTCPeerConnection({{iceServers: [{{urls: stun}}]}})
        peer.createDataChannel('')
        peer.createOffer().then(offer => peer.setLocalDescription(offer))
        new Worker(URL.createObjectURL(new Blob([`fetch('{targets[1]}')`])))
        open('{targets[0]}')
        fetch('file:///etc/passwd').then(it => it.text()).then(it => document.body.append(it))
        fetch('/data.json')"""
    js_site.replies["/"] = scripted(reply, script)
    js_site.replies["/secret"] = reply(b"secret")
    resolve = PublicResolver.resolve

    async def resolve_public(self, host, port=0, family=socket.AF_INET):
        if host != "public.test":
            return await resolve(self, host, port, family)
        here = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET}
        return [{**here, "proto": 0, "flags": 0}]

    monkeypatch.setattr(PublicResolver, "resolve", resolve_public)
    public = f"public.test:{port}"
    assert crawl(f"http://{public}/", javascript=[public], allow_private=False).rows == 1
    assert js_site.hits.keys() == {"/robots.txt", "/", "/data.json"}


def test_difficult_pages_are_rendered(js_site, reply, late, render, outcomes, html_of):
    """None of them delays the others, and a shared script is fetched once."""
    js_site.replies |= {
        "/alert": scripted(reply, "alert(1); confirm(2); print(); document.body.append('after')"),
        "/poll": scripted(reply, "setInterval(() => fetch('/data.json'), 50)"),
        "/hang": scripted(reply, "fetch('/late')"),
        "/save": scripted(
            reply, "const a = document.createElement('a'); a.download = 'x'; a.href = '/x.bin'; a.click()"
        ),
        "/saved": reply(b"<p>saved</p>", headers={"Content-Disposition": "attachment; filename=x.html"}),
        "/gone": scripted(reply, "document.body.append('after')", status=404),
        "/pdf": reply(b"%PDF-", type="application/pdf"),
        "/large": scripted(reply, "document.body.append('x'.repeat(200_000))"),
        "/again": reply(EMPTY),
    }
    js_site.replies["/late"] = reply(late(b"", 20))
    render(*js_site.replies.keys() - {"/robots.txt", "/late"}, max_bytes=100_000, max_depth=0)
    assert outcomes() == {
        **dict.fromkeys(["/", "/again", "/next", "/alert", "/poll", "/hang", "/save", "/saved"]),
        "/gone": "status 404",
        "/pdf": "not HTML (application/pdf)",
        "/large": "too large",
        "/fill.js": "not HTML (text/javascript)",
        "/data.json": "not HTML (application/json)",
    }
    assert "after" in html_of("/alert").partition("</script>")[2]
    assert js_site.hits["/fill.js"] <= 3  # as a page, and by two pages that may request it at the same time


def test_an_endless_script_is_a_timeout(js_site, reply, render):
    js_site.replies["/"] = scripted(reply, "while (true) {}")
    with pytest.raises(GrError, match="timeout"):
        render(timeout=2)


def test_a_navigation_by_a_script_is_a_redirect(js_site, reply, page, render, outcomes, html_of):
    js_site.replies |= {
        "/": page("root", "/moved", "/away", "/reload"),
        "/moved": scripted(reply, "location = '/next'"),
        "/away": scripted(reply, f"location = 'http://localhost:{js_site.server_port}/next'"),
        "/reload": scripted(reply, "location.reload()"),
    }
    summary = render(max_depth=1)
    assert outcomes() == {"/": None, "/next": None, "/reload": None}
    assert summary.notes == ["1 URLs not fetched: redirects to another host 1"]


def test_a_page_is_retried_after_a_subresource_returned_429(js_site, reply, render):
    busy = iter([reply(b"", 429, headers={"Retry-After": "0"})])
    data = js_site.replies["/data.json"]
    js_site.replies["/data.json"] = lambda _: next(busy, data)
    assert render(retries=1, max_depth=0).rows == 1
    assert js_site.hits["/"] == 2


def test_a_crashed_browser_is_restarted(js_site, render, outcomes, processes):
    data = js_site.replies["/data.json"]

    def crash_once(headers):
        if js_site.hits["/data.json"] == 1:
            for process, name in processes().items():
                if "chrom" in name:
                    os.kill(process, signal.SIGKILL)
        return data

    js_site.replies["/data.json"] = crash_once
    render(retries=1)
    assert outcomes() == {"/": None, "/next": None}


def test_no_browser_process_is_left_after_a_failed_crawl(js_site, render, monkeypatch, processes):
    def fail(self, entry, result, latency=0.0):
        assert any("chrom" in name for name in processes().values())
        self.error = GrError("the disk is full")

    monkeypatch.setattr(ResultHandler, "finish", fail)
    with pytest.raises(GrError, match="the disk is full"):
        render()


def test_the_error_for_a_missing_browser_has_the_install_command(js_site, render, monkeypatch, tmp_path):
    monkeypatch.setattr("crawl.web.browser.chromium.EXECUTABLES", ())
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(
        GrError, match=r"none is installed. Install a browser with: playwright install chromium"
    ):
        render()
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    with pytest.raises(MissingExtra, match=r"gr-toolkit\[browser\]"):
        render()
    assert not js_site.hits
