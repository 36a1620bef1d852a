"""`gr curate` as a command: its output, its run log and its usage errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commands import gr, problem
from curate.command import CURATE_STEPS
from files import ROOT
from loopback import Answer, fails, serving

SMALL = {"GR_VERIFY__MODEL": "false", "GR_LLM__RETRIES": "0", "GR_LLM__PATIENCE": "0"}


def start(store, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start `gr curate` in the store's parent folder, without the GR_ and OPENAI_ variables set outside."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GR_", "OPENAI_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "curate", *arguments],
        cwd=Path(store.data).parent,
        env={**clean, "PYTHONPATH": str(ROOT), **SMALL, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gr_curate(store, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run `gr curate` in this process; return its exit code, stdout and stderr."""
    return gr(Path(store.data).parent, "curate", *arguments, **SMALL, **variables)


def logged(store) -> list[dict[str, object]]:
    """The records in the log of the runs."""
    return [json.loads(line) for line in (store.state / "runs.jsonl").read_text().splitlines()]


def model_at(server) -> dict[str, str]:
    return {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": server.url}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dry-run", "judge"], "put --dry-run after the step: gr curate judge --dry-run"),
        (
            ["--data", "x", "--json", "dedup"],
            "put --data x --json after the step: gr curate dedup --data x --json",
        ),
        (["--samples", "0", "attempt"], "put --samples 0 after the step: gr curate attempt --samples 0"),
    ],
)
def test_option_before_the_step_is_a_usage_error(store, arguments, message):
    code, output, errors = gr_curate(store, *arguments)
    assert (code, output) == (2, "")
    assert errors == f"gr: {message}\n"
    assert not store.state.exists()


@pytest.mark.parametrize("step", [[], *([step.subcommand] for step in CURATE_STEPS)], ids=" ".join)
@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]], ids=" ".join)
def test_missing_data_folder_is_a_usage_error_and_is_not_created(tmp_path, step, dry_run):
    code, output, errors = gr(tmp_path, "curate", *step, "--data", "mistyped", *dry_run)
    assert (code, output) == (2, "")
    assert errors == ("gr: mistyped does not exist: `gr crawl URL` creates it; --data names another folder\n")
    assert list(tmp_path.iterdir()) == []


def test_file_as_data_folder_is_a_usage_error(tmp_path):
    (tmp_path / "gr.log").touch()
    code, _, errors = gr(tmp_path, "curate", "--data", "gr.log")
    assert (code, errors) == (2, "gr: gr.log is a file, and not a data folder; --data names another\n")


def test_only_the_whole_run_and_attempt_accept_samples():
    assert problem(["curate", "--samples", "3"]) is None
    assert problem(["curate", "attempt", "--samples", "3"]) is None
    for step in ("extract", "dedup", "decontaminate", "judge", "export"):
        assert "--samples" in problem(["curate", step, "--samples", "3"])


def test_failed_step_prints_and_logs_all_summaries(texts, model):
    with serving(model(judge=lambda body: fails(401, "no"))) as server:
        code, output, errors = gr_curate(texts, "--json", **model_at(server))
    assert code == 1
    assert errors.startswith("gr: ")
    steps = json.loads(output)["steps"]
    assert [step["step"] for step in steps] == [
        f"curate {name}" for name in ("extract", "dedup", "decontaminate", "judge")
    ]
    assert [step["rows_in"] for step in steps] == [3, 7, 7, 0]
    assert [step["requests"] > 0 for step in steps] == [True, False, False, True]
    start, end = logged(texts)
    assert (start["event"], end["event"], end["run"], end["exit_code"]) == ("start", "end", start["run"], 1)
    assert end["steps"] == steps


def test_ctrl_c_prints_and_logs_all_summaries(texts, model):
    stopped = []

    def stop(body):
        if not stopped:
            stopped.append(process.send_signal(signal.SIGINT))
        return Answer(hang=1.0, hang_up=True)

    with serving(model(judge=stop)) as server:
        process = start(texts, **model_at(server))
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.strip().splitlines()[-1].startswith("gr: stopped.")
    assert "curate extract" in output
    assert "curate judge: did not finish" in output
    end = logged(texts)[-1]
    assert [step["table"] for step in end["steps"]] == ["pairs", "duplicates", "contaminated", "judged"]
    assert end["exit_code"] == 130


def test_locked_table_keeps_its_exit_code_and_message(texts, model):
    with serving(model()) as server, texts.table("duplicates").writing():
        code, output, errors = gr_curate(texts, "--json", **model_at(server))
    assert code == 75
    assert "table duplicates is being written by" in errors
    assert [step["rows"] for step in json.loads(output)["steps"]] == [7, 0]


def test_unwritable_run_log_is_reported_before_anything_is_asked(texts, model):
    (texts.state / "runs.jsonl").mkdir(parents=True)
    with serving(model()) as server:
        code, output, errors = gr_curate(texts, **model_at(server))
    assert (code, output, server.seen) == (1, "", [])
    assert errors.startswith("gr: cannot write gr-data/.state/runs.jsonl: Is a directory; make room")


@pytest.mark.parametrize("as_json", [False, True])
def test_dry_run_prints_the_plan_and_writes_nothing(texts, as_json):
    code, output, errors = gr_curate(texts, "--dry-run", *(["--json"] if as_json else []))
    assert (code, errors) == (0, "")
    assert "would read 3 rows of texts in 2 shards" in output
    assert not as_json or len(json.loads(output)["steps"]) == 6
    assert not texts.state.exists()
    assert [path.name for path in Path(texts.data).iterdir()] == ["texts"]
