"""The budget over several steps, runs and days, with real processes that are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from pydantic import BaseModel

from gr_toolkit.console import Summary
from gr_toolkit.errors import BudgetExceeded, CannotWrite, RequestFailed, ServerUnusable
from gr_toolkit.interrupts import handled
from gr_toolkit.llm import LLM, connect
from gr_toolkit.llm.loops import LOOP
from gr_toolkit.llm.spending.ledger import FILE, NANO, Amounts, Decision, decide, read_entries
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
def test_concurrent_runs_together_stay_within_a_daily_budget(tmp_path, period):
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


def test_budget_of_a_run_holds_over_midnight(tmp_path):
    settings = {"max_cost_usd": 2.5 * COST, "budget_period": "run", **PRICES}
    with serving(says("fine", tokens=TOKENS)) as server:
        with asking(server, tmp_path, **settings) as llm:
            ask(llm, "before")
        with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
            database.execute("UPDATE spending SET day = '2020-02-29'")
        with asking(server, tmp_path, **settings) as llm, pytest.raises(BudgetExceeded, match=r"\$0\.07"):
            ask(llm, "after")
    assert len(server.seen) == 1


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("keep_handlers")
def test_request_that_waits_for_the_budget_is_not_sent_after_an_interrupt(tmp_path, capsys):
    with serving(says("fine", tokens=TOKENS)) as first, asking(first, tmp_path / "first") as llm:
        ask(llm, "0")
    limit = 2.9 * Prices(1000.0, 2000.0).worst_case(first.seen[0] | {"max_tokens": 20})
    gates = [Gate(), Gate(), Gate()]
    behaviours = iter(gates)
    with serving(lambda body: next(behaviours)(body)) as server:

        async def work() -> None:
            asked = [asyncio.ensure_future(llm.ask(user(str(n)))) for n in range(5)]
            await until(lambda: len(server.seen) == 2)
            os.kill(os.getpid(), signal.SIGINT)
            await until(lambda: LOOP._is_stopping)
            gates[0].open.set()
            await until(lambda: totals(tmp_path).requests == 3)  # one more is reserved
            gates[1].open.set()
            await asyncio.gather(*asked)

        with (
            asking(server, tmp_path, max_cost_usd=limit, grace=20.0, **PRICES) as llm,
            handled(),
            pytest.raises(KeyboardInterrupt),
        ):
            llm.run(work())
    assert len(server.seen) == 2
    assert "for 2 model requests in flight" in capsys.readouterr().err
    assert totals(tmp_path) == Amounts(2, 60, 40, 0, round(2 * COST * NANO), 0)


def ask_while_the_ledger_fails(llm: LLM, gate: Gate, server: Loopback, other: sqlite3.Connection) -> None:
    """Send a request, lock the ledger from another connection, and receive the reply."""

    async def work() -> str:
        asked = asyncio.ensure_future(llm.ask(user("first")))
        await until(lambda: server.seen)
        other.execute("BEGIN IMMEDIATE")
        gate.open.set()
        return (await asked).text

    assert llm.run(work()) == "fine"


def test_costs_that_a_step_could_not_write_are_an_error_and_the_next_step_writes_them(tmp_path, monkeypatch):
    monkeypatch.setattr("gr_toolkit.sqlite.BUSY_SECONDS", 0.01)
    with gated() as (gate, server):
        with (
            pytest.raises(CannotWrite, match=r"cannot write the ledger of costs .* locked"),
            closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other,
            asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm,
        ):
            ask_while_the_ledger_fails(llm, gate, server, other)
        limit = 1.6 * worst_case(server)  # more than a reply and a reservation, less than two reservations
        with asking(server, tmp_path, max_cost_usd=limit, **PRICES) as llm:
            assert llm.run(asyncio.wait_for(llm.ask(user("other")), 20)).text == "fine"
    assert totals(tmp_path) == Amounts(2, 60, 40, 0, round(2 * COST * NANO), 0)


def test_costs_that_fail_to_be_written_for_a_moment_are_written_later(tmp_path, monkeypatch):
    monkeypatch.setattr("gr_toolkit.sqlite.BUSY_SECONDS", 0.01)
    with (
        gated() as (gate, server),
        closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other,
        asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm,
    ):
        ask_while_the_ledger_fails(llm, gate, server, other)
        other.execute("ROLLBACK")
    assert totals(tmp_path) == Amounts(1, 30, 20, 0, round(COST * NANO), 0)


def test_unwritten_costs_do_not_hide_the_error_that_ends_a_step(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("gr_toolkit.sqlite.BUSY_SECONDS", 0.01)
    with gated() as (gate, server), closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:

        def step() -> None:
            with asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm:
                ask_while_the_ledger_fails(llm, gate, server, other)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            step()
    assert "costs are not recorded: cannot write the ledger" in capsys.readouterr().err


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


@pytest.mark.parametrize("unusable", [says("", tokens=TOKENS), Reply(body={"choices": []})])
def test_unusable_reply_costs_the_tokens_that_the_server_reports(tmp_path, unusable):
    unusable.body["usage"] = {"prompt_tokens": 30, "completion_tokens": 20}
    replies = [unusable, says("fine", tokens=TOKENS)]
    with serving(*replies) as server, asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm:
        assert ask(llm, "1") == ["fine"]
    assert totals(tmp_path) == Amounts(2, 60, 40, 0, round(2 * COST * NANO), 0)
    assert (llm.usage.input_tokens, llm.usage.cost_usd) == (60, pytest.approx(2 * COST))


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": 1.5},
        {"prompt_tokens": 9},
    ],
)
def test_reply_without_token_counts_costs_its_worst_case(tmp_path, usage):
    reply = says("fine", tokens=None)
    reply.body["usage"] = usage if not usage else {"completion_tokens": "5", **usage}
    with serving(reply) as server, asking(server, tmp_path, **PRICES) as llm:
        ask(llm, "1")
    assert totals(tmp_path).cost == pytest.approx(worst_case(server) * NANO, abs=1)


@pytest.mark.parametrize(
    ("status", "is_free"),
    [
        *((status, True) for status in (400, 404, 413, 429, 500, 503)),
        *((status, False) for status in (408, 502, 504, 524)),
    ],
)
def test_status_that_does_not_say_that_the_model_did_nothing_costs_the_worst_case(tmp_path, status, is_free):
    replies = [fails(status, "no"), says("fine", tokens=TOKENS)]
    with serving(*replies) as server, asking(server, tmp_path, max_cost_usd=9.0, **PRICES) as llm:
        with suppress(RequestFailed, ServerUnusable):
            ask(llm, "1")
        answered = len(server.seen) - 1
        expected = answered * COST + (0.0 if is_free else worst_case(server))
    assert totals(tmp_path).cost == pytest.approx(expected * NANO, abs=2)
    assert totals(tmp_path).reserved == 0


def test_request_that_costs_more_than_the_whole_limit_says_so(tmp_path):
    with (
        serving(says("fine")) as server,
        asking(server, tmp_path, max_cost_usd=0.01, **PRICES) as llm,
        pytest.raises(BudgetExceeded, match=r"more than all of .* = 0\.01\. Lower its max_tokens") as error,
    ):
        ask(llm, "1")
    assert "tomorrow" not in str(error.value)
    assert server.seen == []


def test_cancelled_requests_release_their_reservations(tmp_path):
    with (
        gated() as (_, server),
        asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm,
        pytest.raises(BudgetExceeded),
    ):
        ask(llm, "short", "also short", "too long " * 100)
    assert totals(tmp_path).reserved == 0


def test_absurd_token_counts_do_no_harm(tmp_path):
    replies = [says(text, tokens=TOKENS) for text in "abc"]
    replies[0].body["usage"] = {"prompt_tokens": 10**400, "completion_tokens": 0}
    replies[1].body["usage"] = {"prompt_tokens": 1, "completion_tokens": 10**400, "total_tokens": 10**401}
    with serving(*replies) as server, asking(server, tmp_path, **PRICES) as llm:
        texts = [llm.run(llm.ask(user(text))) for text in "abc"]
    most = 2**31 - 1
    assert [reply.text for reply in texts] == ["a", "b", "c"]
    assert [(reply.input_tokens, reply.output_tokens) for reply in texts] == [(most, 0), (1, most), TOKENS]
    assert totals(tmp_path)[:3] == (3, most + 31, most + 20)


@pytest.mark.parametrize("counts", [(-5, 10), (10, -5), (0, 0), (None, None), ("12", "3"), (1.5, 2.5)])
def test_counts_that_are_none_leave_the_worst_case(tmp_path, counts):
    reply = says("fine")
    reply.body["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), counts, strict=True))
    with serving(reply) as server, asking(server, tmp_path, **PRICES) as llm:
        llm.run(llm.ask(user("hello")))
    with (
        serving(says("fine", tokens=None)) as server,
        asking(server, tmp_path / "2", **PRICES) as llm,
    ):
        llm.run(llm.ask(user("hello")))
    assert totals(tmp_path).cost == totals(tmp_path / "2").cost > 0


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
    ("worst_cases", "used", "releasable", "decisions"),
    [
        ([10], 90, 0, "G"),
        ([11], 90, 0, "R"),
        ([11], 90, 1, "W"),
        ([60, 60, 40, 1], 0, 0, "GWGW"),
        ([101, 0], 200, 0, "RG"),
    ],
)
def test_a_request_is_granted_waits_or_is_refused(worst_cases, used, releasable, decisions):
    letters = {"G": Decision.GRANTED, "W": Decision.WAIT, "R": Decision.REFUSED}
    assert decide(worst_cases, 100, used, releasable) == [letters[letter] for letter in decisions]
