"""`curate judge`: the row of a pair for each reply of the model."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from curate.flow import Pair
from curate.judge import PROMPT, Judgement, judge, judge_pair
from gr_toolkit.console import Summary
from gr_toolkit.llm import load_prompt
from gr_toolkit.settings import Settings
from loopback import asking, but_answers_control, fails, says, serving
from rows import fill, rows_of

PAIR = Pair("p1", "How far is it?", "5 km")
KINDS = {"answer_type": "Float", "category": "Physics", "difficulty": "University"}
PROBLEMS = get_args(Judgement.model_fields["problem"].annotation)


def finds(problem: str, **kinds: str):
    return says(json.dumps({"problem": problem, **KINDS, **kinds}))


def judged(tmp_path, *replies):
    """The row of PAIR for these replies, and the prompts that the server received."""
    with serving(*replies) as server, asking(server, tmp_path, retries=0) as llm:
        (row,), unanswered = llm.run(judge_pair(PAIR, llm, load_prompt(PROMPT)))
    assert unanswered is None
    return row, server.prompts


@pytest.mark.parametrize("problem", PROBLEMS)
def test_row_is_kept_if_and_only_if_there_is_no_problem(tmp_path, problem):
    row, _ = judged(tmp_path, finds(problem))
    kept = problem == "none"
    assert row == {
        "id": "p1",
        "question": "How far is it?",
        "answer": "5 km",
        "verifiable": kept,
        **KINDS,
        "judge": f"m {load_prompt(PROMPT).version}",
        "kept": kept,
        "reason": None if kept else problem,
    }


def test_request_contains_the_question_and_the_answer(tmp_path):
    assert judged(tmp_path, finds("none"))[1] == ["Question: How far is it?\nAnswer: 5 km"]


@pytest.mark.parametrize(
    ("replies", "reason", "requests"),
    [
        ([but_answers_control(fails(400, "no"))], "failed: HTTP 400", 3),
        ([says("not JSON")], "failed: not valid JSON for Judgement", 2),
        ([finds("none", category="Astrology")], "failed: not valid JSON for Judgement", 2),
    ],
)
def test_failed_request_leaves_the_question_unjudged(tmp_path, store, replies, reason, requests):
    row, prompts = judged(tmp_path, *replies)
    assert (row["verifiable"], row["kept"], row["reason"]) == (None, False, reason)
    assert {row[name] for name in KINDS} == {None}
    assert (row["judge"], len(prompts)) == (f"m {load_prompt(PROMPT).version}", requests)
    store.table("judged").write("1", [row])


def test_invalid_reply_is_repaired(tmp_path):
    row, _ = judged(tmp_path, says("not JSON"), finds("open-ended"))
    assert (row["verifiable"], row["reason"]) == (False, "open-ended")


def test_judge_reads_only_pairs_that_earlier_steps_did_not_remove_and_keeps_their_order(store):
    names = "dcba"
    store.table("pairs").write("1", [fill("pairs", name, question=f"{name}?") for name in names])
    store.table("duplicates").write("1", [fill("duplicates", "c", kept=False, reason="near duplicate")])
    store.table("contaminated").write("1", [fill("contaminated", "b", kept=False, reason="overlaps tiny")])
    summary = Summary("curate judge", table="judged")
    with serving(lambda body: finds("none" if "a?" in str(body) else "several answers")) as server:
        settings = Settings(data=store.data, llm={"model": "m", "base_url": server.url})
        judge(store, settings, summary)
    assert [(row["id"], row["reason"]) for row in rows_of(store, "judged")] == [
        ("d", "several answers"),
        ("a", None),
    ]
    assert (summary.requests, summary.input_tokens, summary.output_tokens) == (2, 20, 10)


def test_judge_uses_the_model_of_its_role(store):
    store.table("pairs").write("1", [fill("pairs")])
    for table in ("duplicates", "contaminated"):
        store.table(table).write("1", [])
    with serving(finds("none")) as server:
        llm = {"model": "big", "base_url": server.url, "judge": {"model": "small"}}
        judge(store, Settings(data=store.data, llm=llm), Summary("curate judge", table="judged"))
    assert [body["model"] for body in server.seen] == ["small"]
    assert rows_of(store, "judged")[0]["judge"].startswith("small ")
