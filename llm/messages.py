"""What goes to a model and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypedDict, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

Parsed = TypeVar("Parsed", bound="BaseModel | None", covariant=True)
Model = TypeVar("Model", bound="BaseModel")


class Message(TypedDict):
    """One turn of a conversation, as the OpenAI API writes it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Reply(Generic[Parsed]):
    """What the model said. `parsed` is an instance of the schema that was asked for, or None."""

    text: str
    parsed: Parsed
    finish_reason: str  # stop | length | content_filter | ...
    input_tokens: int
    output_tokens: int
    cached: bool = False

    def with_parsed(self, parsed: Model) -> Reply[Model]:
        """The same reply as an instance of the schema."""
        return Reply(
            self.text, parsed, self.finish_reason, self.input_tokens, self.output_tokens, self.cached
        )


def clean(text: str) -> str:
    """The text without lone surrogates, which neither HTTP nor Parquet can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
