"""What `gr curate` refuses before its first step, also with --dry-run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import gr
from rows import fill

BOTH = pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
MODEL = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": "http://127.0.0.1:9/v1", "GR_LLM__PATIENCE": "0"}


@pytest.fixture
def folder(tmp_path: Path, store) -> Path:
    """A folder with a text to curate."""
    store.table("texts").write("1", [fill("texts")])
    return tmp_path


def refusal(folder: Path, *arguments: str, **variables: str) -> str:
    """The one line that `gr curate` prints; it leaves the folder as it was."""
    before = sorted(folder.rglob("*"))
    code, output, errors = gr(folder, "curate", *arguments, **MODEL | variables)
    assert (code, output) == (2, ""), errors
    assert errors.startswith("gr: "), errors
    assert errors.count("\n") == 1, errors
    assert sorted(folder.rglob("*")) == before
    return errors


@BOTH
@pytest.mark.parametrize("role", ["extractor", "judge", "solver", "verifier", "second_verifier"])
def test_a_missing_local_model_of_any_role_is_refused_before_the_first_step(folder, role, dry):
    variables = {"GR_LLM__VERIFIER__MODEL": "m", f"GR_LLM__{role.upper()}__MODEL": "local:nope.gguf"}
    assert f"llm.{role}.model: no model at nope.gguf" in refusal(folder, *dry, **variables)


@BOTH
def test_a_step_needs_only_its_own_model(folder, dry):
    judge = {"GR_LLM__JUDGE__MODEL": "local:nope.gguf"}
    assert "llm.judge.model: no model" in refusal(folder, "judge", *dry, **judge)
    for step in ("dedup", "decontaminate", "export"):
        assert gr(folder, "curate", step, *dry, **MODEL | judge)[0] == 0


@BOTH
@pytest.mark.parametrize("step", [[], ["decontaminate"]], ids=["all steps", "one step"])
@pytest.mark.parametrize(
    ("benchmark", "message"),
    [
        ("nope.jsonl", "cannot read nope.jsonl: No such file or directory"),
        ("folder.jsonl", "cannot read "),
        ("broken.jsonl", "broken.jsonl, line 1 is not JSON"),
        ("broken.parquet", "broken.parquet is not a Parquet file"),
        ("nope://broken.jsonl", "cannot read nope://broken.jsonl"),
    ],
)
def test_a_benchmark_that_cannot_be_read_is_refused(folder, step, benchmark, message, dry):
    (folder / "folder.jsonl").mkdir()
    for name in ("broken.jsonl", "broken.parquet"):
        (folder / name).write_text("{")
    refused = refusal(folder, *step, *dry, GR_CURATE__BENCHMARKS=json.dumps([benchmark]))
    assert f"gr: curate.benchmarks: {message}" in refused


@BOTH
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MIN_PASS_RATE", "1.0", "no pass rate is above min_pass_rate = 1.0 and below max_pass_rate = 1.0"),
        ("SAMPLES", "1", "with samples = 1 every question is never or always solved"),
    ],
)
def test_settings_that_keep_no_question_are_refused(folder, name, value, message, dry):
    assert message in refusal(folder, *dry, **{f"GR_CURATE__{name}": value})
