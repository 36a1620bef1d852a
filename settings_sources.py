"""Where settings are written: gr.toml, the environment and flags, each as a tree of sections and keys."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from errors import UsageError

Tree = dict[str, object]
NOT_SETTINGS = {"GR_CONFIG", "GR_DEBUG"}


def read_toml(path: Path) -> Tree:
    """The file as a tree. Raises UsageError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"no configuration file {path}. Write a commented one with: gr init {path}"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read the configuration file {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error


def read_environment(environ: Mapping[str, str]) -> Tree:
    """GR_LLM__MAX_TOKENS=64 becomes {"llm": {"max_tokens": "64"}}; a list is written as JSON."""
    tree: Tree = {}
    for name, text in environ.items():
        if name.startswith("GR_") and name not in NOT_SETTINGS:
            value = _read_list(name, text) if text.startswith("[") else text
            for key in reversed(name[3:].lower().split("__")):
                value = {key: value}
            tree = merge(tree, cast(Tree, value))
    return tree


def _read_list(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{name} is not a JSON list: {text}") from error


def without_none(tree: Mapping[str, object]) -> Tree:
    """The tree without what was not given."""
    return {
        key: without_none(value) if isinstance(value, dict) else value
        for key, value in tree.items()
        if value is not None
    }


def merge(base: Tree, over: Tree) -> Tree:
    """Both trees; where both have a key, `over` has its way."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both_tables = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = merge(cast(Tree, below), cast(Tree, value)) if both_tables else value
    return merged
