"""The costs of requests by day, run, step and model, in one SQLite file that outlives kills.

The cost of a request is reserved before it is sent. So what a killed run had in flight stays reserved.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Literal, NamedTuple

from gr_toolkit.errors import StoreError
from gr_toolkit.runs.identity import is_alive, mark_alive, run_id
from gr_toolkit.sqlite import explaining, has_tables, open_database, open_to_read
from gr_toolkit.unicode import replace_surrogates

FILE = "ledger.sqlite"
NAME = "ledger of costs"
NANO = 1_000_000_000  # costs are stored in billionths of a US dollar, so that sums are exact
MOST = 2**53  # of a cost; sums of such costs fit into SQLite's integers
SCHEMA = """
CREATE TABLE IF NOT EXISTS spending (
    day TEXT NOT NULL,                  -- the local calendar day on which the requests were sent
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,          -- sent to the server, retries included
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,  -- of the output tokens
    cost INTEGER NOT NULL,              -- of finished requests, in billionths of a US dollar
    reserved INTEGER NOT NULL,          -- the greatest possible cost of requests without an outcome
    PRIMARY KEY (day, run, step, model)
) WITHOUT ROWID
"""
ADD = """
INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    requests = requests + excluded.requests,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
    cost = cost + excluded.cost,
    reserved = reserved + excluded.reserved
"""
INDEX = "CREATE INDEX IF NOT EXISTS runs ON spending (run)"
TOTALS = {
    "day": "SELECT run, SUM(cost), SUM(reserved) FROM spending WHERE day >= ? GROUP BY run",
    "run": "SELECT run, SUM(cost), SUM(reserved) FROM spending WHERE run = ? GROUP BY run",
}

Period = Literal["day", "run"]


class RowKey(NamedTuple):
    """The key of a row of this run."""

    day: str  # ISO 8601
    step: str
    model: str


class Amounts(NamedTuple):
    """What requests add to their row."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost: int = 0
    reserved: int = 0

    def plus(self, other: Amounts) -> Amounts:
        """Return the sum of both."""
        return Amounts(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.cost + other.cost,
            self.reserved + other.reserved,
        )


Changes = Mapping[RowKey, Amounts]


class Entry(NamedTuple):
    """A row of the file."""

    day: str
    run: str
    step: str
    model: str
    amounts: Amounts


class Limit(NamedTuple):
    """The most that requests may cost within a period, in billionths of a US dollar."""

    cost: int
    period: Period


class Reservation(NamedTuple):
    """What a request reserves before it is sent."""

    step: str
    model: str
    worst_case: int  # its greatest possible cost, in billionths of a US dollar


class Decision(Enum):
    """Whether a request may be sent."""

    GRANTED = "granted"
    WAIT = "wait"  # until a live run's requests have cost less than they reserve
    REFUSED = "refused"  # within this period


class Outcome(NamedTuple):
    """The decisions on some reservations, and what limits them."""

    day: str  # of those that are granted
    decisions: list[Decision]
    spent: int  # of the period, with what killed runs reserved, in billionths of a US dollar


class Ledger:
    """The ledger of a data folder, for many processes. Its first use creates the file and its folder."""

    def __init__(self, state: Path) -> None:
        self.path = state / FILE
        self._state = state
        self._database: sqlite3.Connection | None = None

    def has_folder(self) -> bool:
        """Whether the file's folder exists."""
        return self._state.is_dir()

    def add(self, changes: Changes) -> None:
        """Add to the rows of this run. Raises CannotWrite."""
        with self._transaction() as database:
            _add(database, changes)

    def reserve(self, changes: Changes, reservations: Sequence[Reservation], limit: Limit) -> Outcome:
        """Add to the rows of this run, and make the reservations that fit. Raises CannotWrite.

        When this returns, they survive a kill.
        """
        with explaining(NAME, self.path):
            mark_alive(self._state)  # while this run lives, its reservations may be released
        with self._transaction() as database:
            day, changed = today(), dict(changes)
            used, releasable = self._totals(database, day, changes, limit.period)
            decisions = decide([each.worst_case for each in reservations], limit.cost, used, releasable)
            for (step, model, worst_case), decision in zip(reservations, decisions, strict=True):
                if decision is Decision.GRANTED:
                    add_to(changed, RowKey(day, step, model), Amounts(requests=1, reserved=worst_case))
            _add(database, changed)
        return Outcome(day, decisions, used - releasable)

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _totals(
        self, database: sqlite3.Connection, day: str, changes: Changes, period: Period
    ) -> tuple[int, int]:
        """The costs and reservations of the period, and the reservations among them that may be released."""
        counted = [amounts for key, amounts in changes.items() if period == "run" or key.day >= day]
        releasable = sum(amounts.reserved for amounts in counted)
        used = releasable + sum(amounts.cost for amounts in counted)
        for name, cost, reserved in database.execute(TOTALS[period], (day if period == "day" else run_id(),)):
            used += cost + reserved
            if reserved and (name == run_id() or is_alive(self._state, name)):
                releasable += reserved
        return used, releasable

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explaining(NAME, self.path):
            if self._database is None:
                self._database = open_database(self.path, SCHEMA, INDEX)
            with self._database as database:
                database.execute("BEGIN IMMEDIATE")  # so that no other process reserves in between
                yield database


def add_to(changes: dict[RowKey, Amounts], key: RowKey, amounts: Amounts) -> None:
    """Add the amounts to those of a row."""
    changes[key] = changes.get(key, Amounts()).plus(amounts)


def _add(database: sqlite3.Connection, changes: Changes) -> None:
    for key, amounts in changes.items():
        step, model = replace_surrogates(key.step), replace_surrogates(key.model)  # SQLite refuses them
        database.execute(ADD, (key.day, run_id(), step, model, *amounts))


def decide(worst_cases: Sequence[int], limit: int, used: int, releasable: int) -> list[Decision]:
    """Decide in turn which requests fit, if `releasable` of the `used` part of the limit may be released.

    A request that costs nothing always fits.
    """
    decisions = []
    spent = used - releasable
    for worst_case in worst_cases:
        if worst_case == 0 or used + worst_case <= limit:
            decisions.append(Decision.GRANTED)
            used += worst_case
        else:
            decisions.append(Decision.WAIT if spent + worst_case <= limit else Decision.REFUSED)
    return decisions


def read_entries(state: Path, since: str) -> list[Entry]:
    """Return the rows from the day `since` on; none if there is no ledger. Raises StoreError."""
    path = state / FILE
    if not path.exists():
        return []
    try:
        with open_to_read(path) as database:
            if not has_tables(database):
                return []
            rows = database.execute("SELECT * FROM spending WHERE day >= ? ORDER BY day, run", (since,))
            return [
                Entry(day, run, step, model, Amounts(*amounts)) for day, run, step, model, *amounts in rows
            ]
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"cannot read the {NAME} {path}: {error}") from error


def today() -> str:
    """The local calendar day, in ISO 8601."""
    return date.today().isoformat()


def nano(usd: float) -> int:
    """Convert US dollars to billionths of a US dollar, between 0 and MOST."""
    return round(min(max(usd * NANO, 0), MOST))
