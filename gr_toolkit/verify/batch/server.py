"""The cascade over HTTP, for trainers that use a reward server.

    POST /verify      a pair, or a list of pairs  ->  its line, or a list of lines in the same order
    POST /verify      NeMo Gym's body             ->  the body with `reward`
    POST /get_reward  OpenRLHF's body             ->  {"rewards": [...]}
    GET /health       {"status": "ok"}

A line has the fields that `gr verify` writes for a row, and a `score`: 1.0 correct, 0.0 wrong, null
undecided.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from gr_toolkit.errors import GrError
from gr_toolkit.settings import Settings
from gr_toolkit.verify.batch.bodies import Held, content_of
from gr_toolkit.verify.batch.contracts import (
    is_nemo_gym,
    nemo_gym_reply,
    openrlhf_reply,
    read_nemo_gym,
    read_openrlhf,
)
from gr_toolkit.verify.batch.judging import at_once, judge
from gr_toolkit.verify.batch.rows import (
    REQUIRED,
    Line,
    Pair,
    Unreadable,
    lacking,
    line,
    name_in,
    read_pair,
)
from gr_toolkit.verify.cascade import Verifier
from gr_toolkit.verify.opening import open_verifier
from gr_toolkit.verify.verdict import Protocol, Verdict

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

MAX_PAIRS = 10_000  # per request body
MAX_REQUESTS = 256  # requests that are judged at the same time; further requests wait
SHUTDOWN_TIMEOUT = 60.0  # seconds that requests in progress have left when the server stops


class Shared(NamedTuple):
    """State shared by all requests. `turns` limits concurrent pairs, `requests` concurrent requests."""

    verifier: Verifier
    protocol: Protocol | None
    undecided_reward: float
    turns: asyncio.Semaphore
    requests: asyncio.Semaphore
    held: Held


def serve_until_stopped(
    settings: Settings, protocol: Protocol | None, host: str, port: int, undecided_reward: float
) -> None:
    """Serve verdicts until Ctrl-C or SIGTERM. Port 0 picks a free port.

    `undecided_reward` is the reward of an undecided answer where the contract needs a number. Raises GrError
    if the address is unavailable.
    """
    with open_verifier(settings, protocol) as verifier:
        turns, requests = asyncio.Semaphore(at_once(settings)), asyncio.Semaphore(MAX_REQUESTS)
        shared = Shared(verifier, protocol, undecided_reward, turns, requests, Held())
        verifier.run(_serve(shared, host, port))


async def _serve(shared: Shared, host: str, port: int) -> None:
    from aiohttp import web

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
    """Return the web application with all routes."""
    from aiohttp import web

    async def verify(request: web.Request) -> web.Response:
        async with content_of(request, shared.held) as content:
            if is_nemo_gym(content):
                (judged,) = await _judge_all(shared, [read_nemo_gym(content)])
                return web.json_response(nemo_gym_reply(content, judged, shared.undecided_reward))
            pairs, is_list = read_pairs(content)
            replies = [_with_score(judged) for judged in await _judge_all(shared, pairs)]
            return web.json_response(replies if is_list else replies[0])

    async def get_reward(request: web.Request) -> web.Response:
        async with content_of(request, shared.held) as content:
            lines = await _judge_all(shared, read_openrlhf(content))
            return web.json_response(openrlhf_reply(lines, shared.undecided_reward))

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application(middlewares=[web.middleware(_explain)])
    app.add_routes([web.post("/verify", verify), web.post("/get_reward", get_reward)])
    app.add_routes([web.get("/health", health)])
    return app


async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reply with status 400 and the reason if a request is invalid."""
    from aiohttp import web

    try:
        return await handler(request)
    except Unreadable as error:
        return web.json_response({"error": str(error)}, status=400)


async def _judge_all(shared: Shared, pairs: Sequence[Pair]) -> list[Line]:
    """Return a line for each pair, in order. Raises Unreadable if there are too many."""
    _check_number(pairs)
    async with shared.requests:
        return await asyncio.gather(*(_judge(shared, pair) for pair in pairs))


def read_pairs(content: object) -> tuple[list[Pair], bool]:
    """Return the pairs in the content of a body, and whether it is a list. Raises Unreadable.

    A missing field fails the whole request, so that a client that misspells a field notices it. A value that
    is not text fails only its own pair.
    """
    is_list = isinstance(content, list)
    rows = content if isinstance(content, list) else [content]
    _check_number(rows)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise Unreadable(f"pair {number} is not an object")
        for names in REQUIRED:
            if name_in(names, row) is None:
                raise Unreadable(f"pair {number} has {lacking(names)}")
    return [read_pair(row, number) for number, row in enumerate(rows, 1)], is_list


def _check_number(pairs: Sequence[object]) -> None:
    if len(pairs) > MAX_PAIRS:
        raise Unreadable(f"more than {MAX_PAIRS:,} pairs: split them into smaller lists")


async def _judge(shared: Shared, pair: Pair) -> Line:
    try:
        return await judge(shared.verifier, pair, shared.turns, shared.protocol)
    except GrError as error:  # the model failed; the other pairs may not need it
        return line(pair, Verdict(None, "error", None, str(error)), 0.0)


def _with_score(line: Line) -> dict[str, object]:
    return line._asdict() | {"score": None if line.correct is None else float(line.correct)}
