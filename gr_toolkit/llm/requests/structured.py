"""Structured output: converts a pydantic model to a strict JSON schema, and parses replies into the model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from gr_toolkit.llm.messages import Message

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound="BaseModel")
Json = dict[str, object]

THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)

# Length limits stop a small model from repeating itself endlessly. llama.cpp's grammar enforces them. Only
# local models get the limits, because the strict mode of some remote servers rejects them.
LIMITS = ("maxLength", "maxItems")


@cache
def response_format(schema: type[BaseModel], *, limits: bool) -> Json:
    """Return the `response_format` parameter for a schema, with or without its length limits.

    All calls for a schema return one object, since it takes as long to make as a request does.
    Docstrings are left out: the prompt tells the model what to do, and a rewritten docstring must not change
    the request, which is the key of the cache.
    """
    strict = _strict(
        schema.model_json_schema(), ("default", "title", "description", *(() if limits else LIMITS))
    )
    return {"type": "json_schema", "json_schema": {"name": schema.__name__, "strict": True, "schema": strict}}


def _strict(node: object, drop: tuple[str, ...]) -> object:
    """Convert a JSON schema to OpenAI's strict mode, and remove the keys in `drop`.

    In strict mode every property is required, and no other properties are allowed.
    """
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


def schema_prompt(response_format: Json) -> str:
    """Return an instruction that contains the schema, for servers that refuse response_format."""
    schema = json.dumps(response_format["json_schema"]["schema"], ensure_ascii=False)  # type: ignore[index]
    return f"Reply with one JSON object and nothing else. It must match this JSON schema:\n{schema}"


def parse(schema: type[T], text: str) -> T:
    """Parse the first JSON object in the text that fits the schema, ignoring any text around it.

    Raises pydantic.ValidationError about the first object, or about the whole text if it has no object.
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
    """Yield the outermost JSON objects in a text."""
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
    """Describe the first three validation errors in one line."""
    problems = [
        f"{'.'.join(map(str, problem['loc'])) or 'reply'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]
    return "; ".join(problems[:3])


def repair(messages: list[Message], text: str, error: ValidationError) -> list[Message]:
    """Return the conversation, extended by the reply and a request to correct it.

    Thoughts in the reply are left out: they cost tokens, and templates of reasoning models drop them as well.
    """
    request = f"That is not valid: {explain(error)}. Reply with the corrected JSON object and nothing else."
    return [
        *messages,
        Message(role="assistant", content=THINKING.sub("", text).strip() or "(nothing)"),
        Message(role="user", content=request),
    ]
