"""Bodies are read within limits of size, time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gr_toolkit.verify.batch import bodies
from gr_toolkit.verify.batch.bodies import Held, content_of
from gr_toolkit.verify.batch.rows import Unreadable


def application(held: Held) -> web.Application:
    """A server that replies with the content of the body and the number of bytes held."""

    async def echo(request: web.Request) -> web.Response:
        try:
            async with content_of(request, held) as content:
                return web.json_response({"content": content, "held": held.size})
        except Unreadable as error:
            return web.json_response({"error": str(error)}, status=400)

    app = web.Application()
    app.add_routes([web.post("/", echo)])
    return app


async def part_of(body: bytes, hang: float) -> AsyncIterator[bytes]:
    yield body[:5]
    await asyncio.sleep(hang)
    yield body[5:]


async def post_to(held: Held, body: bytes, hang: float = 0.0) -> tuple[int, dict[str, object], str | None]:
    async with TestClient(TestServer(application(held))) as client:
        reply = await client.post("/", data=part_of(body, hang))
        return reply.status, await reply.json(), reply.headers.get("Retry-After")


def test_a_body_counts_as_held_until_its_reply():
    held = Held()
    assert asyncio.run(post_to(held, b'{"a": 1}')) == (200, {"content": {"a": 1}, "held": 8}, None)
    assert held.size == 0


@pytest.mark.parametrize(
    ("limits", "hang", "expected"),
    [
        ({}, 0.0, (200, "", None)),
        ({"MAX_BODY": 19}, 0.0, (413, "the body is larger than 19 bytes", None)),
        ({"MAX_HELD": 19}, 0.0, (503, "the server holds too many requests", "1")),
        ({"SEND_TIMEOUT": 0.1}, 1.0, (408, "the body did not arrive within 0.1 seconds", None)),
    ],
)
def test_limits_of_a_body(monkeypatch, limits, hang, expected):
    for name, value in limits.items():
        monkeypatch.setattr(bodies, name, value)
    held = Held()
    status, reply, retry = asyncio.run(post_to(held, b" " * 18 + b"[]", hang))
    assert (status, retry) == (expected[0], expected[2])
    assert str(reply.get("error", "")).startswith(expected[1])
    assert held.size == 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_released(body):
    held = Held()
    status, reply, _ = asyncio.run(post_to(held, body))
    assert (status, str(reply["error"])[:20], held.size) == (400, "the body is not JSON", 0)


def test_a_body_in_another_encoding_is_refused():
    async def post() -> tuple[int, str]:
        async with TestClient(TestServer(application(Held()))) as client:
            reply = await client.post("/", data=b"[1, 2, 3]", headers={"Content-Encoding": "gzip"})
            return reply.status, (await reply.json())["error"]

    assert asyncio.run(post()) == (400, "the body is not in its Content-Encoding")


def test_bodies_of_other_requests_count(monkeypatch):
    monkeypatch.setattr(bodies, "MAX_HELD", 19)
    held = Held()
    held.size = 18  # of other requests
    assert asyncio.run(post_to(held, b"[]"))[0] == 503
    held.size = 17
    assert asyncio.run(post_to(held, b"[]"))[0] == 200
