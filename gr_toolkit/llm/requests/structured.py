"""Structured output: a pydantic model as a strict JSON schema, and a reply read back into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from gr_toolkit.llm.messages import Message

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound="BaseModel")
Json = dict[str, object]

THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)


# Length limits stop a small model that repeats itself for ever. A grammar that runs here obeys them;
# the strict mode of others refuses some, so only models that run here are told.
LIMITS = ("maxLength", "maxItems")


def response_format(schema: type[BaseModel], *, limits: bool) -> Json:
    """The `response_format` of a request that wants this schema, with or without its length limits."""
    strict = _strict(schema.model_json_schema(), ("default", "title", *(() if limits else LIMITS)))
    return {"type": "json_schema", "json_schema": {"name": schema.__name__, "strict": True, "schema": strict}}


def _strict(node: object, drop: tuple[str, ...]) -> object:
    """The schema as OpenAI's strict mode wants it: every property required, none besides, no defaults."""
    if isinstance(node, list):
        return [_strict(item, drop) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    strict = {key: _strict(value, drop) for key, value in node.items() if key not in drop}
    if isinstance(properties := node.get("properties"), dict):
        strict["properties"] = {name: _strict(value, drop) for name, value in properties.items()}
        strict |= {"required": list(properties), "additionalProperties": False}
    return strict


def in_words(response_format: Json) -> str:
    """The schema as a request in the prompt, for servers that do not know response_format."""
    schema = json.dumps(response_format["json_schema"]["schema"], ensure_ascii=False)  # type: ignore[index]
    return f"Reply with one JSON object and nothing else. It must match this JSON schema:\n{schema}"


def parse(schema: type[T], text: str) -> T:
    """The first JSON object in the text that fits the schema, whatever stands around it.

    Raises pydantic.ValidationError, about the first object where there is one.
    """
    from pydantic import ValidationError

    first: ValidationError | None = None
    for candidate in list(_objects(THINKING.sub("", text))) or [text]:
        try:
            return schema.model_validate_json(candidate)
        except ValidationError as error:
            first = first or error
    assert first is not None
    raise first


def _objects(text: str) -> Iterator[str]:
    """The JSON objects in a text, outermost only."""
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    while start >= 0:
        try:
            _, end = decoder.raw_decode(text, start)
            yield text[start:end]
        except (ValueError, RecursionError):
            end = start + 1
        start = text.find("{", end)


def explain(error: ValidationError) -> str:
    """What is wrong with the reply, in one line."""
    problems = [
        f"{'.'.join(map(str, problem['loc'])) or 'reply'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]
    return "; ".join(problems[:3])


def repair(messages: list[Message], text: str, error: ValidationError) -> list[Message]:
    """The conversation that asks the model to mend its reply."""
    wish = f"That is not valid: {explain(error)}. Reply with the corrected JSON object and nothing else."
    return [
        *messages,
        Message(role="assistant", content=text or "(nothing)"),
        Message(role="user", content=wish),
    ]
