"""Stored attempts are verified again once a verifier model is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate.attempt import attempt
from curate.pipeline import plan
from gr_toolkit.console import Summary
from gr_toolkit.errors import ServerUnusable
from gr_toolkit.llm.requests.wire import CONTROL
from gr_toolkit.settings import Settings
from gr_toolkit.steps import step_of
from gr_toolkit.store import Store
from loopback import Accepts, Answer, Body, fails, says, serving
from rows import fill, rows_of

QUESTION = {"question": "What do leaves do?", "answer": "photosynthesis"}
SOLUTIONS = {0: "\\boxed{making sugar from light}", 1: "\\boxed{photosynthesis}", 2: "I do not know"}


@pytest.fixture
def judged(store: Store) -> Store:
    store.table("judged").write("1", [fill("judged", "a", **QUESTION)])
    store.table("judged").write("2", [fill("judged", "b", question="How fast?", answer="60 km/h")])
    return store


class Model:
    """Solves each question; as the verifier it decides `decision`. Counts both kinds of requests."""

    def __init__(self) -> None:
        self.decision: Answer | None = None  # None: it accepts each answer for one reference
        self.accepts = Accepts()
        self.solved = self.verified = 0

    def __call__(self, body: Body) -> Answer:
        if "prompt" in body:
            if body["prompt"] == CONTROL and self.decision and self.decision.status == 400:
                return says("Yes.")
            self.verified += 1
            return self.decision or self.accepts(body)
        self.solved += 1
        if "How fast?" in str(body["messages"]):
            return says("\\boxed{60 km/h}")
        return says(SOLUTIONS[int(str(body["seed"]))])


@pytest.fixture
def model():
    return Model()


def run(store: Store, model: Model, verifier: str | None = None, **llm: object) -> Summary:
    """Run the step with a solver on a server; without `verifier`, llm.model is the bundled model."""
    summary = Summary("curate attempt", table="attempts")
    with serving(model) as server:
        roles = {"solver": {"model": "m", "base_url": server.url}}
        if verifier:
            roles["verifier"] = {"model": verifier, "base_url": server.url}
        settings = Settings(
            data=store.data,
            llm={"retries": 0, "patience": 0, "give_up_after": 1, **roles, **llm},
            curate={"samples": 3},
        )
        attempt(store, settings, summary)
    return summary


def verdicts(store: Store) -> list[tuple[object, object]]:
    rows = sorted(rows_of(store, "attempts"), key=lambda row: (str(row["pair_id"]), int(str(row["sample"]))))
    return [(row["verdict"], row["decided_by"]) for row in rows if row["pair_id"] == "a"]


RULES = [(None, "rules"), (True, "text"), (False, "no answer")]


def test_bundled_model_is_not_the_verifier_unless_it_is_named(judged, model):
    run(judged, model)
    assert verdicts(judged) == RULES
    assert model.verified == 0


def test_undecided_attempts_are_verified_from_their_stored_completions(judged, model):
    run(judged, model)
    judged.table("dataset").write("1", [fill("dataset", "a")])
    judged.table("dataset").write("2", [fill("dataset", "b")])
    untouched = (Path(judged.data) / "attempts" / "2.parquet").read_bytes()
    solved = model.solved
    summary = run(judged, model, "judge")
    assert verdicts(judged) == [(True, "model"), *RULES[1:]]
    assert (model.solved, model.verified) == (solved, 2)  # a yes is tested with a decoy
    assert summary.notes == ["verified again: 3 attempts in 1 shards"]
    assert (summary.requests, summary.pending) == (2, 0)
    assert judged.table("dataset").shards() == ["2"]  # the other one is made again
    assert (Path(judged.data) / "replaced" / "dataset-1.parquet").exists()
    assert (Path(judged.data) / "attempts" / "2.parquet").read_bytes() == untouched


def test_attempts_that_the_model_leaves_undecided_are_not_verified_every_night(judged, model):
    run(judged, model)
    model.decision = says("I cannot tell.")
    run(judged, model, "judge")
    assert verdicts(judged)[0] == (None, "model")
    assert run(judged, model, "judge").notes == []
    assert model.verified == 1


def test_attempts_stay_as_they_are_if_the_verifier_does_not_answer(judged, model):
    run(judged, model)
    before = rows_of(judged, "attempts")
    judged.table("dataset").write("1", [fill("dataset", "a")])
    model.decision = fails(500)
    with pytest.raises(ServerUnusable):
        run(judged, model, "judge")
    assert rows_of(judged, "attempts") == before
    assert judged.table("dataset").shards() == ["1"]
    model.decision = says("Final Decision: No")
    run(judged, model, "judge")
    assert verdicts(judged)[0] == (False, "model")


def test_attempt_whose_verifier_refuses_is_settled_with_the_reason(judged, model):
    model.decision = fails(400, "no")
    run(judged, model, "judge")
    row = next(row for row in rows_of(judged, "attempts") if row["decided_by"] == "error")
    assert (row["verdict"], row["kept"], row["reason"]) == (None, False, "failed: verifier")
    assert run(judged, model, "judge").notes == []


@pytest.mark.parametrize("left", [[], [fill("judged", "other")], None])
def test_attempts_whose_question_is_gone_stay_as_they_are(judged, model, left):
    run(judged, model)
    before = rows_of(judged, "attempts")
    (Path(judged.data) / "judged" / "1.parquet").unlink()
    if left is not None:
        judged.table("judged").write("1", left)
    assert run(judged, model, "judge").notes == []
    assert rows_of(judged, "attempts") == before


def test_pending_rows_of_both_parts_of_the_step_are_counted(judged, model):
    run(judged, model)
    judged.table("judged").write("3", [fill("judged", "c", **QUESTION)])
    model.decision = Answer(hang_up=True)
    assert run(judged, model, "judge").pending == 2


def test_dry_run_announces_the_second_verification(judged, model):
    def notes(verifier: dict[str, str]) -> list[str]:
        settings = Settings(data=judged.data, llm={"verifier": verifier})
        return plan(settings, [step_of("attempts")])[0].notes

    run(judged, model)
    would_read = "would read 0 rows of judged in 0 shards"
    assert notes({}) == [would_read]
    assert notes({"model": "m", "base_url": "http://localhost:8000/v1"}) == [
        would_read,
        "would verify undecided attempts again in 1 shard",
    ]
