"""The steps of `gr curate` in order, on real tables, with a model served on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate.command import CURATE_STEPS
from curate.models import model_for
from curate.pipeline import curate, plan
from gr_toolkit.console import Summary
from gr_toolkit.errors import ServerUnusable
from gr_toolkit.settings import Settings
from gr_toolkit.steps import step_of
from gr_toolkit.store.questions import Question, read_questions
from loopback import but_answers_control, fails, says, serving
from rows import fill, rows_of


def settings_for(store, server=None, **curate_settings):
    llm = {
        "model": "m",
        "base_url": server.url if server else "http://127.0.0.1:9/v1",
        "retries": 0,
        "patience": 0,
    }
    return Settings(
        data=store.data, llm=llm, curate={"samples": 2, **curate_settings}, verify={"model": False}
    )


def reasons(store, table):
    return sorted(str(row["reason"]) for row in rows_of(store, table))


def test_every_question_reaches_the_dataset_or_has_a_reason(texts, model):
    with serving(model()) as server:
        curate(settings_for(texts, server), CURATE_STEPS, [])
    assert reasons(texts, "pairs") == ["None"] * 5 + ["answer too long", "no accepted answer"]
    assert reasons(texts, "duplicates") == ["exact duplicate"]
    assert reasons(texts, "contaminated") == ["overlaps tiny"]
    assert reasons(texts, "judged") == ["None", "None", "needs context"]
    assert reasons(texts, "attempts") == ["None", "None", "undecided", "undecided"]
    assert reasons(texts, "dataset") == ["always solved"] * 2


def test_progress_of_every_step_ends_at_its_input_rows(texts, model, monkeypatch, capsys):
    monkeypatch.setattr("gr_toolkit.console.bars.LOG_EVERY_SECONDS", 0.0)
    with serving(model()) as server:
        summaries: list[Summary] = []
        curate(settings_for(texts, server), CURATE_STEPS, summaries)
    lines = capsys.readouterr().err.splitlines()
    assert [summary.rows_in for summary in summaries] == [3, 7, 7, 7, 3, 3]
    for summary in summaries:
        shown = [line.partition(": ")[2] for line in lines if line.startswith(f"{summary.step}: ")]
        bars = 2 if summary.step == "curate dedup" else 1  # signing has its own bar
        assert shown.count(f"{summary.rows_in}/{summary.rows_in}") == bars, shown
        assert shown[-1] == f"{summary.rows_in}/{summary.rows_in}"


def test_failed_judge_request_gives_a_row(texts, model):
    with serving(model(judge=lambda body: fails(400, "no"))) as server:
        summaries: list[Summary] = []
        curate(settings_for(texts, server), CURATE_STEPS, summaries)
    *_, judged, attempted, exported = summaries
    assert reasons(texts, "judged") == ["failed: HTTP 400"] * 3
    assert {row["verifiable"] for row in rows_of(texts, "judged")} == {None}
    assert (judged.rows, judged.kept, attempted.rows, exported.rows) == (3, 0, 0, 0)


def test_failed_solver_request_gives_a_row_per_sample(texts, model):
    with serving(model(attempt=but_answers_control(fails(400, "no")))) as server:
        curate(settings_for(texts, server), CURATE_STEPS, [])
    assert reasons(texts, "attempts") == ["failed: HTTP 400"] * 4
    assert {row["verdict"] for row in rows_of(texts, "attempts")} == {None}
    assert reasons(texts, "dataset") == ["no attempt decided"] * 2


def test_no_second_answer_is_extracted_from_the_found_answer(texts, model):
    boxed = "\\boxed{2 km and so the answer is 60 km/h}"
    with serving(model(attempt=lambda body: says(boxed))) as server:
        curate(settings_for(texts, server), CURATE_STEPS, [])
    assert True not in {row["verdict"] for row in rows_of(texts, "attempts")}


def test_summaries_include_the_work_done_before_a_failure(texts, model):
    summaries = []

    def judge_one_shard(body):
        return fails(401, "no") if "photosynthesis?\nAnswer: carbon dioxide" in last(body) else model()(body)

    def last(body):
        return body["messages"][-1]["content"]

    with serving(model(judge=judge_one_shard)) as server, pytest.raises(ServerUnusable):
        curate(settings_for(texts, server), CURATE_STEPS, summaries)
    *done, judged = summaries
    assert [summary.step for summary in done] == ["curate extract", "curate dedup", "curate decontaminate"]
    assert [(summary.rows_in, summary.notes) for summary in done] == [(3, []), (7, []), (7, [])]
    assert (judged.rows_in, judged.rows, judged.kept, judged.shards) == (5, 2, 1, 1)
    assert (judged.requests, judged.input_tokens) == (3, 20)


def test_nightly_run_only_adds_rows(store):
    def arrive(shard, **questions):
        rows = [fill("pairs", pair_id, question=question) for pair_id, question in questions.items()]
        store.table("pairs").write(shard, rows)
        curate(settings_for(store), [step_of("duplicates")], [])

    tree = "A tree grows 3 feet in 2 years. How high is it after 8 years?"
    lake = "A lake loses 5 litres of water in an hour. How many does it lose in a day?"
    arrive("b", old=tree, again=f"Exercise 4. {tree}")
    first = (Path(store.data) / "duplicates" / "b.parquet").read_bytes()
    arrive("a", new=f"{tree} Thanks!", lake=lake)  # its name sorts before the older shard's
    arrive("c", newest=tree.upper(), lakes=lake)
    assert {row["id"]: row["kept_id"] for row in rows_of(store, "duplicates")} == {
        "again": "old",
        "new": "old",
        "newest": "old",
        "lakes": "lake",
    }
    assert (Path(store.data) / "duplicates" / "b.parquet").read_bytes() == first


def test_plan_counts_the_rows_of_the_pending_shards(texts):
    texts.table("pairs").write("1", [])
    extract, dedup, *_ = plan(settings_for(texts), CURATE_STEPS)
    assert (extract.step, extract.table, extract.rows_in) == ("curate extract", "pairs", 1)
    assert extract.notes == ["would read 1 rows of texts in 1 shards"]
    assert (dedup.step, dedup.table, dedup.rows_in) == ("curate dedup", "duplicates", 0)
    assert dedup.notes == ["would read 0 rows of pairs in 1 shards"]


def test_usage_of_a_model_is_in_the_summary_after_an_error(store):
    def ask_and_fail():
        with model_for("extractor", store, settings_for(store, server), summary) as llm:
            llm.run(llm.ask([{"role": "user", "content": "Hello"}]))
            raise KeyError

    summary = Summary("curate extract")
    with serving(says("Hello")) as server, pytest.raises(KeyError):
        ask_and_fail()
    assert (summary.requests, summary.input_tokens, summary.output_tokens) == (1, 10, 5)


def test_a_configured_benchmark_is_read_once(texts, model, tmp_path, monkeypatch):
    benchmark = str(tmp_path / "mine.jsonl")
    (tmp_path / "mine.jsonl").write_text('{"question": "How far is the moon?"}')
    read: list[str] = []

    def counted(path: str, *, need_answers: bool) -> list[Question]:
        read.append(path)
        return read_questions(path, need_answers=need_answers)

    monkeypatch.setattr("curate.decontaminate.read_questions", counted)
    with serving(model()) as server:
        curate(settings_for(texts, server, benchmarks=[benchmark]), CURATE_STEPS, [])
    assert read.count(benchmark) == 1
