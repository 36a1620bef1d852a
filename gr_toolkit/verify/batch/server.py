"""The cascade over HTTP, for trainers that ask a reward server.

    POST /verify   a pair, or a list of them  ->  its line, or theirs in order
    GET /health    {"status": "ok"}

A line is what `gr verify` writes for a row, and a `score`: 1.0 right, 0.0 wrong, null undecided.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, NamedTuple

from gr_toolkit.errors import GrError
from gr_toolkit.settings import Settings
from gr_toolkit.verify.batch.judging import Protocol, at_once, judge
from gr_toolkit.verify.batch.rows import NAMES, Pair, lacking, line, name_in, read_pair
from gr_toolkit.verify.cascade import Verifier
from gr_toolkit.verify.opening import open_verifier
from gr_toolkit.verify.verdict import Verdict

if TYPE_CHECKING:
    from aiohttp import web

MAX_BODY = 4_000_000  # bytes
MAX_PAIRS = 10_000  # in one body
MAX_REQUESTS = 256  # whose bodies are in memory at once; who comes later waits
SECONDS_TO_SEND = 60.0  # for a client to get its body across
SECONDS_TO_FINISH = 10.0  # for requests under way when the server is told to stop


class BadRequest(ValueError):
    """The message says what is wrong with a body."""


class Shared(NamedTuple):
    """What every request shares."""

    verifier: Verifier
    protocol: Protocol | None
    turns: asyncio.Semaphore
    requests: asyncio.Semaphore


def serve_until_stopped(settings: Settings, protocol: Protocol | None, host: str, port: int) -> None:
    """Judge what is posted until Ctrl-C or SIGTERM. Port 0 takes a free one.

    Raises GrError where the address cannot be had.
    """
    with open_verifier(settings) as verifier:
        verifier.run(_serve(verifier, at_once(settings), protocol, host, port))


async def _serve(verifier: Verifier, turns: int, protocol: Protocol | None, host: str, port: int) -> None:
    from aiohttp import web

    shared = Shared(verifier, protocol, asyncio.Semaphore(turns), asyncio.Semaphore(MAX_REQUESTS))
    runner = web.AppRunner(application(shared), access_log=None, shutdown_timeout=SECONDS_TO_FINISH)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        told_to_stop = _on_signals()
        url = f"http://{host}:{runner.addresses[0][1]}"
        print(f"Verdicts are given at {url}/verify; Ctrl-C ends it. Try:\n\n{_example(url)}", flush=True)
        await told_to_stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    from aiohttp import web

    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        number = error.errno or 0  # a host that cannot be found has a negative one
        reason = os.strerror(number) if number > 0 else error.strerror
        raise GrError(f"cannot serve on {host}:{port}: {reason}. Choose another --host or --port") from error


def _on_signals() -> asyncio.Event:
    """An event that is set by Ctrl-C and by SIGTERM."""
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


def _example(url: str) -> str:
    pair = {"question": "What is 1/2 + 1/4?", "ground_truth": "3/4", "student_answer": "0.75"}
    return f"curl {url}/verify -d '{json.dumps(pair)}'"


def application(shared: Shared) -> web.Application:
    """The two paths."""
    from aiohttp import web

    async def verify(request: web.Request) -> web.Response:
        async with shared.requests:
            try:
                pairs, is_list = read_body(await _body(request))
            except BadRequest as error:
                return web.json_response({"error": str(error)}, status=400)
            replies = await asyncio.gather(*(_reply(shared, pair) for pair in pairs))
        return web.json_response(replies if is_list else replies[0])

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application(client_max_size=MAX_BODY)
    app.add_routes([web.post("/verify", verify), web.get("/health", health)])
    return app


async def _body(request: web.Request) -> bytes:
    from aiohttp import web

    too_large = {"error": f"the body is larger than {MAX_BODY:,} bytes: send the pairs in smaller lists"}
    try:
        async with asyncio.timeout(SECONDS_TO_SEND):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        error.text = json.dumps(too_large)
        error.content_type = "application/json"
        raise
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def read_body(body: bytes) -> tuple[list[Pair], bool]:
    """The pairs in a body, and whether it is a list.

    A client that names a field wrongly would never get a verdict, so that is a BadRequest; a value that is
    no text is a problem of its pair alone.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    is_list = isinstance(content, list)
    rows = content if is_list else [content]
    if len(rows) > MAX_PAIRS:
        raise BadRequest(f"more than {MAX_PAIRS:,} pairs: send them in smaller lists")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadRequest(f"pair {number} is not an object")
        for names in NAMES.values():
            if name_in(names, row) is None:
                raise BadRequest(f"pair {number} has {lacking(names)}")
    return [read_pair(row, number) for number, row in enumerate(rows, 1)], is_list


async def _reply(shared: Shared, pair: Pair) -> dict[str, object]:
    try:
        answer = await judge(shared.verifier, pair, shared.turns, shared.protocol)
    except GrError as error:  # of the model; the next pair may need none
        answer = line(pair, Verdict(None, "error", None, str(error)), 0.0)
    return answer._asdict() | {"score": None if answer.correct is None else float(answer.correct)}
