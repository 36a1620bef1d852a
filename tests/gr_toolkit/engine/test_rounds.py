"""Items are attempted in rounds: settled by a result or by repeated failures, and pending otherwise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from gr_toolkit.engine.rounds import Asked, Rounds, as_async, in_rounds
from gr_toolkit.errors import BudgetExceeded, ServerUnusable, Unanswered
from gr_toolkit.store.failures import FailureCounts

COUNTS = Unanswered("HTTP 500: oops", counts=True)
OUTAGE = Unanswered("HTTP 500: oops", counts=False)
Outcomes = dict[str, list[Unanswered | None]]


class Trial:
    """Attempts items whose outcomes are given, one per attempt; the last one is repeated."""

    def __init__(self, state, outcomes: Outcomes, **rounds: float) -> None:
        self.state = state
        self.outcomes = outcomes
        self.rounds = Rounds(**{"at_once": 2, "give_up_after": 3, "grace": 5.0, **rounds})
        self.attempts: Counter[str] = Counter()
        self.order: list[str] = []
        self.settled: dict[str, str] = {}

    def run(self, names: Iterable[str] | None = None) -> list[str]:
        """Run the rounds; return the items that stay pending."""
        counts = FailureCounts(self.state, "table")
        items = as_async(self.outcomes if names is None else names)
        pending = asyncio.run(
            in_rounds(
                items, self.attempt, self.settle, name=lambda name: name, counts=counts, rounds=self.rounds
            )
        )
        return [name for name, _ in pending]

    async def attempt(self, name: str) -> Asked[str]:
        outcomes = self.outcomes[name]
        unanswered = outcomes[min(self.attempts[name], len(outcomes) - 1)]
        self.attempts[name] += 1
        self.order.append(name)
        await asyncio.sleep(0)
        return Asked("failed" if unanswered else "done", unanswered)

    async def settle(self, name: str, result: str) -> None:
        assert name not in self.settled
        self.settled[name] = result


def test_item_that_fails_is_attempted_again_after_all_others(tmp_path):
    trial = Trial(tmp_path, {"a": [OUTAGE, None], "b": [None], "c": [None]}, at_once=1)
    assert trial.run() == []
    assert trial.settled == dict.fromkeys("abc", "done")
    assert trial.order == ["a", "b", "c", "a"]


def test_item_is_settled_as_failed_after_three_failures_that_count(tmp_path):
    trial = Trial(tmp_path, {"bad": [COUNTS], "good": [None]})
    assert trial.run() == []
    assert trial.settled == {"bad": "failed", "good": "done"}
    assert trial.attempts == {"bad": 3, "good": 1}


def test_failures_of_an_outage_never_count(tmp_path):
    trial = Trial(tmp_path, {"a": [OUTAGE], "b": [OUTAGE]})
    for night in range(1, 6):
        assert trial.run() == ["a", "b"]
        assert trial.attempts == {"a": 3 * night, "b": 3 * night}
    assert trial.settled == {}
    assert not list(tmp_path.rglob("*.json"))


def test_failures_are_counted_over_runs(tmp_path):
    trial = Trial(tmp_path, {"bad": [COUNTS, OUTAGE, OUTAGE]}, give_up_after=3)
    assert trial.run() == ["bad"]  # one failure that counts, then an outage
    trial.attempts.clear()
    assert trial.run() == ["bad"]
    trial.attempts.clear()
    assert trial.run() == []
    assert (trial.settled, trial.attempts["bad"]) == ({"bad": "failed"}, 1)


def test_counts_are_forgotten_when_an_item_is_settled(tmp_path):
    for outcome in ([COUNTS], [COUNTS, None]):
        trial = Trial(tmp_path, {"a": outcome})
        assert trial.run() == []
        assert FailureCounts(tmp_path, "table").add("a") == 1  # so none was left


def test_with_give_up_after_one_there_is_one_round(tmp_path):
    trial = Trial(tmp_path, {"bad": [COUNTS], "unlucky": [OUTAGE]}, give_up_after=1)
    assert trial.run() == ["unlucky"]
    assert trial.settled == {"bad": "failed"}
    assert trial.attempts == {"bad": 1, "unlucky": 1}


def test_items_are_taken_only_as_others_end(tmp_path):
    taken: list[int] = []
    trial = Trial(tmp_path, {str(number): [None] for number in range(50)}, at_once=3)

    def names():
        for number in range(50):
            taken.append(number)
            assert len(taken) <= len(trial.settled) + 3
            yield str(number)

    trial.run(names())
    assert len(trial.settled) == 50


def stop_at(name: str, error: Exception, trial: Trial, meanwhile: Callable[[str], float]) -> None:
    """Let an item raise, while every other item takes `meanwhile(name)` seconds."""
    attempt = trial.attempt

    async def raising(item: str) -> Asked[str]:
        if item == name:
            raise error
        await asyncio.sleep(meanwhile(item))
        return await attempt(item)

    trial.attempt = raising  # type: ignore[method-assign]


@pytest.mark.parametrize("error", [ServerUnusable("down"), BudgetExceeded("spent")])
def test_items_in_progress_end_before_the_error_is_raised_and_no_other_begins(tmp_path, error):
    trial = Trial(tmp_path, {name: [None] for name in "abcde"}, at_once=3)
    stop_at("c", error, trial, lambda name: 0.05)
    with pytest.raises(type(error)):
        trial.run()
    assert trial.settled == {"a": "done", "b": "done"}


def test_items_in_progress_are_cancelled_after_the_grace(tmp_path):
    trial = Trial(tmp_path, {name: [None] for name in "abc"}, at_once=3, grace=0.1)
    stop_at("c", ServerUnusable("down"), trial, lambda name: 0.0 if name == "a" else 3600.0)
    with pytest.raises(ServerUnusable):
        trial.run()
    assert trial.settled == {"a": "done"}


def test_other_errors_end_the_run_at_once(tmp_path):
    trial = Trial(tmp_path, {name: [None] for name in "abc"}, at_once=3, grace=3600.0)
    stop_at("c", ValueError("a fault of ours"), trial, lambda name: 3600.0)
    with pytest.raises(ValueError, match="a fault of ours"):
        trial.run()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": "x", "b": 2}', b"\xff"])
def test_damaged_counts_are_ignored(tmp_path, content):
    file = tmp_path / "failures" / "table.json"
    file.parent.mkdir()
    file.write_bytes(content)
    counts = FailureCounts(tmp_path, "table")
    assert counts.add("a") == 1
    assert counts.add("b") == (3 if b'"b"' in content else 1)
    counts.save()
    assert FailureCounts(tmp_path, "table").add("a") == 2
