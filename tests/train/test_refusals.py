"""What `gr train grpo` refuses before it writes anything, also with --dry-run."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import gr
from gr_toolkit.settings import Settings

pytest.importorskip("trl", reason="needs trl: pip install 'gr-toolkit[train]'")
BOTH = pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])


def refusal(folder: Path, *arguments: str, **variables: str) -> str:
    """The one line that `gr train grpo` prints; it leaves the folder as it was."""
    before = sorted(folder.rglob("*"))
    code, output, errors = gr(folder, "train", "grpo", *arguments, **variables)
    assert (code, output) == (2, ""), errors
    assert errors.startswith("gr: "), errors
    assert errors.count("\n") == 1, errors
    assert sorted(folder.rglob("*")) == before
    return errors


@BOTH
def test_a_model_that_does_not_exist_is_refused(tmp_path, dry):
    (tmp_path / "runs").mkdir()
    for model in ("nope.gguf", "./nope", "runs/nope", "local:nope.gguf"):
        assert "--model: no model at " in refusal(tmp_path, "--model", model, *dry)


@BOTH
def test_a_verifier_that_does_not_exist_is_refused(tmp_path, tiny_model, dry):
    variables = {"GR_LLM__VERIFIER__MODEL": "local:nope.gguf"}
    assert "llm.verifier.model: no model" in refusal(tmp_path, "--model", tiny_model, *dry, **variables)


@BOTH
@pytest.mark.parametrize("name", ["runs", "runs/grpo"])
def test_a_file_in_the_place_of_a_run_is_named(tmp_path, tiny_model, write_questions, name, dry):
    write_questions(Settings(data=str(tmp_path / "gr-data")))
    file = tmp_path / "gr-data" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    refused = refusal(tmp_path, "--model", tiny_model, *dry)
    assert f"--run grpo: gr-data/{name} is a file, and not a folder of runs; rename it" in refused


@BOTH
def test_too_many_steps_are_refused(tmp_path, dry):
    assert "must be at most 2147483647" in refusal(tmp_path, "--steps", str(10**22), *dry)
