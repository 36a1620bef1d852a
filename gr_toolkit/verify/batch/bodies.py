"""Read the bodies of requests, within limits of size, time and memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from gr_toolkit.verify.batch.rows import Unreadable

if TYPE_CHECKING:
    from aiohttp import web

MAX_BODY = 4_000_000  # bytes per body
MAX_HELD = 1_000_000_000  # bytes of all bodies at the same time; a client that sends more gets status 503
SEND_TIMEOUT = 20.0  # seconds for a client to send its body
JSON = "application/json"


class Held:
    """Counts the bytes of the bodies in memory: those that arrive, and those whose reply is not ready."""

    def __init__(self) -> None:
        self.size = 0


@asynccontextmanager
async def content_of(request: web.Request, held: Held) -> AsyncIterator[object]:
    """Yield the JSON content of a request's body. Its bytes count as held until the block ends.

    Only bytes that have arrived count, so a client that sends slowly takes nothing from the others. Raises
    Unreadable, and an HTTPException if the body is too large or too slow, or if the server holds too much.
    """
    body = bytearray()
    try:
        await _read(request, body, held)
        yield _parsed(body)
    finally:
        held.size -= len(body)


async def _read(request: web.Request, body: bytearray, held: Held) -> None:
    from aiohttp import web

    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            async for part in request.content.iter_any():
                body += part
                held.size += len(part)
                if len(body) > MAX_BODY:
                    reason = f"the body is larger than {MAX_BODY:,} bytes: split the pairs into smaller lists"
                    text = _error(reason)
                    raise web.HTTPRequestEntityTooLarge(MAX_BODY, len(body), text=text, content_type=JSON)
                if held.size > MAX_HELD:
                    text = _error("the server holds too many requests: send this one again")
                    raise web.HTTPServiceUnavailable(
                        headers={"Retry-After": "1"}, text=text, content_type=JSON
                    )
    except TimeoutError:
        text = _error(f"the body did not arrive within {SEND_TIMEOUT:g} seconds")
        raise web.HTTPRequestTimeout(text=text, content_type=JSON) from None
    except web.RequestPayloadError as error:
        raise Unreadable("the body is not in its Content-Encoding") from error
    except ConnectionError as error:  # nobody gets the reply; without it, the server logs a traceback
        raise Unreadable("the client closed the connection") from error


def _error(reason: str) -> str:
    return json.dumps({"error": reason})


def _parsed(body: bytearray) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the body is not JSON: {error}") from error
