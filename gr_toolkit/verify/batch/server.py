"""The cascade over HTTP, for trainers that use a reward server.

    POST /verify   a pair, or a list of pairs  ->  its line, or a list of lines in the same order
    GET /health    {"status": "ok"}

A line has the fields that `gr verify` writes for a row, and a `score`: 1.0 correct, 0.0 wrong, null
undecided.
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

MAX_BODY = 4_000_000  # bytes per request body
MAX_PAIRS = 10_000  # per request body
MAX_REQUESTS = 256  # requests whose bodies are in memory at the same time; further requests wait
SEND_TIMEOUT = 60.0  # seconds for a client to send its body
SHUTDOWN_TIMEOUT = 10.0  # seconds that requests in progress have left when the server stops


class BadRequest(ValueError):
    """An invalid request body; the message describes the problem."""


class Shared(NamedTuple):
    """State shared by all requests. `turns` limits concurrent pairs, `requests` concurrent requests."""

    verifier: Verifier
    protocol: Protocol | None
    turns: asyncio.Semaphore
    requests: asyncio.Semaphore


def serve_until_stopped(settings: Settings, protocol: Protocol | None, host: str, port: int) -> None:
    """Serve verdicts until Ctrl-C or SIGTERM. Port 0 picks a free port.

    Raises GrError if the address is unavailable.
    """
    with open_verifier(settings) as verifier:
        verifier.run(_serve(verifier, at_once(settings), protocol, host, port))


async def _serve(verifier: Verifier, turns: int, protocol: Protocol | None, host: str, port: int) -> None:
    from aiohttp import web

    shared = Shared(verifier, protocol, asyncio.Semaphore(turns), asyncio.Semaphore(MAX_REQUESTS))
    runner = web.AppRunner(application(shared), access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        stop = _on_signals()
        url = f"http://{host}:{runner.addresses[0][1]}"
        print(f"Serving verdicts at {url}/verify; press Ctrl-C to stop. Try:\n\n{_example(url)}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    from aiohttp import web

    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        number = error.errno or 0  # negative if the host name is unknown
        reason = os.strerror(number) if number > 0 else error.strerror
        raise GrError(f"cannot serve on {host}:{port}: {reason}. Choose another --host or --port") from error


def _on_signals() -> asyncio.Event:
    """Return an event that Ctrl-C and SIGTERM set."""
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


def _example(url: str) -> str:
    pair = {"question": "What is 1/2 + 1/4?", "ground_truth": "3/4", "student_answer": "0.75"}
    return f"curl {url}/verify -d '{json.dumps(pair)}'"


def application(shared: Shared) -> web.Application:
    """Return the web application with both routes."""
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

    too_large = {"error": f"the body is larger than {MAX_BODY:,} bytes: split the pairs into smaller lists"}
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        error.text = json.dumps(too_large)
        error.content_type = "application/json"
        raise
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def read_body(body: bytes) -> tuple[list[Pair], bool]:
    """Return the pairs in a body, and whether the body is a list. Raises BadRequest.

    A missing field fails the whole request, so that a client that misspells a field notices it. A value that
    is not text fails only its own pair.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    is_list = isinstance(content, list)
    rows = content if is_list else [content]
    if len(rows) > MAX_PAIRS:
        raise BadRequest(f"more than {MAX_PAIRS:,} pairs: split them into smaller lists")
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
    except GrError as error:  # the model failed; the other pairs may not need it
        answer = line(pair, Verdict(None, "error", None, str(error)), 0.0)
    return answer._asdict() | {"score": None if answer.correct is None else float(answer.correct)}
