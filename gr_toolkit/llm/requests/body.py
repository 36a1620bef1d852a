"""Builds the body of a request from the settings of a role and the arguments of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gr_toolkit.llm.messages import Message
from gr_toolkit.llm.requests.wire import Body
from gr_toolkit.unicode import replace_surrogates

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings


def parameters(
    settings: LLMSettings,
    *,
    temperature: float | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    stop: Sequence[str] | None = None,
) -> Body:
    """Return every field of a request except the model, the prompt and the format of the reply.

    An argument replaces the setting of its name; only `seed` is added to it, so that samples differ.
    """
    seeds = [number for number in (settings.seed, seed) if number is not None]
    stops = settings.stop if stop is None else list(stop)
    optional = {
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "stop": stops or None,
        "seed": sum(seeds) if seeds else None,
    }
    return {
        **settings.extra_body,
        "temperature": settings.temperature if temperature is None else temperature,
        "max_tokens": max_tokens or settings.max_tokens,
        **{name: value for name, value in optional.items() if value is not None},
    }


def conversation(system: str, messages: Sequence[Message]) -> list[Message]:
    """Return the messages of a chat request. Lone surrogates are replaced.

    A system prompt comes first. If the messages begin with one of their own, both become one message, since
    many chat templates accept one only.
    """
    turns = list(messages)
    if system:
        own = [turns.pop(0)["content"]] if turns and turns[0]["role"] == "system" else []
        turns.insert(0, Message(role="system", content="\n\n".join([system, *own])))
    return [Message(role=turn["role"], content=replace_surrogates(turn["content"])) for turn in turns]
