"""Hosts that hang, misbehave or attack: each costs bounded time and memory, is reported with a reason, and
does not affect other hosts.
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

import brotli
import pytest

from bench.fetching.memory import peak
from gr_toolkit.errors import GrError
from processes import PROCESSES
from rows import rows_of

Behave = Callable[[socket.socket, bytes], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
MEGABYTE = 1 << 20


@contextmanager
def raw_host(behave: Behave) -> Iterator[str]:
    """A host without robots.txt that passes every connection and its request to `behave`."""

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
    connection.recv(1)  # until the client closes the connection


def hangs_after_its_headers(connection, request):
    connection.sendall(OK + b"\r\n<p>")
    connection.recv(1)


def hangs_up(connection, request):
    connection.close()


def resets(connection, request):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def drips(connection, request):
    connection.sendall(OK + b"\r\n")
    while True:  # until the client closes the connection
        connection.sendall(b"a")
        time.sleep(0.1)


def breaks_off(connection, request):
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n<p>not all of it")


def sends_non_http(connection, request):
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
    compressor = zlib.compressobj(wbits=31)
    block = compressor.compress(bytes(MEGABYTE)) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(bytes(MEGABYTE)) + compressor.flush(zlib.Z_FULL_FLUSH)
    connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n" + block + again * 1023)


def sends_a_brotli_bomb(connection, request):
    connection.sendall(
        OK + b"Content-Encoding: br\r\n\r\n" + brotli.compress(bytes(200 * MEGABYTE), quality=1)
    )


def sends_invalid_gzip(connection, request):
    connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n<p>plain text</p>")


def sends_without_end(connection, request):
    connection.sendall(OK + b"\r\n")
    for _ in range(1000):
        connection.sendall(b"<p>" + b"x" * MEGABYTE)


def sends_binary(connection, request):
    connection.sendall(OK + b"\r\n" + bytes(range(256)) * 100)


def redirects_forever(connection, request):
    number = int(request.split()[1].strip(b"/") or b"0") + 1
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % number)


def redirects_to_a_file(connection, request):
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")


def is_busy(connection, request):
    connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


MISSED = {
    hangs_up: "connection broken",
    resets: "connection broken",
    breaks_off: "connection broken",
    sends_non_http: "connection broken",
    sends_endless_headers: "connection broken",
    sends_one_endless_header: "connection broken",
    sends_invalid_gzip: "broken content encoding",
    redirects_forever: "too many redirects",
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
def test_a_bad_host_is_reported_and_the_others_are_fetched(site, page, crawl, store, tmp_path, behave):
    site.replies = {"/a": page("root", *(f"/{number}" for number in range(20)))}
    site.replies |= {f"/{number}": page(f"page {number}") for number in range(20)}
    with raw_host(behave) as bad:
        (tmp_path / "urls.txt").write_text("\n".join([bad, f"{bad}1", f"{site.url}/a"]))
        summary = crawl(str(tmp_path / "urls.txt"), timeout=60)
    rows = rows_of(store, "pages", ["host", "reason", "kept"])
    assert sum(bool(row["kept"]) for row in rows if row["host"] == site.url.removeprefix("http://")) == 21
    rejected = {row["reason"] for row in rows if row["host"] in bad}
    if behave in MISSED:
        assert summary.notes == [f"2 URLs not fetched: {MISSED[behave]} 2"]
        assert rejected == set()
    else:
        assert rejected == {ROWS[behave]}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("behave", [hangs, hangs_after_its_headers, drips])
def test_a_host_that_never_finishes_a_response_is_a_timeout(crawl, behave):
    with raw_host(behave) as bad, pytest.raises(GrError, match=r"nothing was fetched: .*: timeout"):
        crawl(bad, timeout=0.5, obey_robots=False)


def test_the_other_hosts_are_fetched_while_one_hangs(site, page, crawl, outcomes):
    paths = [f"/{number}" for number in range(20)]
    site.replies = {"/a": page("root", *paths)} | {path: page(f"page {path}") for path in paths}

    def hangs_until_the_others_are_fetched(connection, request):
        while not site.replies.keys() <= site.hits.keys():
            time.sleep(0.02)

    with raw_host(hangs_until_the_others_are_fetched) as bad:
        summary = crawl(bad, f"{site.url}/a", timeout=120)
    assert outcomes() == dict.fromkeys(site.replies)
    assert summary.notes == ["1 URLs not fetched: connection broken 1"]


def test_a_dead_host_is_closed_after_max_failures(crawl, frontier_states, tmp_path):
    requests = []

    def fail(connection, request):
        requests.append(request)

    with raw_host(fail) as bad:
        (tmp_path / "urls.txt").write_text("\n".join(f"{bad}{number}" for number in range(100)))
        with pytest.raises(Exception, match="nothing was fetched"):
            crawl(str(tmp_path / "urls.txt"), max_failures=5)
    assert len({request.split()[1] for request in requests}) == 5  # a broken connection is retried
    assert frontier_states() == {"failed": 5, "queued": 95}


def test_a_busy_host_is_asked_again_unless_its_retry_after_is_too_long(site, page, reply, crawl, outcomes):
    def busy(headers):
        soon = reply(status=429, headers={"Retry-After": "0.1"})
        return page("root", "/b") if site.hits["/a"] > 2 else soon

    site.replies = {"/a": busy, "/b": reply(status=429, headers={"Retry-After": "3600"})}
    summary = crawl(site.url + "/a", retries=2)
    assert outcomes() == {"/a": None}
    assert site.hits == {"/robots.txt": 1, "/a": 3, "/b": 1}
    assert "(status 429)" in summary.notes[-1]


def test_a_crawl_delay_is_read_and_a_long_one_closes_the_host(site, page, reply, crawl, outcomes):
    site.replies = {"/a": page("root", "/b"), "/b": page("b")}
    site.replies["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 3600\n", type="text/plain")
    summary = crawl(site.url + "/a")
    assert outcomes() == {"/a": None}
    assert "(Crawl-delay of 3600 seconds)" in summary.notes[-1]
    site.replies["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 0.1\n", type="text/plain")
    crawl(site.url + "/a")
    assert outcomes() == {"/a": None, "/b": None}


def test_requests_have_a_user_agent_with_the_contact(site, page, crawl):
    agents = set()

    def look(headers):
        agents.add(headers["User-Agent"])
        return page("root")

    site.replies = dict.fromkeys(("/a", "/robots.txt"), look)
    crawl(site.url + "/a", contact="me@example.org")
    assert agents == {"gr-toolkit/0.1 (+me@example.org)"}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_compressed_responses_are_decompressed(site, page, reply, crawl, store, encoding):
    codecs = {"gzip": gzip, "deflate": zlib, "br": brotli, "zstd": import_module(ZSTD)}

    def compressed(headers):
        assert encoding in headers["Accept-Encoding"]
        body = codecs[encoding].compress(page("root").body)
        return reply(body, headers={"Content-Encoding": encoding})

    site.replies["/a"] = compressed
    assert crawl(site.url + "/a").kept == 1


def test_only_the_start_of_a_large_robots_txt_is_read(site, page, reply, crawl, outcomes):
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
    assert len(sent) < 25  # some are in the buffers of two sockets


def test_a_large_robots_txt_with_a_content_length_is_read(site, page, reply, crawl, outcomes):
    body = b"User-agent: *\nDisallow: /private/\n" + b"# nothing\n" * (5 * MEGABYTE)
    site.replies = {
        "/robots.txt": reply(body, type="text/plain"),
        "/a": page("root", "/private/b", "/c"),
        "/c": page("c"),
    }
    crawl(site.url + "/a")
    assert outcomes() == {"/a": None, "/c": None}


def attack(folder, urls, queue):
    """Crawl the URLs and put the growth of peak memory, in MB, on the queue."""
    from crawl.fetch import fetch
    from gr_toolkit.settings import Settings
    from gr_toolkit.store import Store

    before = peak()
    settings = Settings(
        data=str(folder),
        crawl={"allow_private": True, "delay": 0, "retries": 0, "timeout": 60, "max_depth": 0},
    )
    (folder / "urls.txt").write_text("\n".join(urls))
    fetch(Store(settings.data, settings.state), settings, [str(folder / "urls.txt")], [])
    queue.put(peak() - before)


def test_attacks_use_little_memory(site, page, tmp_path):
    site.replies["/a"] = page("root")
    attacks = [sends_a_gzip_bomb, sends_a_brotli_bomb, sends_without_end, sends_endless_headers]
    with ExitStack() as stack:
        urls = [stack.enter_context(raw_host(attack)) for attack in (*attacks, sends_one_endless_header)]
        queue = PROCESSES.Queue()
        process = PROCESSES.Process(target=attack, args=(tmp_path, [*urls, f"{site.url}/a"], queue))
        process.start()
        grown = queue.get(timeout=240)
        process.join()
    assert grown < 200
