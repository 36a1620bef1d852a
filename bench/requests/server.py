"""A cheap server with OpenAI's chat API in a separate process, in front of a simulated service.

with serving(Behaviour("batching", base=0.2, size=64)) as server:     server.url ends in /v1
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from random import Random
from urllib.request import urlopen

from bench.requests.service import SERVICES, TOKENS, reply_tokens

ROOT = Path(__file__).resolve().parents[2]
PROMPT_TOKENS = 150
WORDS = "The rate is twice what it was, because each of the two halves gets its own share of the load. " * 2
BODY = (
    b'{"id":"chatcmpl-%d","object":"chat.completion","created":1750000000,"model":"bench","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"%d: ' + WORDS.strip().encode() + b'"},'
    b'"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}'
)
HEAD = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
REASONS = {200: b"OK", 404: b"Not Found", 429: b"Too Many Requests", 500: b"Internal Server Error"}


@dataclass(frozen=True)
class Behaviour:
    """What the server does. Times are in seconds, and the burst's are from the first request on."""

    service: str = "constant"  # a key of SERVICES
    base: float = 0.05
    size: int = 1  # the service's second parameter
    random_lengths: bool = False  # of the replies; the latency is proportional to the length
    faults: float = 0.0  # share of the requests that are answered with 500, after the usual time
    admitted: int = 1_000_000  # requests in flight beyond which others are answered with 429 at once
    burst_from: float = 0.0
    burst_until: float = 0.0  # up to which each request is answered with 429 at once
    retry_after: int = 0  # in the burst's replies; 0: none


@dataclass
class Server:
    """A running server."""

    url: str

    def counts(self) -> Counter[str]:
        """The number of replies so far, by HTTP status, and of the most requests in flight."""
        with urlopen(f"{self.url}/counts") as response:
            return Counter(json.load(response))


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Server]:
    """Serve until the block ends."""
    command = [sys.executable, "-m", "bench.requests.server", json.dumps(asdict(behaviour))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(process.stdout.readline().strip())
        finally:
            process.kill()


class Desk:
    """Takes the requests of all connections, and answers each when the service has finished it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.counts: Counter[str] = Counter()
        self._loop = asyncio.get_running_loop()
        self._began: float | None = None
        self._service = SERVICES[behaviour.service](behaviour.base, behaviour.size)
        self._random = Random(0)
        self._numbers = count()
        self._waiting: dict[int, tuple[Connection, bytes]] = {}
        self._alarm: asyncio.TimerHandle | None = None

    def take(self, connection: Connection) -> None:
        """Answer the connection's request at once or later."""
        now, asked = self._now(), self.behaviour
        if asked.burst_from <= now < asked.burst_until:
            self._answer(connection, self._refusal(asked.retry_after))
            return
        if self._service.in_flight >= asked.admitted:
            self._finish(now)  # those that have ended meanwhile make room
            if self._service.in_flight >= asked.admitted:
                self._answer(connection, self._refusal(0))
                return
        number, tokens = next(self._numbers), reply_tokens(self._random, asked.random_lengths)
        fails = asked.faults > 0 and self._random.random() < asked.faults
        self._waiting[number] = connection, _fault() if fails else _reply(number, tokens)
        self._service.arrive(now, number, tokens / TOKENS)
        self.counts["most in flight"] = max(self.counts["most in flight"], self._service.in_flight)
        self._finish(now)

    def _finish(self, now: float) -> None:
        """Answer the requests that are finished, and wake up for the next."""
        for number in self._service.finish(now):
            self._answer(*self._waiting.pop(number))
        due = self._service.next_finish()
        when = None if due is None or self._began is None else self._began + due
        if self._alarm is not None and self._alarm.when() != when:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None and when is not None:
            self._alarm = self._loop.call_at(when, self._wake_up)

    def _wake_up(self) -> None:
        self._alarm = None
        self._finish(self._now())

    def _now(self) -> float:
        """The seconds since the first request."""
        if self._began is None:
            self._began = self._loop.time()
        return self._loop.time() - self._began

    def _refusal(self, retry_after: int) -> bytes:
        header = b"Retry-After: %d\r\n" % retry_after if retry_after else b""
        return _response(429, _error("too many requests"), header)

    def _answer(self, connection: Connection, response: bytes) -> None:
        self.counts[response[9:12].decode()] += 1
        if not connection.transport.is_closing():
            connection.transport.write(response)


class Connection(asyncio.Protocol):
    """One HTTP connection, kept alive. A client sends its next request after the reply."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = end + 4 + _content_length(head)
            if len(self.buffer) < length:
                return
            self.buffer = self.buffer[length:]
            path = head.split(b" ", 2)[1]
            if path.endswith(b"/chat/completions"):
                self.desk.take(self)
            elif path.endswith(b"/counts"):
                self.transport.write(_response(200, json.dumps(self.desk.counts).encode()))
            elif path.endswith(b"/models"):
                self.transport.write(_response(200, b'{"data":[{"id":"bench"}]}'))
            else:
                self.transport.write(_response(404, _error("no such path")))


def _content_length(head: bytes) -> int:
    _, found, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.partition(b"\r\n")[0]) if found else 0


def _reply(number: int, tokens: int) -> bytes:
    return _response(200, BODY % (number, number, PROMPT_TOKENS, tokens, PROMPT_TOKENS + tokens))


def _fault() -> bytes:
    return _response(500, _error("something went wrong"))


def _error(message: str) -> bytes:
    return b'{"error":{"message":"%s"}}' % message.encode()


def _response(status: int, body: bytes, headers: bytes = b"") -> bytes:
    return HEAD % (status, REASONS[status], headers, len(body)) + body


async def serve(behaviour: Behaviour) -> None:
    """Print the URL at a free port and serve there until the process is killed."""
    desk = Desk(behaviour)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(desk), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Behaviour(**json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})))
