"""Sends a role's model three short requests, to test whether it works and how fast it is."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from gr_toolkit.errors import RequestFailed, Unanswered, UsageError
from gr_toolkit.llm.client import LLM
from gr_toolkit.llm.connection import connect
from gr_toolkit.llm.messages import Message, Reply

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings, Role


class Capital(BaseModel):
    """The answer to the structured question."""

    city: str


@dataclass(frozen=True)
class Ping:
    """The result of a ping."""

    server: str
    model: str
    reply: str
    seconds: float  # time to the first reply; includes loading a local model
    tokens_per_second: float  # measured on the second reply
    json_schema: str  # honoured | written into the prompt | failed: REASON


def ping(settings: LLMSettings, role: Role | None, state: Path) -> Ping:
    """Send the three requests, bypassing the cache.

    Raises UsageError if there is no such model, ServerUnusable, Unanswered and RequestFailed.
    """
    if role == "second_verifier" and not settings.has_second_verifier:
        raise UsageError("there is no second verifier: [llm.second_verifier] has no setting")
    fresh = settings.model_copy(update={"cache": False, "patience": 0.0})
    with connect(fresh, role, state) as llm:
        llm.usage.step = "llm ping"
        first, seconds = _timed(llm, "Count from one to ten.")
        second, second_seconds = _timed(llm, "Count from one to twenty.")
        return Ping(
            server=llm.server,
            model=llm.name,
            reply=first.text,
            seconds=round(seconds, 2),
            tokens_per_second=round(second.output_tokens / second_seconds, 1),
            json_schema=_try_schema(llm),
        )


def _timed(llm: LLM, question: str) -> tuple[Reply[None], float]:
    started = time.monotonic()
    reply = llm.run(llm.ask([Message(role="user", content=question)], max_tokens=64, partial=True))
    return reply, time.monotonic() - started


def _try_schema(llm: LLM) -> str:
    question = Message(role="user", content="What is the capital of France?")
    try:
        llm.run(llm.ask([question], schema=Capital, max_tokens=64))
    except (RequestFailed, Unanswered) as error:
        return f"failed: {error}"
    return "honoured" if llm.honours_schemas else "written into the prompt"


def show(result: Ping, *, as_json: bool) -> None:
    """Print the result as lines of text, or as JSON."""
    if as_json:
        print(json.dumps(asdict(result)))
        return
    for name, value in asdict(result).items():
        print(f"{name.replace('_', ' '):<18} {' '.join(str(value).split())}")
