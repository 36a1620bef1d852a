"""What `gr eval` refuses before it asks or writes anything, also with --dry-run."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import gr

BOTH = pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])


def refusal(folder: Path, *arguments: str, **variables: str) -> str:
    """The one line that `gr eval` prints; it leaves the folder as it was."""
    before = sorted(folder.rglob("*"))
    code, output, errors = gr(folder, "eval", "--on", "tiny", *arguments, **variables)
    assert (code, output) == (2, ""), errors
    assert errors.startswith("gr: "), errors
    assert errors.count("\n") == 1, errors
    assert sorted(folder.rglob("*")) == before
    return errors


@BOTH
def test_a_model_that_does_not_exist_is_refused(tmp_path, dry):
    assert "no model at nope.gguf" in refusal(tmp_path, "--model", "nope.gguf", *dry)
    assert "--model: no model at nope.gguf" in refusal(tmp_path, "--model", "local:nope.gguf", *dry)
    assert "llm.model: no model at nope.gguf" in refusal(tmp_path, *dry, GR_LLM__MODEL="local:nope.gguf")


@BOTH
def test_a_folder_without_weights_is_refused(tmp_path, dry):
    (tmp_path / "run").mkdir()
    assert "--model: no model at run: a folder of weights has" in refusal(tmp_path, "--model", "run", *dry)


@BOTH
def test_a_verifier_that_does_not_exist_is_refused(tmp_path, dry):
    variables = {"GR_LLM__MODEL": "m", "GR_LLM__VERIFIER__MODEL": "local:nope.gguf"}
    assert "llm.verifier.model: no model at nope.gguf" in refusal(tmp_path, *dry, **variables)
