"""Token counts and cost of a run's requests, and the budget that limits them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gr_toolkit.errors import BudgetExceeded, UsageError
from gr_toolkit.llm.names import is_local

if TYPE_CHECKING:
    from gr_toolkit.console import Summary
    from gr_toolkit.settings import LLMSettings


@dataclass
class Usage:
    """Requests, tokens and cost of one connection so far."""

    requests: int = 0  # sent to the server, retries included
    cached: int = 0  # replies that came from the cache
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


@contextmanager
def metered(summary: Summary, meters: Sequence[Usage]) -> Iterator[None]:
    """Add to the summary what these meters count while the block runs, also if it fails."""
    before = [replace(meter) for meter in meters]
    try:
        yield
    finally:
        for used, earlier in zip(meters, before, strict=True):
            summary.requests += used.requests - earlier.requests
            summary.cached += used.cached - earlier.cached
            summary.input_tokens += used.input_tokens - earlier.input_tokens
            summary.output_tokens += used.output_tokens - earlier.output_tokens
            summary.cost_usd += used.cost_usd - earlier.cost_usd


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
        limit = body.get("max_tokens") or body.get("max_completion_tokens")
        sent = len(json.dumps(body, ensure_ascii=False).encode())
        return self.cost(sent, limit if isinstance(limit, int) else 0)


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


@dataclass
class Charge:
    """The cost of a request: its worst case until the actual cost is known."""

    usd: float


class Budget:
    """A hard limit on the total cost of requests, which also holds with many requests in flight.

    Each request reserves its worst-case cost before it is sent. A request that does not fit waits until other
    requests finish and release their reservations. `reserve` raises BudgetExceeded if the request could
    exceed the limit even when no other request is in flight.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.spent = 0.0
        self._reserved = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def reserve(self, worst_case: float) -> AsyncIterator[Charge]:
        """Reserve `worst_case` US dollars while the block runs; then count the charge's `usd` as spent."""
        charge = Charge(worst_case)
        async with self._changed:
            await self._changed.wait_for(lambda: self._affords(worst_case))
            self._reserved += worst_case
        try:
            yield charge
        finally:
            self._reserved -= worst_case
            self.spent += charge.usd
            async with self._changed:
                self._changed.notify_all()

    def _affords(self, worst_case: float) -> bool:
        if self.limit is None:
            return True
        if self.spent + worst_case > self.limit:
            raise BudgetExceeded(
                f"the next request could cost ${worst_case:.6f}, but ${self.spent:.6f} of "
                f"llm.max_cost_usd = {self.limit:g} is spent. "
                "Raise the limit and run the same command again; replies received so far are kept"
            )
        return self.spent + self._reserved + worst_case <= self.limit
