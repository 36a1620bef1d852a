"""`gr llm cost`, and the exit code of commands whose budget ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import gr
from gr_toolkit.llm.spending.ledger import (
    Amounts,
    Ledger,
    Limit,
    Reservation,
    RowKey,
    nano,
    read_entries,
    today,
)
from loopback import says, serving
from processes import PROCESSES

PRICES = {
    "GR_LLM__INPUT_USD_PER_MILLION": "1000",
    "GR_LLM__OUTPUT_USD_PER_MILLION": "2000",
    "GR_LLM__MAX_TOKENS": "20",
    "GR_LLM__VERIFIER__MAX_TOKENS": "20",
    "GR_EVAL__MAX_TOKENS": "20",
    "GR_LLM__RETRIES": "0",
    "GR_LLM__PATIENCE": "0",
}
PAIRS = [
    {"question": f"What makes a plant grow {n}?", "ground_truth": "photosynthesis", "student_answer": "sugar"}
    for n in range(20)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = "".join(json.dumps(pair) + "\n" for pair in PAIRS)
    (tmp_path / "pairs.jsonl").write_text(lines, encoding="utf-8")
    questions = "".join(
        json.dumps({"id": str(n), "question": f"What is {n} + 1?", "answer": str(n + 1)}) + "\n"
        for n in range(20)
    )
    (tmp_path / "sums.jsonl").write_text(questions, encoding="utf-8")
    return tmp_path


def cut_off(state: Path) -> None:
    """Reserve and end, as a killed run does."""
    reservation = Reservation("curate judge", "m", nano(0.5))
    Ledger(state).reserve({}, [reservation, reservation], Limit(nano(9.0), "day"))


def test_ledger_is_shown_by_day_step_and_model(folder):
    state = folder / "gr-data" / ".state"
    ledger = Ledger(state)
    ledger.add(
        {
            RowKey("2020-02-29", "curate judge", "old"): Amounts(9, 9, 9, 9, nano(9.0)),
            RowKey(today(), "curate judge", "m"): Amounts(2, 1000, 300, 200, nano(0.25)),
            RowKey(today(), "eval sums", "m"): Amounts(1, 10, 5, 0, nano(0.125)),
        }
    )
    ledger.close()
    killed = PROCESSES.Process(target=cut_off, args=(state,))
    killed.start()
    killed.join()
    code, shown, errors = gr(folder, "llm", "cost", GR_LLM__MAX_COST_USD="5", **PRICES)
    assert (code, errors) == (0, "")
    lines = [line.split() for line in shown.splitlines()]
    assert lines[1:4] == [
        [today(), "curate", "judge", "m", "4", "1,000", "300", "200", "$0.2500", "$1.0000"],
        [today(), "eval", "sums", "m", "1", "10", "5", "0", "$0.1250", "$0.0000"],
        [today(), "total", "5", "1,010", "305", "200", "$0.3750", "$1.0000"],
    ]
    assert "cut off: requests in flight when their run was killed" in shown
    assert "budget: $5 a day, of which $3.6250 is left today" in shown
    assert "old" in gr(folder, "llm", "cost", "--days", "36500")[1]


def test_ledger_as_json(folder):
    ledger = Ledger(folder / "gr-data" / ".state")
    ledger.add({RowKey(today(), "verify", "m"): Amounts(2, 1000, 300, 200, nano(0.25))})
    ledger.close()
    code, shown, _ = gr(folder, "llm", "cost", "--json", GR_LLM__MAX_COST_USD="0.2", **PRICES)
    costs = json.loads(shown)
    row = {"requests": 2, "input_tokens": 1000, "output_tokens": 300, "reasoning_tokens": 200}
    row |= {"day": today(), "step": "verify", "model": "m", "cost_usd": 0.25}
    assert (code, costs["left_usd"]) == (0, 0.0)
    assert costs["rows"] == [row | {"in_flight_usd": 0.0, "cut_off_usd": 0.0}]
    assert [(day["day"], day["cost_usd"]) for day in costs["days"]] == [(today(), 0.25)]


def test_empty_ledger_is_one_line_and_creates_nothing(tmp_path):
    assert gr(tmp_path, "llm", "cost") == (0, "no model was asked in the last 30 days\n", "")
    assert list(tmp_path.iterdir()) == []


def test_ledger_that_a_kill_left_empty_has_no_costs(tmp_path):
    state = tmp_path / "gr-data" / ".state"
    state.mkdir(parents=True)
    for name in ("ledger.sqlite", "ledger.sqlite-wal"):
        (state / name).touch()
    assert gr(tmp_path, "llm", "cost") == (0, "no model was asked in the last 30 days\n", "")
    assert sorted(path.name for path in state.iterdir()) == ["ledger.sqlite", "ledger.sqlite-wal"]


def test_damaged_ledger_is_one_line(tmp_path):
    state = tmp_path / "gr-data" / ".state"
    state.mkdir(parents=True)
    (state / "ledger.sqlite").write_bytes(b"not a database " * 100)
    code, _, errors = gr(tmp_path, "llm", "cost")
    assert (code, errors.count("\n")) == (1, 1)
    assert "cannot read the ledger of costs gr-data/.state/ledger.sqlite" in errors


@pytest.mark.parametrize(
    ("command", "step"),
    [
        (["verify", "pairs.jsonl"], "verify"),
        (["eval", "--on", "sums.jsonl", "--model", "m"], "eval sums"),
    ],
)
def test_exhausted_budget_exits_1_and_the_next_run_that_day_sends_nothing(folder, command, step):
    with serving(says("Final Decision: No", tokens=(300, 20))) as server:
        model = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": server.url, "GR_LLM__MAX_COST_USD": "3", **PRICES}
        code, _, errors = gr(folder, *command, **model)
        assert code == 1
        assert "of llm.max_cost_usd = 3 is spent today" in errors
        sent = len(server.seen)
        assert 0 < sent < 20
        assert gr(folder, *command, **model)[0] == 1
        assert len(server.seen) == sent
        shown = gr(folder, "llm", "cost", **model)[1]
    (entry,) = read_entries(folder / "gr-data" / ".state", today())
    assert (entry.step, entry.model) == (step, "m")
    assert entry.amounts == Amounts(sent, 300 * sent, 20 * sent, 0, sent * nano(0.34))
    assert f"{step}  m" in shown
    assert "budget: $3 a day" in shown
