"""The budget over several steps, runs and days, with real processes that are killed."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from pydantic import BaseModel

from gr_toolkit.console import Summary
from gr_toolkit.errors import BudgetExceeded, CannotWrite
from gr_toolkit.llm import connect
from gr_toolkit.llm.spending.ledger import FILE, NANO, Amounts, Answer, decide, read_entries
from gr_toolkit.llm.usage import Prices, metered
from gr_toolkit.settings import LLMSettings
from loopback import Answer as Reply
from loopback import Loopback, asking, fails, says, serving, user
from processes import PROCESSES

PRICES = {"input_usd_per_million": 1000.0, "output_usd_per_million": 2000.0, "max_tokens": 20}
COST = (30 * 1000 + 20 * 2000) / 1e6  # of a reply with TOKENS
TOKENS = (30, 20)


def ask(llm, *texts: str) -> list[str]:
    return [reply.text for reply in llm.map(lambda text: llm.ask(user(text)), texts, lambda _: None)]


def ask_in_process(url: str, state: Path, texts: list[str], settings: dict[str, object]) -> None:
    """Ask all questions at once; exit with 1 if the budget ends."""
    given = {"model": "m", "base_url": url, "patience": 0.0, "cache": False, **PRICES, **settings}
    with connect(LLMSettings.model_validate(given), None, state) as llm:
        try:
            ask(llm, *texts)
        except BudgetExceeded:
            sys.exit(1)


def start(server: Loopback, state: Path, *texts: str, **settings: object) -> BaseProcess:
    process = PROCESSES.Process(target=ask_in_process, args=(server.url, state, [*texts], settings))
    process.start()
    return process


class Gate:
    """A server's behaviour: it holds its replies back until the gate opens."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.arrived = threading.Semaphore(0)

    def __call__(self, body: object) -> Reply:
        self.arrived.release()
        self.open.wait(60)
        return says("fine", tokens=TOKENS)

    def wait_for(self, requests: int) -> None:
        for _ in range(requests):
            assert self.arrived.acquire(timeout=60)


@contextmanager
def gated() -> Iterator[tuple[Gate, Loopback]]:
    gate = Gate()
    with serving(gate) as server:
        try:
            yield gate, server
        finally:
            gate.open.set()


def totals(state: Path) -> Amounts:
    total = Amounts()
    for entry in read_entries(state, ""):
        total = total.plus(entry.amounts)
    return total


def worst_case(server: Loopback) -> float:
    return Prices(1000.0, 2000.0).worst_case(server.seen[0])


def kill_with_requests_in_flight(gate: Gate, server: Loopback, state: Path, count: int) -> float:
    """Return the worst case of each of them."""
    process = start(server, state, *(f"cut {n}" for n in range(count)), max_cost_usd=10.0)
    gate.wait_for(count)
    process.kill()
    process.join()
    gate.open.set()
    return worst_case(server)


def test_steps_of_a_run_share_the_budget_and_have_their_own_rows(tmp_path):
    prices = PRICES | {"max_cost_usd": 0.3}
    with serving(says("fine", tokens=TOKENS)) as server:
        for step in ("curate extract", "curate judge"):
            with asking(server, tmp_path, **prices) as llm, metered(Summary(step), [llm.usage]):
                ask(llm, f"{step} 1")
        with (
            asking(server, tmp_path, **prices) as llm,
            pytest.raises(BudgetExceeded, match=r"\$0\.14.* today"),
        ):
            ask(llm, "3", "4", "5")
    rows = {entry.step: entry.amounts for entry in read_entries(tmp_path, "")}
    assert rows["curate extract"] == rows["curate judge"] == Amounts(1, 30, 20, 0, round(COST * NANO), 0)


@pytest.mark.parametrize("period", ["day", "run"])
def test_concurrent_runs_exceed_a_daily_budget_never_even_together(tmp_path, period):
    with serving(lambda _: Reply(**{**vars(says("fine", tokens=TOKENS)), "hang": 0.02})) as server:
        texts = [[f"{run} {n}" for n in range(20)] for run in range(2)]
        settings = {"max_cost_usd": 1.0, "budget_period": period, "concurrency": 8}
        runs = [start(server, tmp_path, *one, **settings) for one in texts]
        for run in runs:
            run.join()
        assert [run.exitcode for run in runs] == [1, 1]
        spent = len(server.seen) * COST
    assert (0.75 <= spent <= 1.0) if period == "day" else (1.5 <= spent <= 2.0)
    assert totals(tmp_path).requests == len(server.seen)
    assert totals(tmp_path).reserved == 0


def test_requests_that_a_kill_cuts_off_count_at_their_worst_case(tmp_path):
    with gated() as (gate, server):
        worst = kill_with_requests_in_flight(gate, server, tmp_path, 4)
        assert totals(tmp_path) == Amounts(requests=4, reserved=4 * round(worst * NANO))
        with (
            asking(server, tmp_path, max_cost_usd=4.9 * worst, **PRICES) as llm,
            pytest.raises(BudgetExceeded, match=f"{4 * worst:.6f} of .* is spent today"),
        ):
            ask(llm, "next 0")
        assert len(server.seen) == 4
        with asking(server, tmp_path, max_cost_usd=5.1 * worst, **PRICES) as llm:
            assert ask(llm, "next 0") == ["fine"]


def test_budget_of_a_day_is_whole_again_on_the_next(tmp_path):
    with gated() as (gate, server):
        worst = kill_with_requests_in_flight(gate, server, tmp_path, 2)
        with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
            database.execute("UPDATE spending SET day = '2020-02-29'")
        with asking(server, tmp_path, max_cost_usd=1.1 * worst, **PRICES) as llm:
            assert ask(llm, "next") == ["fine"]


def test_budget_of_a_run_ignores_other_runs(tmp_path):
    with gated() as (gate, server):
        worst = kill_with_requests_in_flight(gate, server, tmp_path, 2)
        settings = {"max_cost_usd": 1.1 * worst, "budget_period": "run", **PRICES}
        with asking(server, tmp_path, **settings) as llm:
            assert ask(llm, "next") == ["fine"]
            with pytest.raises(BudgetExceeded, match=r"is spent in this run"):
                ask(llm, "another")


def while_another_run_holds_the_budget(tmp_path: Path, then: Callable[[BaseProcess, Gate], None]) -> str:
    """Ask while the request of another live run leaves no room; then `then` ends that request."""
    with gated() as (gate, server):
        other = start(server, tmp_path, "held", max_cost_usd=10.0)
        gate.wait_for(1)
        limit = 1.6 * worst_case(server)  # more than a reply and a reservation, less than two reservations
        with asking(server, tmp_path, max_cost_usd=limit, **PRICES) as llm:

            async def work() -> str:
                asked = asyncio.ensure_future(llm.ask(user("next")))
                await asyncio.wait([asked], timeout=0.5)
                assert len(server.seen) == 1
                then(other, gate)
                return (await asked).text

            try:
                return llm.run(work())
            finally:
                gate.open.set()
                other.join()


def test_request_waits_for_what_another_run_reserves(tmp_path):
    assert while_another_run_holds_the_budget(tmp_path, lambda _, gate: gate.open.set()) == "fine"


def test_request_does_not_wait_for_what_a_killed_run_reserved(tmp_path):
    def kill(process: BaseProcess, _: Gate) -> None:
        assert process.is_alive()
        process.kill()

    with pytest.raises(BudgetExceeded):
        while_another_run_holds_the_budget(tmp_path, kill)


class Capital(BaseModel):
    city: str


def test_retries_and_repair_rounds_count(tmp_path):
    script = [
        fails(500, "busy"),
        Reply(hang_up=True),
        says("no JSON", tokens=(100, 10)),
        says('{"city": "Paris"}', tokens=(200, 20)),
    ]
    with serving(*script) as server, asking(server, tmp_path, max_cost_usd=10.0, **PRICES) as llm:
        reply = llm.run(llm.ask(user("The capital of France?"), schema=Capital))
    assert reply.parsed == Capital(city="Paris")
    total = totals(tmp_path)
    lost = Prices(1000.0, 2000.0).worst_case(server.seen[1])
    assert total[:4] == (4, 300, 30, 0)
    assert total.cost == pytest.approx((lost + 0.36) * NANO, abs=2)
    assert total.reserved == 0


@pytest.mark.parametrize(
    ("usage", "output", "reasoning"),
    [
        ({"completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 40}}, 50, 40),
        ({"completion_tokens": 50, "total_tokens": 60}, 50, 0),
        ({"completion_tokens": 10, "total_tokens": 60}, 50, 40),  # the total includes the thoughts
    ],
)
def test_reasoning_tokens_cost_as_much_as_other_output(tmp_path, usage, output, reasoning):
    reply = says("fine")
    reply.body["usage"] = {"prompt_tokens": 10, **usage}
    with serving(reply) as server, asking(server, tmp_path, **PRICES) as llm:
        ask(llm, "1")
    assert totals(tmp_path) == Amounts(1, 10, output, reasoning, round(0.11 * NANO), 0)
    assert llm.usage.cost_usd == pytest.approx(0.11)


def test_cancelled_requests_release_their_reservations(tmp_path):
    with (
        gated() as (_, server),
        asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm,
        pytest.raises(BudgetExceeded),
    ):
        ask(llm, "short", "also short", "too long " * 100)
    assert totals(tmp_path).reserved == 0


def test_absurd_token_counts_do_no_harm(tmp_path):
    replies = [says("a", tokens=(10**30, -5)), says("b", tokens=TOKENS)]
    with serving(*replies) as server, asking(server, tmp_path, **PRICES) as llm:
        assert ask(llm, "1") + ask(llm, "2") == ["a", "b"]
    assert (totals(tmp_path).requests, totals(tmp_path).output_tokens) == (2, 20)


def test_budget_without_a_writable_ledger_sends_nothing(tmp_path):
    (tmp_path / FILE).mkdir()
    with (
        serving(says("fine")) as server,
        asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm,
        pytest.raises(CannotWrite, match=r"cannot write the ledger of costs .*ledger\.sqlite: .*; make room"),
    ):
        ask(llm, "1")
    assert server.seen == []


def test_without_a_budget_an_unwritable_ledger_is_reported_once(tmp_path, capsys):
    (tmp_path / FILE).mkdir()
    with serving(says("fine")) as server, asking(server, tmp_path, **PRICES) as llm:
        assert ask(llm, "1") + ask(llm, "2") == ["fine", "fine"]
    assert capsys.readouterr().err.count("costs are not recorded: cannot write the ledger") == 1


def test_damaged_ledger_stops_a_run_with_a_budget(tmp_path):
    (tmp_path / FILE).write_bytes(b"not a database " * 100)
    with (
        serving(says("fine")) as server,
        asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm,
        pytest.raises(CannotWrite, match="is damaged"),
    ):
        ask(llm, "1")
    assert server.seen == []


def test_cached_replies_are_not_in_the_ledger(tmp_path):
    with serving(says("fine")) as server:
        for _ in range(2):
            with asking(server, tmp_path) as llm:
                ask(llm, "1")
    assert totals(tmp_path).requests == 1


@pytest.mark.parametrize(
    ("worst_cases", "used", "releasable", "answers"),
    [
        ([10], 90, 0, "Y"),
        ([11], 90, 0, "N"),
        ([11], 90, 1, "L"),
        ([60, 60, 40, 1], 0, 0, "YLYL"),
        ([101, 0], 200, 0, "NY"),
    ],
)
def test_a_request_fits_waits_or_never_fits(worst_cases, used, releasable, answers):
    letters = {"Y": Answer.YES, "L": Answer.LATER, "N": Answer.NEVER}
    assert decide(worst_cases, 100, used, releasable) == [letters[letter] for letter in answers]
