"""Model names are normalised, and invalid paths rejected."""

from __future__ import annotations

import pytest

from gr_toolkit.errors import UsageError
from gr_toolkit.llm.names import resolve_model, slug


def test_every_spelling_of_a_path_resolves_to_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "a.gguf").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    spellings = ["runs/a", "./runs/a/", "runs/../runs/a", f"{tmp_path}/runs/a", "~/runs/a", "local:runs/a"]
    assert {resolve_model(name) for name in spellings} == {"local:runs/a"}
    assert resolve_model("a.gguf") == resolve_model(f"{tmp_path}/a.gguf") == "local:a.gguf"
    assert resolve_model(".") == f"local:{tmp_path}"
    assert slug(resolve_model(".")) != slug("local")


@pytest.mark.parametrize("model", ["local", "gpt-5-mini", "org/name", "local:org/name"])
def test_name_that_is_not_a_path_is_unchanged(model):
    assert resolve_model(model) == model


@pytest.mark.parametrize(
    "model",
    ["./final", "../final", "~/final", "data/final", "data/runs/grpo/final", "/no/where", "b.gguf", "a/b/c"],
)
def test_missing_path_is_an_error(tmp_path, monkeypatch, model):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"no model at {model}: give a folder"):
        resolve_model(model)


@pytest.mark.parametrize("model", ["/models/qwen", "models/b.gguf", "accounts/x/models/y"])
def test_server_may_name_its_model_by_a_path(model):
    assert resolve_model(model, server="http://localhost:8000/v1") == model
    with pytest.raises(UsageError):
        resolve_model("./final", server="http://localhost:8000/v1")


@pytest.mark.parametrize(
    ("model", "folder"),
    [("local", "local"), ("local:runs/a/final", "local-runs-a-final"), ("org/Name-1.5B", "org-Name-1.5B")],
)
def test_slug_of_a_model_name(model, folder):
    assert slug(model) == folder
