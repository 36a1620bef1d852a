"""Hosts that hang, lie or attack: each costs a bounded time and memory, is named with its reason, and leaves
the rest of the crawl unharmed.
"""

from __future__ import annotations

import gzip
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from itertools import pairwise

import brotli
import pytest

from bench.fetching.memory import peak
from processes import PROCESSES
from rows import rows_of

Behave = Callable[[socket.socket, bytes], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
FOREVER = 20.0  # seconds, far more than a crawl here may take
MEGABYTE = 1 << 20


@contextmanager
def raw_host(behave: Behave) -> Iterator[str]:
    """A host that gives every connection, after its request has come, to `behave`; without robots.txt."""

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65536)
            if request.startswith(b"GET /robots.txt"):
                connection.sendall(
                    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
            else:
                behave(connection, request)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        server.shutdown(socket.SHUT_RDWR)


def hangs(connection, request):
    time.sleep(FOREVER)


def hangs_after_its_headers(connection, request):
    connection.sendall(OK + b"\r\n<p>")
    time.sleep(FOREVER)


def hangs_up(connection, request):
    connection.close()


def resets(connection, request):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def drips(connection, request):
    connection.sendall(OK + b"\r\n")
    for _ in range(int(FOREVER * 10)):
        connection.sendall(b"a")
        time.sleep(0.1)


def breaks_off(connection, request):
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n<p>not all of it")


def speaks_no_http(connection, request):
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")


def sends_endless_headers(connection, request):
    connection.sendall(OK)
    for number in range(1_000_000):
        connection.sendall(b"Set-Cookie: c%d=%d\r\n" % (number, number))


def sends_one_endless_header(connection, request):
    connection.sendall(OK + b"X: ")
    for _ in range(200):
        connection.sendall(b"x" * MEGABYTE)


def sends_a_gzip_bomb(connection, request):
    packer = zlib.compressobj(wbits=31)
    block = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n" + block + again * 1023)


def sends_a_brotli_bomb(connection, request):
    connection.sendall(
        OK + b"Content-Encoding: br\r\n\r\n" + brotli.compress(bytes(200 * MEGABYTE), quality=1)
    )


def sends_no_gzip(connection, request):
    connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n<p>plain text</p>")


def sends_without_end(connection, request):
    connection.sendall(OK + b"\r\n")
    for _ in range(1000):
        connection.sendall(b"<p>" + b"x" * MEGABYTE)


def sends_binary(connection, request):
    connection.sendall(OK + b"\r\n" + bytes(range(256)) * 100)


def redirects_for_ever(connection, request):
    number = int(request.split()[1].strip(b"/") or b"0") + 1
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % number)


def redirects_to_a_file(connection, request):
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")


def is_busy(connection, request):
    connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


MISSED = {
    hangs: "timeout",
    hangs_after_its_headers: "timeout",
    drips: "timeout",
    hangs_up: "connection broken",
    resets: "connection broken",
    breaks_off: "connection broken",
    speaks_no_http: "connection broken",
    sends_endless_headers: "connection broken",
    sends_one_endless_header: "connection broken",
    sends_no_gzip: "broken content encoding",
    redirects_for_ever: "too many redirects",
    is_busy: "status 503",
}
ROWS = {
    sends_a_gzip_bomb: "too large",
    sends_a_brotli_bomb: "too large",
    sends_without_end: "too large",
    sends_binary: "binary",
    redirects_to_a_file: "status 302",
}


@pytest.mark.parametrize("behave", [*MISSED, *ROWS], ids=lambda behave: behave.__name__)
def test_a_bad_host_is_named_and_the_others_are_fetched(site, page, crawl, store, tmp_path, behave):
    site.replies = {"/a": page("root", *(f"/{number}" for number in range(20)))}
    site.replies |= {f"/{number}": page(f"page {number}") for number in range(20)}
    with raw_host(behave) as bad:
        (tmp_path / "urls.txt").write_text("\n".join([bad, f"{bad}1", f"{site.url}/a"]))
        began = time.monotonic()
        summary = crawl(str(tmp_path / "urls.txt"), timeout=0.5)
        assert time.monotonic() - began < FOREVER / 2
    rows = rows_of(store, "pages", ["host", "reason", "kept"])
    assert sum(bool(row["kept"]) for row in rows if row["host"] == site.url.removeprefix("http://")) == 21
    turned_down = {row["reason"] for row in rows if row["host"] in bad}
    if behave in MISSED:
        assert summary.notes == [f"2 URLs not fetched: {MISSED[behave]} 2"]
        assert turned_down == set()
    else:
        assert turned_down == {ROWS[behave]}


def test_a_dead_host_costs_a_few_requests_and_not_one_for_every_url(crawl, frontier_states, tmp_path):
    asked = []

    def fail(connection, request):
        asked.append(request)

    with raw_host(fail) as bad:
        (tmp_path / "urls.txt").write_text("\n".join(f"{bad}{number}" for number in range(100)))
        with pytest.raises(Exception, match="nothing was fetched"):
            crawl(str(tmp_path / "urls.txt"), max_failures=5)
    assert len({request.split()[1] for request in asked}) == 5  # each once or, on a broken connection, twice
    assert frontier_states() == {"failed": 5, "queued": 95}


def test_a_host_that_asks_for_patience_gets_it(site, page, reply, crawl, outcomes):
    times = []

    def busy_at_first(headers):
        times.append(time.monotonic())
        return page("root", "/b") if len(times) > 2 else reply(status=429, headers={"Retry-After": "1"})

    site.replies = {"/a": busy_at_first, "/b": page("b")}
    assert crawl(site.url + "/a", retries=2).kept == 2
    assert [later - earlier >= 1 for earlier, later in pairwise(times)] == [True, True]


def test_a_crawl_delay_is_kept(site, page, reply, crawl):
    times = []

    def timed(headers):
        times.append(time.monotonic())
        return page(f"page {len(times)}")

    site.replies = {"/a": page("root", "/0", "/1"), "/0": timed, "/1": timed}
    site.replies["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 1\n", type="text/plain")
    assert crawl(site.url + "/a").kept == 3
    assert times[1] - times[0] >= 0.5  # it varies by half


def test_who_asks_is_said(site, page, crawl):
    agents = set()

    def look(headers):
        agents.add(headers["User-Agent"])
        return page("root")

    site.replies = dict.fromkeys(("/a", "/robots.txt"), look)
    crawl(site.url + "/a", contact="me@example.org")
    assert agents == {"gr-toolkit/0.1 (+me@example.org)"}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_what_is_packed_is_unpacked(site, page, reply, crawl, store, encoding):
    packers = {"gzip": gzip, "deflate": zlib, "br": brotli, "zstd": import_module(ZSTD)}

    def packed(headers):
        assert encoding in headers["Accept-Encoding"]
        body = packers[encoding].compress(page("root").body)
        return reply(body, headers={"Content-Encoding": encoding})

    site.replies["/a"] = packed
    assert crawl(site.url + "/a").kept == 1


def test_a_robots_txt_is_read_only_so_far(site, page, reply, crawl, outcomes):
    rule = b"User-agent: *\nDisallow: /private/\n"
    sent = []

    def fifty_megabytes():
        for number in range(50):
            sent.append(number)
            yield (rule if number == 0 else b"") + b"# nothing\n" * (MEGABYTE // 10)

    site.replies = {
        "/robots.txt": lambda headers: reply(fifty_megabytes(), type="text/plain"),
        "/a": page("root", "/private/b", "/c"),
        "/c": page("c"),
    }
    crawl(site.url + "/a")
    assert outcomes() == {"/a": None, "/c": None}
    assert len(sent) < 25  # the rest is in the buffers of two sockets


def test_a_vast_robots_txt_that_says_so_is_read_too(site, page, reply, crawl, outcomes):
    body = b"User-agent: *\nDisallow: /private/\n" + b"# nothing\n" * (5 * MEGABYTE)
    site.replies = {
        "/robots.txt": reply(body, type="text/plain"),
        "/a": page("root", "/private/b", "/c"),
        "/c": page("c"),
    }
    crawl(site.url + "/a")
    assert outcomes() == {"/a": None, "/c": None}


def attack(folder, urls, queue):
    """Crawl the URLs, and tell how much memory that took at its peak, in MB."""
    from crawl.fetch import fetch
    from gr_toolkit.settings import Settings
    from gr_toolkit.store import Store

    before = peak()
    settings = Settings(
        data=str(folder),
        crawl={"allow_private": True, "delay": 0, "retries": 0, "timeout": 3, "max_depth": 0},
    )
    (folder / "urls.txt").write_text("\n".join(urls))
    fetch(Store(settings.data, settings.state), settings, [str(folder / "urls.txt")], [])
    queue.put(peak() - before)


def test_attacks_take_little_memory(site, page, tmp_path):
    site.replies["/a"] = page("root")
    attacks = [sends_a_gzip_bomb, sends_a_brotli_bomb, sends_without_end, sends_endless_headers]
    with ExitStack() as stack:
        urls = [stack.enter_context(raw_host(attack)) for attack in (*attacks, sends_one_endless_header)]
        queue = PROCESSES.Queue()
        process = PROCESSES.Process(target=attack, args=(tmp_path, [*urls, f"{site.url}/a"], queue))
        process.start()
        grown = queue.get(timeout=60)
        process.join()
    assert grown < 200
