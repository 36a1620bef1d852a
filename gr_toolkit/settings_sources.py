"""Where settings are written: gr.toml, the environment and flags, each as a tree of sections and keys."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from gr_toolkit.errors import UsageError

Tree = dict[str, object]
PREFIX = "GR_"
NOT_SETTINGS = {"GR_CONFIG", "GR_DEBUG"}
NEAR = 0.85  # difflib ratio; allows one wrong, missing or extra letter in a short name


def read_toml(path: Path) -> Tree:
    """The file as a tree. Raises UsageError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(
            f"no configuration file {path}. Write a commented one with: gr init {path}"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read the configuration file {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error


def read_environment(environ: Mapping[str, str], known: Sequence[str]) -> Tree:
    """GR_LLM__MAX_TOKENS=64 becomes {"llm": {"max_tokens": "64"}}; a list is written as JSON.

    `known` are the names of all settings, such as llm.max_tokens. A variable that names no section of them
    belongs to another program (GNU Radio has GR_PREFIX and others) and is ignored. Raises UsageError if it
    is almost the name of a setting.
    """
    tree: Tree = {}
    sections = {name.partition(".")[0] for name in known}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            keys = variable.removeprefix(PREFIX).lower().split("__")
            if keys[0] not in sections:
                _refuse_near_miss(variable, known)
                continue
            value = _read_list(variable, text) if text.startswith("[") else text
            for key in reversed(keys):
                value = {key: value}
            tree = merge(tree, cast(Tree, value))
    return tree


def _refuse_near_miss(variable: str, known: Sequence[str]) -> None:
    """Raise UsageError if the variable is probably a misspelt one of ours."""
    ours = [*NOT_SETTINGS, *(PREFIX + name.replace(".", "__").upper() for name in known)]
    for near in difflib.get_close_matches(variable, ours, n=1, cutoff=NEAR):
        raise UsageError(f"the environment: unknown variable {variable}; did you mean {near}?")


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
