"""Local models that are missing, no models, or without their packages, noticed before a command begins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gr_toolkit.errors import MissingExtra, UsageError
from gr_toolkit.llm.local.required import require_model, require_roles, require_verifier, require_weights
from gr_toolkit.settings import LLMSettings, Settings

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def gguf(tmp_path: Path) -> str:
    (tmp_path / "a.gguf").write_bytes(b"GGUF and more")
    return "local:a.gguf"


@pytest.fixture
def weights(tmp_path: Path) -> str:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "config.json").write_text("{}")
    return "local:weights"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every package is found, whatever this environment has."""
    monkeypatch.setattr("gr_toolkit.llm.local.required.find_spec", lambda _: "found")


@pytest.mark.usefixtures("installed")
def test_models_that_are_there_pass(gguf, weights):
    for model in (gguf, weights, "local:org/name", "gpt-4.1-mini"):
        require_model(LLMSettings(model=model), "--model")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("local:nope.gguf", "--model: no model at nope.gguf: give a GGUF file, a folder"),
        ("local:./nope", "--model: no model at ./nope: "),
        ("local:empty", "--model: no model at empty: a folder of weights has a file config.json"),
        ("local:page.gguf", "--model: page.gguf is not a GGUF file"),
        ("local:folder.gguf", "--model: cannot read folder.gguf: Is a directory"),
    ],
)
def test_a_local_model_that_is_none_is_refused(tmp_path, model, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.gguf").mkdir()
    (tmp_path / "page.gguf").write_text("<html>")
    with pytest.raises(UsageError) as refused:
        require_model(LLMSettings(model=model), "--model")
    assert str(refused.value).startswith(message)


def test_the_backend_must_fit_the_weights(weights):
    with pytest.raises(UsageError, match=r"--model: .*runs GGUF files only"):
        require_model(LLMSettings(model=weights, backend="llama.cpp"), "--model")


@pytest.mark.parametrize(
    ("missing", "extra"),
    [("xllamacpp", "local"), ("torch", "train"), ("transformers", "train")],
)
def test_a_missing_package_is_named_with_its_extra(gguf, weights, monkeypatch, missing, extra):
    monkeypatch.setattr(
        "gr_toolkit.llm.local.required.find_spec", lambda name: None if name == missing else "found"
    )
    model = gguf if extra == "local" else weights
    with pytest.raises(MissingExtra, match=rf"gr-toolkit\[{extra}\]"):
        require_model(LLMSettings(model=model), "--model")


def test_a_package_that_cannot_be_imported_counts_as_missing(gguf, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtra, match=r"llama\.cpp needs packages"):
        require_model(LLMSettings(model=gguf), "--model")


def test_a_role_is_refused_by_the_setting_that_names_its_model():
    own = LLMSettings.model_validate({"model": "m", "judge": {"model": "local:nope.gguf"}})
    require_roles(own, ["extractor", "solver"])
    with pytest.raises(UsageError, match=r"^llm\.judge\.model: no model at nope\.gguf"):
        require_roles(own, ["extractor", "judge"])
    shared = LLMSettings.model_validate({"model": "local:nope.gguf", "judge": {"retries": 1}})
    with pytest.raises(UsageError, match=r"^llm\.model: no model at nope\.gguf"):
        require_roles(shared, ["judge"])


@pytest.mark.parametrize("role", ["verifier", "second_verifier"])
def test_both_verifiers_must_be_there_if_they_are_asked(role):
    llm = {"model": "m", "verifier": {"model": "m"}, role: {"model": "local:nope.gguf"}}
    with pytest.raises(UsageError, match=rf"^llm\.{role}\.model: no model"):
        require_verifier(Settings.model_validate({"llm": llm}))
    require_verifier(Settings.model_validate({"llm": llm, "verify": {"model": False}}))


def test_a_path_to_train_from_is_not_taken_for_a_name_of_the_hub(tmp_path):
    (tmp_path / "runs").mkdir()
    with pytest.raises(UsageError, match="no model at runs/grpo"):
        require_weights("runs/grpo")
    assert require_weights("org/name") == "org/name"
    assert require_weights("local:runs/grpo") == "runs/grpo"  # an organisation may have a folder's name
