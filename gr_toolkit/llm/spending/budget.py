"""Books a connection's requests in the ledger, and holds those back that could exceed the budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from gr_toolkit.console import say
from gr_toolkit.errors import BudgetExceeded, CannotWrite
from gr_toolkit.llm.loops import Alarm
from gr_toolkit.llm.spending.ledger import (
    NANO,
    Amounts,
    Changes,
    Decision,
    Ledger,
    Limit,
    Reservation,
    RowKey,
    add_to,
    nano,
    today,
)

if TYPE_CHECKING:
    from gr_toolkit.llm.usage import Tokens, Usage
    from gr_toolkit.settings import LLMSettings

RESERVE_SECONDS = 0.01  # in which requests that begin share a transaction, while others are in flight
SETTLE_SECONDS = 0.05  # until a cost is written, if no reservation is written before
UNLIMITED_SECONDS = 1.0  # between two writes if there is no limit, or if the first one fails
POLL_SECONDS = 0.2  # between two looks at the reservations of other runs

# By ledger, what closed connections of this process could not write. A later one writes it: otherwise it
# would wait for reservations that nobody releases.
UNWRITTEN: dict[Path, dict[RowKey, Amounts]] = {}


@dataclass
class Charge:
    """Whether a request is sent; then what it costs in US dollars, and its tokens, once they are known."""

    is_sent: bool = False  # if it never is, it costs nothing
    usd: float | None = None  # None: the worst case
    tokens: Tokens | None = None


@dataclass
class Waiting:
    """A request that waits for its reservation; the result is the day on which it is sent."""

    reservation: Reservation
    granted: asyncio.Future[str]


class Budget:
    """The budget of one connection, in a `with` block. All its coroutines must run on one event loop.

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
        self._changes: dict[RowKey, Amounts] = {}  # not yet in the ledger
        self._alarm = Alarm(self._flush)

    def __enter__(self) -> Budget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write the last costs. Raises CannotWrite if there is a limit, unless the block raises."""
        try:
            self._write([])
        except CannotWrite as failure:
            unwritten = UNWRITTEN.setdefault(self._path, {})
            for key, amounts in self._changes.items():
                add_to(unwritten, key, amounts)
            if self._limit is not None and _cost(self._changes) and kind is None:
                raise
            _say_once(f"costs are not recorded: {failure}")

    @property
    def _path(self) -> Path:
        return self._ledger.path.absolute()

    @asynccontextmanager
    async def reserve(self, worst_case: Callable[[], float]) -> AsyncIterator[Charge]:
        """Reserve the worst case, in US dollars, while the block runs; then book what the charge says.

        The block sets `is_sent` when it sends the request.

        Raises BudgetExceeded if the request could exceed the limit even if those in flight cost nothing, and
        CannotWrite if there is a limit and the ledger cannot be written.
        """
        charge = Charge()
        step = self._usage.step
        reserved = 0 if self._limit is None else nano(worst_case())
        self._in_flight += 1
        try:
            day = await self._granted(Reservation(step, self._model, reserved)) if reserved else today()
            try:
                yield charge
            finally:
                key = RowKey(day, step, self._model)
                if charge.is_sent:
                    cost = nano(worst_case() if charge.usd is None else charge.usd)
                    self._count(charge.tokens, cost)
                    self._book(key, _booked(0 if reserved else 1, charge.tokens, cost, -reserved))
                elif reserved:
                    self._book(key, Amounts(requests=-1, reserved=-reserved))
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._flush()

    def _count(self, tokens: Tokens | None, cost: int) -> None:
        self._usage.cost_usd += cost / NANO
        if tokens is not None:
            self._usage.input_tokens += tokens.input
            self._usage.output_tokens += tokens.output

    async def _granted(self, reservation: Reservation) -> str:
        """Wait until the cost of the request is reserved; return the day."""
        granted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(reservation, granted))
        self._alarm.set(RESERVE_SECONDS if self._in_flight > len(self._waiting) else 0.0)
        try:
            return await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                step, model, worst_case = reservation
                release = Amounts(requests=-1, reserved=-worst_case)
                self._book(RowKey(granted.result(), step, model), release)
            raise

    def _book(self, key: RowKey, amounts: Amounts) -> None:
        """Write the amounts soon."""
        add_to(self._changes, key, amounts)
        if self._waiting:
            seconds = RESERVE_SECONDS
        else:
            seconds = UNLIMITED_SECONDS if self._limit is None else SETTLE_SECONDS
        self._alarm.set(seconds)

    def _flush(self) -> None:
        """Write what is not yet in the ledger, and answer the requests that wait. Runs on the event loop.

        What cannot be written is kept, and written later. So this does not raise: it would lose a reply that
        is paid for.
        """
        waiting = [one for one in self._waiting if not one.granted.done()]
        self._waiting = []
        try:
            self._write(waiting)
        except Exception as error:
            for one in waiting:
                one.granted.set_exception(error)
            if not waiting and not isinstance(error, CannotWrite):
                raise
            if self._limit is None:
                _say_once(f"costs are not recorded: {error}")
            self._alarm.set(UNLIMITED_SECONDS)

    def _write(self, waiting: list[Waiting]) -> None:
        self._alarm.cancel()
        for key, amounts in UNWRITTEN.pop(self._path, {}).items():
            add_to(self._changes, key, amounts)
        if waiting and self._limit is not None:
            self._answer(waiting, self._limit)
        elif self._changes and (_cost(self._changes) or self._ledger.has_folder()):
            self._ledger.add(self._changes)
        self._changes = {}

    def _answer(self, waiting: list[Waiting], limit: Limit) -> None:
        outcome = self._ledger.reserve(self._changes, [one.reservation for one in waiting], limit)
        for one, decision in zip(waiting, outcome.decisions, strict=True):
            if decision is Decision.GRANTED:
                one.granted.set_result(outcome.day)
            elif decision is Decision.REFUSED:
                one.granted.set_exception(_exceeded(one.reservation.worst_case, outcome.spent, limit))
            else:
                self._waiting.append(one)
        if self._waiting:
            self._alarm.set(POLL_SECONDS)


def _cost(changes: Changes) -> int:
    return sum(amounts.cost for amounts in changes.values())


def _booked(requests: int, tokens: Tokens | None, cost: int, reserved: int) -> Amounts:
    return Amounts(requests, *(tokens or (0, 0, 0)), cost, reserved)


def _exceeded(worst_case: int, spent: int, limit: Limit) -> BudgetExceeded:
    could_cost, maximum = f"${worst_case / NANO:.6f}", f"llm.max_cost_usd = {limit.cost / NANO:g}"
    if worst_case > limit.cost:
        return BudgetExceeded(
            f"one request could cost {could_cost}, more than all of {maximum}. Lower its max_tokens, or "
            "raise the limit; replies received so far are kept"
        )
    period = "today" if limit.period == "day" else "in this run"
    again = "run the same command again" + (" tomorrow" if limit.period == "day" else "")
    return BudgetExceeded(
        f"the next request could cost {could_cost}, but ${spent / NANO:.6f} of {maximum} is spent {period}. "
        f"Raise the limit, or {again}; replies received so far are kept. `gr llm cost` shows the costs"
    )


@cache
def _say_once(message: str) -> None:
    say(message)
