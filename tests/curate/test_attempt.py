"""`curate attempt`: the sampled solutions of a question, their verdicts, and what they cost."""

from __future__ import annotations

import pytest

from curate.attempt import attempt
from gr_toolkit.console import Summary
from gr_toolkit.errors import BudgetExceeded, ServerUnusable
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store, content_id
from loopback import Accepts, Body, Loopback, but_answers_control, fails, says, serving
from rows import fill, rows_of

UNREACHABLE = "http://127.0.0.1:9/v1"
UNDECIDABLE = says("\\boxed{making sugar from light}")  # by the rules, for the reference "photosynthesis"


@pytest.fixture
def judged(store: Store) -> Store:
    """A question with the answer 60 km/h, and one that is not verifiable."""
    asked = fill("judged", "a", question="How fast?", answer="60 km/h")
    store.table("judged").write("1", [asked, fill("judged", "b", kept=False, reason="open-ended")])
    return store


def run_step(store: Store, server: Loopback, *, samples=1, verify=None, **llm) -> Summary:
    summary = Summary("curate attempt", table="attempts")
    settings = Settings(
        data=store.data,
        instruction="Box it.",
        llm={"model": "m", "base_url": server.url, "retries": 0, "patience": 0, **llm},
        curate={"samples": samples, "any_pass_rate": True},
        verify=verify or {"model": False},
    )
    attempt(store, settings, summary)
    return summary


def attempted(store: Store, reply, **settings) -> tuple[Summary, list[Body]]:
    """Run the step with a server that sends `reply`; return its summary and the requests."""
    with serving(reply) as server:
        return run_step(store, server, **settings), server.seen


def test_every_sample_of_a_verifiable_question_is_a_request_with_its_own_seed(judged):
    summary, seen = attempted(judged, says("\\boxed{60 km/h}"), samples=3)
    assert sorted(body["seed"] for body in seen) == [0, 1, 2]
    assert {body["temperature"] for body in seen} == {1.0}
    assert {body["messages"][-1]["content"] for body in seen} == {"How fast? Box it."}
    rows = rows_of(judged, "attempts")
    assert [(row["id"], row["sample"]) for row in rows] == [(content_id("a", n), n) for n in range(3)]
    assert {(row["pair_id"], row["solver"]) for row in rows} == {("a", "m: Box it.")}
    assert (summary.rows_in, summary.rows, summary.kept, summary.requests) == (2, 3, 3, 3)


@pytest.mark.parametrize(
    ("reply", "answer", "verdict", "decided_by", "reason"),
    [
        ("So it is \\boxed{60 km/h}.", "60 km/h", True, "text", None),
        ("So it is \\boxed{50 km/h}.", "50 km/h", False, "quantities", None),
        ("I do not know", None, False, "no answer", None),
        ("\\boxed{no idea}", "no idea", None, "rules", "undecided"),
    ],
)
def test_row_has_the_answer_and_the_verdict_of_its_completion(
    judged, reply, answer, verdict, decided_by, reason
):
    attempted(judged, says(reply))
    (row,) = rows_of(judged, "attempts")
    assert (row["completion"], row["answer"]) == (reply, answer)
    assert (row["verdict"], row["decided_by"]) == (verdict, decided_by)
    assert (row["kept"], row["reason"]) == (reason is None, reason)
    assert row["rationale"]


def test_row_keeps_the_reasoning_apart_from_the_completion(judged):
    attempted(judged, says("So it is \\boxed{60 km/h}.", reasoning="Perhaps \\boxed{7}?", tokens=(10, 40)))
    (row,) = rows_of(judged, "attempts")
    assert (row["completion"], row["answer"]) == ("So it is \\boxed{60 km/h}.", "60 km/h")
    assert (row["reasoning"], row["finish_reason"], row["output_tokens"]) == (
        "Perhaps \\boxed{7}?",
        "stop",
        40,
    )


def test_row_without_reasoning_has_none(judged):
    attempted(judged, says("\\boxed{60 km/h}"))
    assert [row["reasoning"] for row in rows_of(judged, "attempts")] == [None]


def test_solver_table_overrides_temperature_and_shifts_the_seeds(judged):
    solver = {"temperature": 0.6, "seed": 100}
    _, seen = attempted(judged, says("\\boxed{1}"), samples=2, temperature=0.2, solver=solver)
    assert sorted((body["temperature"], body["seed"]) for body in seen) == [(0.6, 100), (0.6, 101)]


def test_failed_request_gives_a_row_without_completion_and_verdict(judged):
    attempted(judged, but_answers_control(fails(400, "no")))
    (row,) = rows_of(judged, "attempts")
    assert (row["kept"], row["reason"]) == (False, "failed: HTTP 400")
    assert {row[name] for name in ("completion", "answer", "verdict", "decided_by", "rationale")} == {None}
    assert {row[name] for name in ("reasoning", "finish_reason", "output_tokens")} == {None}
    assert (row["pair_id"], row["sample"], row["solver"]) == ("a", 0, "m: Box it.")


def test_second_run_over_the_same_questions_reads_the_cache(judged):
    with serving(says("\\boxed{60 km/h}")) as server:
        run_step(judged, server, samples=2)
        first = rows_of(judged, "attempts")
        judged.table("judged").write("2", judged.table("judged").rows("1"))
        summary = run_step(judged, server, samples=2)
    assert (summary.requests, summary.cached, len(server.seen)) == (0, 2, 2)
    assert rows_of(judged, "attempts") == first * 2


@pytest.fixture
def undecidable(store: Store) -> Store:
    """A question whose answer only a verifier model can verify."""
    question = fill("judged", "a", question="What do leaves do?", answer="photosynthesis")
    store.table("judged").write("1", [question])
    return store


def test_usage_of_the_verifier_model_is_in_the_summary(undecidable):
    judge = Accepts(tokens=(100, 50))

    def reply(body):
        return judge(body) if body["model"] == "judge" else UNDECIDABLE

    summary, seen = attempted(undecidable, reply, verify={"model": True}, verifier={"model": "judge"})
    assert sorted(body["model"] for body in seen) == ["judge", "judge", "m"]  # a yes is tested with a decoy
    assert (summary.requests, summary.input_tokens, summary.output_tokens) == (3, 210, 105)
    (row,) = rows_of(undecidable, "attempts")
    assert (row["verdict"], row["decided_by"], row["kept"]) == (True, "model", True)


def test_unusable_verifier_ends_the_step_without_a_shard(undecidable):
    with pytest.raises(ServerUnusable, match=r"127\.0\.0\.1:9"):
        attempted(undecidable, UNDECIDABLE, verify={"model": True}, verifier={"base_url": UNREACHABLE})
    assert undecidable.table("attempts").shards() == []


def test_verifier_spends_the_budget_of_the_solver(undecidable):
    prices = {"input_usd_per_million": 0.0, "output_usd_per_million": 1e6, "max_tokens": 10}  # $1 per token
    with pytest.raises(BudgetExceeded, match=r"\$5\.000000 of llm\.max_cost_usd = 2050 is spent"):
        attempted(undecidable, UNDECIDABLE, verify={"model": True}, max_cost_usd=2050.0, **prices)
