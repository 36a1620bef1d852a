"""Judges replies: is a reply usable, and if it is not, which request may get a usable one?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from gr_toolkit.llm.messages import Message, Reply
from gr_toolkit.llm.requests.structured import explain, parse, repair
from gr_toolkit.llm.requests.wire import Body

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound="BaseModel")

MORE_TOKENS = 2  # times max_tokens, for the second request after a reply that was cut off
FEWER_TOKENS = 4  # the divisor of max_tokens, for the second request after one that was too long


class Unusable(Exception):
    """A reply that cannot be used. The message is the reason; `error` says why a JSON reply is invalid."""

    def __init__(self, reason: str, error: ValidationError | None = None) -> None:
        super().__init__(reason)
        self.error = error


def read_text(reply: Reply[None], *, partial: bool = False) -> Reply[None]:
    """Return the reply if it is usable, else raise Unusable. With `partial` it may be cut off or empty."""
    if reply.finish_reason == "refusal":
        raise Unusable("refused")
    if reply.finish_reason == "content_filter":
        raise Unusable("filtered")
    if not partial and reply.finish_reason == "length":
        raise Unusable("cut off at max_tokens")
    if not partial and not reply.text.strip():
        raise Unusable("empty reply")
    return reply


def read_json(schema: type[T], reply: Reply[None]) -> Reply[T]:
    """Return the reply with `parsed` set. Raises Unusable.

    A reply that is complete although the limit was reached counts: models may add text after the JSON.
    """
    from pydantic import ValidationError

    read_text(reply, partial=True)
    try:
        return replace(reply.with_parsed(parse(schema, reply.text)), finish_reason="stop")
    except ValidationError as error:
        read_text(reply)
        raise Unusable(f"not valid JSON for {schema.__name__}: {explain(error)}", error) from error


def complete_items(schema: type[T], reply: Reply[None]) -> Reply[T] | None:
    """Return the complete items of a list that was cut off; None if there are none.

    `schema` must have one field only, the list; None for every other schema.
    """
    from pydantic import ValidationError

    if reply.finish_reason != "length" or len(schema.model_fields) != 1:
        return None
    (name,) = schema.model_fields
    start = re.search(rf'"{re.escape(name)}"\s*:\s*\[', reply.text)
    items = _leading_items(reply.text, start.end()) if start else []
    try:
        return reply.with_parsed(schema.model_validate({name: items})) if items else None
    except ValidationError:
        return None


def _leading_items(text: str, start: int) -> list[object]:
    """The complete JSON values from `start` on, separated by commas."""
    decoder = json.JSONDecoder(strict=False)
    items: list[object] = []
    while True:
        start += len(text[start:]) - len(text[start:].lstrip(" \t\r\n,"))
        try:
            item, start = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return items
        items.append(item)


def second_request(body: Mapping[str, object], reply: Reply[None], problem: Unusable) -> Body | None:
    """Return the request that may get a usable reply where this one did not; None if there is none."""
    if problem.error is not None:
        messages = cast(Sequence[Message], body["messages"])
        return {**body, "messages": repair(list(messages), reply.text, problem.error)}
    if reply.finish_reason == "length":
        return {**body, "max_tokens": cast(int, body["max_tokens"]) * MORE_TOKENS}
    return None


def shorter_request(body: Mapping[str, object]) -> Body | None:
    """Return the request with fewer tokens for the reply, since the context may be too short for both."""
    tokens = cast(int, body["max_tokens"]) // FEWER_TOKENS
    return {**body, "max_tokens": tokens} if tokens else None
