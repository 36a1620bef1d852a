"""What is checked of a command's models before it begins: weights, packages, servers, keys and prices."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gr_toolkit.errors import MissingExtra, UsageError
from gr_toolkit.llm.local.weights import require_weights
from gr_toolkit.llm.required import require_model, require_roles, require_verifier
from gr_toolkit.settings import LLMSettings, Settings

SERVER = "http://localhost:8000/v1"
REMOTE = {"model": "m", "base_url": SERVER}
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
    monkeypatch.setattr("gr_toolkit.llm.required.find_spec", lambda _: "found")


@pytest.mark.usefixtures("installed")
def test_models_that_are_there_pass(gguf, weights):
    for model in (gguf, weights, "local:org/name", "m"):
        require_model(LLMSettings(model=model, base_url=SERVER), "--model")


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
        "gr_toolkit.llm.required.find_spec", lambda name: None if name == missing else "found"
    )
    model = gguf if extra == "local" else weights
    with pytest.raises(MissingExtra, match=rf"gr-toolkit\[{extra}\]"):
        require_model(LLMSettings(model=model), "--model")


def test_a_package_that_cannot_be_imported_counts_as_missing(gguf, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtra, match=r"llama\.cpp needs packages"):
        require_model(LLMSettings(model=gguf), "--model")


def test_a_role_is_refused_by_the_setting_that_names_its_model():
    own = LLMSettings.model_validate({**REMOTE, "judge": {"model": "local:nope.gguf"}})
    require_roles(own, ["extractor", "solver"])
    with pytest.raises(UsageError, match=r"^llm\.judge\.model: no model at nope\.gguf"):
        require_roles(own, ["extractor", "judge"])
    shared = LLMSettings.model_validate({"model": "local:nope.gguf", "judge": {"retries": 1}})
    with pytest.raises(UsageError, match=r"^llm\.model: no model at nope\.gguf"):
        require_roles(shared, ["judge"])


@pytest.mark.parametrize("role", ["verifier", "second_verifier"])
def test_both_verifiers_must_be_there_if_they_are_asked(role):
    llm = {**REMOTE, "verifier": {"model": "m"}, role: {"model": "local:nope.gguf"}}
    with pytest.raises(UsageError, match=rf"^llm\.{role}\.model: no model"):
        require_verifier(Settings.model_validate({"llm": llm}))
    require_verifier(Settings.model_validate({"llm": llm, "verify": {"model": False}}))


def test_a_path_to_train_from_is_not_taken_for_a_name_of_the_hub(tmp_path):
    (tmp_path / "runs").mkdir()
    with pytest.raises(UsageError, match="no model at runs/grpo"):
        require_weights("runs/grpo")
    assert require_weights("org/name") == "org/name"
    assert require_weights("local:runs/grpo") == "runs/grpo"  # an organisation may have a folder's name


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"max_cost_usd": 1}, r"^llm\.model: llm\.max_cost_usd needs the prices of m"),
        ({"max_cost_usd": 1, "judge": {"model": "n"}}, r"^llm\.judge\.model: .* needs the prices of n"),
        ({"api_key_env": "UNSET_KEY"}, r"set the environment variable UNSET_KEY, or llm\.base_url for"),
        (
            {"judge": {"base_url": "https://e.org", "api_key_env": "UNSET_KEY"}},
            r"or llm\.judge\.base_url for",
        ),
        ({"judge": {"model": "n", "api_key_env": "UNSET_KEY"}}, r'or llm\.judge\.model = "local"'),
        ({"base_url": ""}, r"^OPENAI_BASE_URL = 'nowhere' is not a URL"),
    ],
)
def test_a_server_that_cannot_be_asked_is_refused(monkeypatch, tables, message):
    monkeypatch.setenv("OPENAI_BASE_URL", "nowhere")
    monkeypatch.delenv("UNSET_KEY", raising=False)
    settings = LLMSettings.model_validate(REMOTE | tables)
    with pytest.raises(UsageError, match=message):
        require_roles(settings, ["judge"])


def test_a_server_with_all_it_needs_passes(monkeypatch):
    monkeypatch.setenv("MY_KEY", "planted-key")
    prices = {"input_usd_per_million": 1, "output_usd_per_million": 1}
    settings = LLMSettings.model_validate({**REMOTE, **prices, "max_cost_usd": 1, "api_key_env": "MY_KEY"})
    require_roles(settings, ["extractor", "judge", "solver"])
