"""The data types of requests and replies: messages, tokens, replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypedDict, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import BaseModel

Parsed = TypeVar("Parsed", bound="BaseModel | None", covariant=True)
Model = TypeVar("Model", bound="BaseModel")


class Message(TypedDict):
    """One turn of a conversation, in the OpenAI API's format."""

    role: Literal["system", "user", "assistant"]
    content: str


class Token(NamedTuple):
    """A token of the reply, with the log-probabilities of itself and of the most likely alternatives."""

    text: str
    logprobs: Mapping[str, float]  # natural logarithms, keyed by token text


@dataclass(frozen=True)
class Reply(Generic[Parsed]):
    """A model's reply. `parsed` is an instance of the requested schema, or None if none was requested."""

    text: str
    parsed: Parsed
    finish_reason: str  # stop | length | content_filter | ...
    input_tokens: int
    output_tokens: int  # includes those of the reasoning
    cached: bool = False
    ending: tuple[Token, ...] = ()  # the last tokens, if logprobs were requested and the server reports them
    reasoning: str = ""  # the model's thoughts before the text, if the server returns them apart from it
    reasoning_tokens: int = 0  # 0 also if the server does not report them

    def with_parsed(self, parsed: Model) -> Reply[Model]:
        """Return a copy of the reply with `parsed` set."""
        return cast("Reply[Model]", replace(self, parsed=cast("Parsed", parsed)))
