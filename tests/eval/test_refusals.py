"""What `gr eval` refuses before it asks or writes anything, also with --dry-run."""

from __future__ import annotations

import pytest

from commands import refusal

EVAL = ("eval", "--on", "tiny")
SERVER = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": "http://127.0.0.1:9/v1"}
BOTH = pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])


@BOTH
def test_a_model_that_does_not_exist_is_refused(tmp_path, dry):
    assert "no model at nope.gguf" in refusal(tmp_path, *EVAL, "--model", "nope.gguf", *dry)
    assert "--model: no model at nope.gguf" in refusal(tmp_path, *EVAL, "--model", "local:nope.gguf", *dry)
    assert "llm.model: no model at nope.gguf" in refusal(
        tmp_path, *EVAL, *dry, GR_LLM__MODEL="local:nope.gguf"
    )


@BOTH
def test_a_folder_without_weights_is_refused(tmp_path, dry):
    (tmp_path / "run").mkdir()
    assert "--model: no model at run: a folder of weights has" in refusal(
        tmp_path, *EVAL, "--model", "run", *dry
    )


@BOTH
def test_a_verifier_that_does_not_exist_is_refused(tmp_path, dry):
    variables = SERVER | {"GR_LLM__VERIFIER__MODEL": "local:nope.gguf"}
    assert "llm.verifier.model: no model at nope.gguf" in refusal(tmp_path, *EVAL, *dry, **variables)


@BOTH
def test_a_model_that_cannot_be_asked_is_refused(tmp_path, dry):
    budget = SERVER | {"GR_LLM__MAX_COST_USD": "1"}
    prices = "llm.max_cost_usd needs the prices of"
    assert f"llm.model: {prices} m" in refusal(tmp_path, *EVAL, *dry, **budget)
    assert f"--model: {prices} other" in refusal(tmp_path, *EVAL, "--model", "other", *dry, **budget)
    key = SERVER | {"GR_LLM__API_KEY_ENV": "UNSET_KEY"}
    assert "set the environment variable UNSET_KEY" in refusal(tmp_path, *EVAL, *dry, **key)
