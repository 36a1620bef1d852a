"""What `gr curate` refuses before its first step, also with --dry-run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import gr, refusal
from rows import fill

BOTH = pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
MODEL = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": "http://127.0.0.1:9/v1", "GR_LLM__PATIENCE": "0"}


@pytest.fixture
def folder(tmp_path: Path, store) -> Path:
    """A folder with a text to curate."""
    store.table("texts").write("1", [fill("texts")])
    return tmp_path


@BOTH
@pytest.mark.parametrize("role", ["extractor", "judge", "solver", "verifier", "second_verifier"])
def test_a_missing_local_model_of_any_role_is_refused_before_the_first_step(folder, role, dry):
    variables = {"GR_LLM__VERIFIER__MODEL": "m", f"GR_LLM__{role.upper()}__MODEL": "local:nope.gguf"}
    assert f"llm.{role}.model: no model at nope.gguf" in refusal(folder, "curate", *dry, **MODEL | variables)


@BOTH
def test_a_step_needs_only_its_own_model(folder, dry):
    judge = {"GR_LLM__JUDGE__MODEL": "local:nope.gguf"}
    assert "llm.judge.model: no model" in refusal(folder, "curate", "judge", *dry, **MODEL | judge)
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
    variables = MODEL | {"GR_CURATE__BENCHMARKS": json.dumps([benchmark])}
    refused = refusal(folder, "curate", *step, *dry, **variables)
    assert f"gr: curate.benchmarks: {message}" in refused


@BOTH
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MIN_PASS_RATE", "1.0", "curate: min_pass_rate = 1.0 is not below max_pass_rate = 1.0, so"),
        ("SAMPLES", "1", "curate: with samples = 1 every question is never or always solved"),
    ],
)
def test_settings_that_keep_no_question_are_refused(folder, name, value, message, dry):
    assert message in refusal(folder, "curate", *dry, **MODEL | {f"GR_CURATE__{name}": value})


@BOTH
def test_a_budget_without_prices_is_refused_with_the_role_that_lacks_them(folder, dry):
    budget = MODEL | {"GR_LLM__MAX_COST_USD": "1"}
    assert "llm.model: llm.max_cost_usd needs the prices of m" in refusal(folder, "curate", *dry, **budget)
    budget |= {"GR_LLM__INPUT_USD_PER_MILLION": "1", "GR_LLM__OUTPUT_USD_PER_MILLION": "1"}
    assert gr(folder, "curate", "--dry-run", **budget)[0] == 0
    budget["GR_LLM__JUDGE__MODEL"] = "other"
    refused = refusal(folder, "curate", *dry, **budget)
    assert "llm.judge.model: llm.max_cost_usd needs the prices of other" in refused


@BOTH
@pytest.mark.parametrize("table", ["", "JUDGE__", "VERIFIER__"])
def test_a_server_without_a_scheme_is_refused_by_the_name_of_its_setting(folder, table, dry):
    variables = MODEL | {f"GR_LLM__{table}BASE_URL": "localhost:8000"}
    setting = f"llm.{table.lower().replace('__', '.')}base_url"
    refused = refusal(folder, "curate", *dry, **variables)
    assert f"{setting} = 'localhost:8000': must be a URL such as http://localhost:8000/v1" in refused


@BOTH
def test_an_invalid_server_in_the_environment_is_refused(folder, dry):
    variables = {"GR_LLM__MODEL": "m", "OPENAI_BASE_URL": "localhost:8000"}
    assert "OPENAI_BASE_URL = 'localhost:8000' is not a URL" in refusal(folder, "curate", *dry, **variables)


@BOTH
@pytest.mark.parametrize("role", ["extractor", "judge", "solver", "verifier", "second_verifier"])
def test_a_missing_key_of_any_role_is_refused_before_the_first_step(folder, role, dry):
    own = f"GR_LLM__{role.upper()}__"
    variables = {f"{own}BASE_URL": "https://e.org/v1", f"{own}API_KEY_ENV": "UNSET_KEY"}
    refused = refusal(folder, "curate", *dry, **MODEL | variables)
    assert "no API key for https://e.org/v1: set the environment variable UNSET_KEY, " in refused
    assert f"or llm.{role}.base_url for another server, or llm.model = " in refused
    assert gr(folder, "curate", "--dry-run", UNSET_KEY="planted", **MODEL | variables)[0] == 0


@BOTH
def test_the_missing_key_of_the_default_server_is_refused(folder, dry):
    assert "environment variable OPENAI_API_KEY" in refusal(folder, "curate", *dry, GR_LLM__MODEL="m")
