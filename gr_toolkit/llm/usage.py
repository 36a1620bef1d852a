"""Token counts and cost of a connection's requests, and the prices of a model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from gr_toolkit.errors import UsageError
from gr_toolkit.llm.names import is_local

if TYPE_CHECKING:
    from gr_toolkit.console import Summary
    from gr_toolkit.settings import LLMSettings

ENCODER = json.JSONEncoder(ensure_ascii=False)


class Tokens(NamedTuple):
    """The token counts of a request and its reply."""

    input: int
    output: int  # includes those of the reasoning
    reasoning: int


@dataclass
class Usage:
    """Requests, tokens and cost of one connection so far, and the step that uses it."""

    requests: int = 0  # sent to the server, retries included
    cached: int = 0  # replies that came from the cache
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    step: str = "python"  # its name in the ledger; by default, a program that uses the client


@contextmanager
def metered(summary: Summary, meters: Sequence[Usage]) -> Iterator[None]:
    """Add to the summary what these meters count while the block runs, also if it fails.

    Meanwhile, the ledger books the costs of their connections under the summary's step.
    """
    before = [replace(meter) for meter in meters]
    for meter in meters:
        meter.step = summary.step
    try:
        yield
    finally:
        for used, earlier in zip(meters, before, strict=True):
            summary.requests += used.requests - earlier.requests
            summary.cached += used.cached - earlier.cached
            summary.input_tokens += used.input_tokens - earlier.input_tokens
            summary.output_tokens += used.output_tokens - earlier.output_tokens
            summary.cost_usd += used.cost_usd - earlier.cost_usd
            used.step = earlier.step


@dataclass(frozen=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return the cost in US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6

    def worst_case(self, body: Mapping[str, object]) -> float:
        """Return the maximum cost of a request in US dollars, counting every byte as a prompt token."""
        if not (self.input or self.output):
            return 0.0
        limits = [body.get(name) for name in ("max_tokens", "max_completion_tokens")]
        sent = len(ENCODER.encode(body).encode())
        return self.cost(sent, max(limit for limit in [*limits, 0] if isinstance(limit, int)))


def prices_of(settings: LLMSettings) -> Prices:
    """Return the configured prices; a local model costs nothing.

    Raises UsageError if a budget is set without prices.
    """
    if is_local(settings.model):
        return Prices(0.0, 0.0)
    per_million = (settings.input_usd_per_million, settings.output_usd_per_million)
    if settings.max_cost_usd is not None and None in per_million:
        raise UsageError(
            f"llm.max_cost_usd needs the prices of {settings.model}: set input_usd_per_million and "
            "output_usd_per_million too"
        )
    return Prices(*(price or 0.0 for price in per_million))
