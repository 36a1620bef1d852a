"""What a run's requests took, and the budget they may not exceed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gr_toolkit.errors import BudgetExceeded, UsageError
from gr_toolkit.llm.names import is_local

if TYPE_CHECKING:
    from gr_toolkit.console import Summary
    from gr_toolkit.settings import LLMSettings


@dataclass
class Usage:
    """What one connection has used so far."""

    requests: int = 0  # sent to the server, retries included
    cached: int = 0  # replies that came from the cache
    failed: int = 0  # requests given up
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0

    def add_to(self, summary: Summary) -> None:
        """Add these numbers to a step's summary."""
        summary.requests += self.requests
        summary.cached += self.cached
        summary.input_tokens += self.input_tokens
        summary.output_tokens += self.output_tokens
        summary.cost_usd += self.cost_usd


@dataclass(frozen=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6

    def worst_case(self, body: Mapping[str, object]) -> float:
        """US dollars a request can cost at most: no token is shorter than a byte of what is sent."""
        limit = body.get("max_tokens") or body.get("max_completion_tokens")
        sent = len(json.dumps(body, ensure_ascii=False).encode())
        return self.cost(sent, limit if isinstance(limit, int) else 0)


def prices_of(settings: LLMSettings) -> Prices:
    """The prices in the settings; a model that runs here costs nothing.

    Raises UsageError for a budget that cannot be kept without them.
    """
    if is_local(settings.model):
        return Prices(0.0, 0.0)
    per_million = (settings.input_usd_per_million, settings.output_usd_per_million)
    if settings.max_cost_usd is not None and None in per_million:
        raise UsageError(
            f"llm.max_cost_usd needs the prices of {settings.model}: set input_usd_per_million and "
            "output_usd_per_million beside it"
        )
    return Prices(*(price or 0.0 for price in per_million))


@dataclass
class Charge:
    """What a request has cost: its worst case until more is known."""

    usd: float


class Budget:
    """A hard limit on what requests may cost together, also when many are in flight.

    Before a request is sent its worst case is set aside. One that could not be paid for waits until
    those in flight have cost less than feared, and raises BudgetExceeded when none is left to wait for.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.spent = 0.0
        self._set_aside = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def set_aside(self, worst_case: float) -> AsyncIterator[Charge]:
        """Set the amount aside while a request runs; what it cost in the end is read from the charge."""
        charge = Charge(worst_case)
        async with self._changed:
            await self._changed.wait_for(lambda: self._affords(worst_case))
            self._set_aside += worst_case
        try:
            yield charge
        finally:
            self._set_aside -= worst_case
            self.spent += charge.usd
            async with self._changed:
                self._changed.notify_all()

    def _affords(self, worst_case: float) -> bool:
        if self.limit is None:
            return True
        if self.spent + worst_case > self.limit:
            raise BudgetExceeded(
                f"the next request could cost ${worst_case:.6f}, and ${self.spent:.6f} of "
                f"llm.max_cost_usd = {self.limit:g} is spent. Raise it and run the same command again; "
                "what was answered is cached"
            )
        return self.spent + self._set_aside + worst_case <= self.limit
