"""Books a connection's requests in the ledger, and holds those back that could exceed the budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from gr_toolkit.console import say
from gr_toolkit.errors import BudgetExceeded, CannotWrite
from gr_toolkit.llm.spending.ledger import (
    MOST,
    NANO,
    Amounts,
    Answer,
    Ledger,
    Limit,
    Place,
    Wish,
    nano,
    today,
)

if TYPE_CHECKING:
    from gr_toolkit.llm.messages import Reply
    from gr_toolkit.llm.usage import Usage
    from gr_toolkit.settings import LLMSettings

RESERVE_SECONDS = 0.01  # in which requests that begin share a transaction, while others are in flight
SETTLE_SECONDS = 0.05  # until a cost is written, if no reservation is written before
UNLIMITED_SECONDS = 1.0  # between two writes if there is no limit
POLL_SECONDS = 0.2  # between two looks at the reservations of other runs


@dataclass
class Charge:
    """What a request costs in US dollars, and its reply, once they are known."""

    usd: float | None = None  # None: the worst case
    reply: Reply[None] | None = None


@dataclass
class Waiting:
    """A request that waits for its reservation; the result is the day on which it is sent."""

    wish: Wish
    granted: asyncio.Future[str]


class Budget:
    """The budget of one connection. All its coroutines must run on one event loop.

    With a limit, the worst-case cost of each request is reserved in the ledger before it is sent. So the
    limit holds for the requests of all runs that are in flight. A request that does not fit waits until
    others release their reservations. Requests that begin or end together share one transaction.
    """

    def __init__(self, ledger: Ledger, settings: LLMSettings, usage: Usage) -> None:
        """`usage` names the step of the requests."""
        self._ledger = ledger
        self._model = settings.model
        self._usage = usage
        self._limit = (
            None
            if settings.max_cost_usd is None
            else Limit(nano(settings.max_cost_usd), settings.budget_period)
        )
        self._in_flight = 0
        self._waiting: list[Waiting] = []
        self._changes: dict[Place, Amounts] = {}  # not yet in the ledger
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def reserve(self, worst_case: Callable[[], float]) -> AsyncIterator[Charge]:
        """Reserve the worst case, in US dollars, while the block runs; then book what the charge says.

        Raises BudgetExceeded if the request could exceed the limit even if those in flight cost nothing, and
        CannotWrite if there is a limit and the ledger cannot be written.
        """
        charge = Charge()
        step = self._usage.step
        reserved = 0 if self._limit is None else nano(worst_case())
        self._in_flight += 1
        try:
            day = await self._reservation(Wish(step, self._model, reserved)) if reserved else today()
            try:
                yield charge
            finally:
                cost = nano(worst_case() if charge.usd is None else charge.usd)
                self._usage.cost_usd += cost / NANO
                booked = _booked(0 if reserved else 1, charge.reply, cost, -reserved)
                self._book(Place(day, step, self._model), booked)
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self.flush()

    async def _reservation(self, wish: Wish) -> str:
        """Wait until the cost of the request is reserved; return the day."""
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[str] = loop.create_future()
        self._waiting.append(Waiting(wish, granted))
        self._flush_within(RESERVE_SECONDS if self._in_flight > len(self._waiting) else 0.0, loop)
        try:
            return await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                release = Amounts(requests=-1, reserved=-wish.worst_case)
                self._book(Place(granted.result(), wish.step, wish.model), release)
            raise

    def _book(self, place: Place, amounts: Amounts) -> None:
        """Write the amounts soon."""
        self._changes[place] = self._changes.get(place, Amounts()).plus(amounts)
        if self._waiting:
            seconds = RESERVE_SECONDS
        else:
            seconds = UNLIMITED_SECONDS if self._limit is None else SETTLE_SECONDS
        self._flush_within(seconds, asyncio.get_running_loop())

    def _flush_within(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        at = loop.time() + seconds
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self.flush)

    def flush(self) -> None:
        """Write what is not yet in the ledger, and answer the requests that wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [one for one in self._waiting if not one.granted.done()]
        self._waiting = []
        if not (waiting or self._changes):
            return
        try:
            if waiting and self._limit is not None:
                self._answer(waiting, self._limit)
            else:
                self._ledger.add(self._changes)
            self._changes = {}
        except Exception as error:
            for one in waiting:
                one.granted.set_exception(error)
            if not waiting:
                if not isinstance(error, CannotWrite):
                    raise
                _say_once(f"costs are not recorded: {error}")

    def _answer(self, waiting: list[Waiting], limit: Limit) -> None:
        decision = self._ledger.reserve(self._changes, [one.wish for one in waiting], limit)
        for one, answer in zip(waiting, decision.answers, strict=True):
            if answer is Answer.YES:
                one.granted.set_result(decision.day)
            elif answer is Answer.NEVER:
                one.granted.set_exception(_exceeded(one.wish.worst_case, decision.spent, limit))
            else:
                self._waiting.append(one)
        if self._waiting:
            self._flush_within(POLL_SECONDS, waiting[0].granted.get_loop())


def _booked(requests: int, reply: Reply[None] | None, cost: int, reserved: int) -> Amounts:
    if reply is None:
        return Amounts(requests, 0, 0, 0, cost, reserved)
    counts = (reply.input_tokens, reply.output_tokens, reply.reasoning_tokens)
    sent, received, reasoning = (min(max(count, 0), MOST) for count in counts)
    return Amounts(requests, sent, received, reasoning, cost, reserved)


def _exceeded(worst_case: int, spent: int, limit: Limit) -> BudgetExceeded:
    period = "today" if limit.period == "day" else "in this run"
    again = "run the same command again" + (" tomorrow" if limit.period == "day" else "")
    return BudgetExceeded(
        f"the next request could cost ${worst_case / NANO:.6f}, but ${spent / NANO:.6f} of "
        f"llm.max_cost_usd = {limit.cost / NANO:g} is spent {period}. Raise the limit, or {again}; "
        "replies received so far are kept. `gr llm cost` shows the costs"
    )


@cache
def _say_once(message: str) -> None:
    say(message)
