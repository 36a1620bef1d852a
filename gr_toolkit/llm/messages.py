"""What goes to a model and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypedDict, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

Parsed = TypeVar("Parsed", bound="BaseModel | None", covariant=True)
Model = TypeVar("Model", bound="BaseModel")


class Message(TypedDict):
    """One turn of a conversation, as the OpenAI API writes it."""

    role: Literal["system", "user", "assistant"]
    content: str


class Token(NamedTuple):
    """A token that the model wrote, and the log-probabilities of the likeliest in its place, itself too."""

    text: str
    logprobs: Mapping[str, float]  # natural logarithms, by the tokens' texts


@dataclass(frozen=True)
class Reply(Generic[Parsed]):
    """What the model said. `parsed` is an instance of the schema that was asked for, or None."""

    text: str
    parsed: Parsed
    finish_reason: str  # stop | length | content_filter | ...
    input_tokens: int
    output_tokens: int
    cached: bool = False
    ending: tuple[Token, ...] = ()  # the last tokens, where they were asked for and the server gave them

    def with_parsed(self, parsed: Model) -> Reply[Model]:
        """The same reply as an instance of the schema."""
        return Reply(
            self.text,
            parsed,
            self.finish_reason,
            self.input_tokens,
            self.output_tokens,
            self.cached,
            self.ending,
        )


def clean(text: str) -> str:
    """The text without lone surrogates, which neither HTTP nor Parquet can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
