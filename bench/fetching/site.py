"""A fast web site in a separate process that counts its requests.

with serving("real", folder) as site:     the HTML files of a folder, as /0, /1, ...
with serving("linked", 3000) as site:     pages that link to each other; each response has a random delay
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
MAX_DELAY = 0.02  # seconds; the maximum delay of a response of the linked site
REDIRECTS = 100  # redirects on the linked site

Respond = Callable[[str], tuple[int, bytes]]


@dataclass
class Site:
    """A running site: its URL without a trailing slash."""

    url: str

    def hits(self) -> Counter[str]:
        """The requests so far, by path."""
        with urlopen(f"{self.url}/hits") as response:
            return Counter(json.load(response))

    def requests(self) -> int:
        """How many requests there were so far."""
        with urlopen(f"{self.url}/requests") as response:
            return int(response.read())


@contextmanager
def serving(kind: str, content: object, address: str = "127.0.0.1") -> Iterator[Site]:
    """Serve a site of this kind at this address until the block ends."""
    command = [sys.executable, "-m", "bench.fetching.site", kind, str(content), address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield Site(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def real_pages(folder: str) -> Respond:
    """Serve the folder's pages in turn, each with its path appended so that no two contents are equal."""
    bodies = [path.read_bytes() for path in sorted(Path(folder).rglob("*.html"))]
    return lambda path: (200, bodies[int(path[1:]) % len(bodies)] + b"<!-- %s -->" % path.encode())


def linked_pages(count: int) -> Respond:
    """Serve a tree of `count` pages linked from /0, with cross links, copies, redirects and dead ends."""
    pages: dict[str, tuple[int, bytes]] = {}
    for number in range(count):
        tree = [child for child in (2 * number + 1, 2 * number + 2) if child < count]
        links = [*tree, number * 7 % count, f"moved/{number % REDIRECTS}", f"missing/{number // 100}"]
        anchors = " ".join(f'<a href="/{link}">next</a>' for link in links)
        text = f"page {number if number % 10 else 'copied'} with some words of its own"
        pages[f"/{number}"] = (200, f"<html><body><p>{text}</p>{anchors}</body></html>".encode())
    for number in range(REDIRECTS):
        pages[f"/moved/{number}"] = (301, f"/to/{number}".encode())
        pages[f"/to/{number}"] = (200, f"<p>moved to {number}".encode())
    return lambda path: pages.get(path, (404, b"not here"))


class Server(asyncio.Protocol):
    """One HTTP connection."""

    def __init__(self, respond: Respond, max_delay: float, hits: Counter[str]) -> None:
        self.respond = respond
        self.max_delay = max_delay
        self.seen = hits
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            if path in ("/hits", "/requests"):
                reply = self.seen if path == "/hits" else self.seen.total()
                self._send(200, json.dumps(reply).encode())
                continue
            self.seen[path] += 1
            status, body = (404, b"") if path == "/robots.txt" else self.respond(path)
            if self.max_delay:
                asyncio.get_running_loop().call_later(
                    random.uniform(0, self.max_delay), self._send, status, body
                )
            else:
                self._send(status, body)

    def _send(self, status: int, body: bytes) -> None:
        location = b""
        if status == 301:
            location, body = b"Location: " + body + b"\r\n", b""
        head = b"HTTP/1.1 %d OK\r\nContent-Type: text/html; charset=utf-8\r\n" % status
        self.transport.write(head + location + b"Content-Length: %d\r\n\r\n" % len(body) + body)


async def serve(respond: Respond, max_delay: float, address: str) -> None:
    """Print a free port and serve on it until the process is killed."""
    hits: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(respond, max_delay, hits), address, 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    kind, content, address = sys.argv[1:]
    if kind == "real":
        asyncio.run(serve(real_pages(content), 0.0, address))
    else:
        asyncio.run(serve(linked_pages(int(content)), MAX_DELAY, address))
