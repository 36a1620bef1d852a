"""What `gr train grpo` refuses before it writes anything, also with --dry-run."""

from __future__ import annotations

import pytest

from commands import refusal
from gr_toolkit.settings import Settings

pytest.importorskip("trl", reason="needs trl: pip install 'gr-toolkit[train]'")
GRPO = ("train", "grpo")
BOTH = pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])


@BOTH
def test_a_model_that_does_not_exist_is_refused(tmp_path, dry):
    (tmp_path / "runs").mkdir()
    for model in ("nope.gguf", "./nope", "runs/nope", "local:nope.gguf"):
        assert "--model: no model at " in refusal(tmp_path, *GRPO, "--model", model, *dry)


@BOTH
def test_a_verifier_that_does_not_exist_is_refused(tmp_path, tiny_model, dry):
    variables = {"GR_LLM__VERIFIER__MODEL": "local:nope.gguf"}
    assert "llm.verifier.model: no model" in refusal(
        tmp_path, *GRPO, "--model", tiny_model, *dry, **variables
    )


@BOTH
@pytest.mark.parametrize("name", ["runs", "runs/grpo"])
def test_a_file_in_the_place_of_a_run_is_named(tmp_path, tiny_model, write_questions, name, dry):
    write_questions(Settings(data=str(tmp_path / "gr-data")))
    file = tmp_path / "gr-data" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    refused = refusal(tmp_path, *GRPO, "--model", tiny_model, *dry)
    assert f"--run grpo: gr-data/{name} is a file, and not a folder of runs; rename it" in refused


@BOTH
def test_too_many_steps_are_refused(tmp_path, dry):
    assert "must be at most 2147483647" in refusal(tmp_path, *GRPO, "--steps", str(10**22), *dry)


@BOTH
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"GR_LLM__VERIFIER__BASE_URL": "localhost:8000"}, "llm.verifier.base_url = 'localhost:8000'"),
        ({"GR_LLM__MAX_COST_USD": "1"}, "llm.verifier.model: llm.max_cost_usd needs the prices of m"),
        ({"GR_LLM__API_KEY_ENV": "UNSET_KEY"}, "set the environment variable UNSET_KEY"),
    ],
)
def test_a_verifier_that_cannot_be_asked_is_refused(tmp_path, tiny_model, variables, message, dry):
    verifier = {"GR_LLM__VERIFIER__MODEL": "m", "GR_LLM__BASE_URL": "http://127.0.0.1:9/v1"}
    assert message in refusal(tmp_path, *GRPO, "--model", tiny_model, *dry, **verifier | variables)
