"""Reads settings from gr.toml, the environment and flags, each as a tree of sections and keys."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gr_toolkit.errors import UsageError
from gr_toolkit.runs.redaction import redact

Tree = dict[str, object]
PREFIX = "GR_"
NOT_SETTINGS = {"GR_CONFIG", "GR_DEBUG"}
OF_TABLES = ("model_type", "dict_type")  # pydantic's errors about a value that is no table
NEAR = 0.85  # difflib ratio; allows one wrong, missing or extra letter in a short name


def read_toml(path: Path) -> Tree:
    """Parse the file into a tree. Raises UsageError."""
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
    """Convert GR_LLM__MAX_TOKENS=64 into {"llm": {"max_tokens": "64"}}; lists and tables are JSON.

    `known` holds the names of all settings, such as llm.max_tokens. A variable that begins with no known
    section is ignored, since other programs use such names too (GNU Radio: GR_PREFIX). Raises UsageError if
    such a variable looks like a misspelt setting.
    """
    tree: Tree = {}
    sections = {name.partition(".")[0] for name in known}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            keys = variable.removeprefix(PREFIX).lower().split("__")
            if keys[0] not in sections:
                _refuse_near_miss(variable, known)
                continue
            value = _read_value(variable, text)
            for key in reversed(keys):
                value = {key: value}
            tree = merge(tree, cast(Tree, value))
    return tree


def _refuse_near_miss(variable: str, known: Sequence[str]) -> None:
    """Raise UsageError if the variable closely resembles one of our settings."""
    ours = [*NOT_SETTINGS, *(PREFIX + name.replace(".", "__").upper() for name in known)]
    for near in difflib.get_close_matches(variable, ours, n=1, cutoff=NEAR):
        raise UsageError(f"unknown environment variable {variable}; did you mean {near}?")


def _read_value(name: str, text: str) -> object:
    """The text as it is, or the JSON in it if it begins like a list or a table.

    Other text may begin with a brace too, such as a prompt. So it is no error if that is not JSON.
    """
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.startswith("{"):
            return text
        raise UsageError(f"{name} is not a JSON list: {redact(text)}") from error


def without_none(tree: Mapping[str, object]) -> Tree:
    """Return the tree without None values. None means that a flag was not given."""
    return {
        key: without_none(value) if isinstance(value, dict) else value
        for key, value in tree.items()
        if value is not None
    }


def merge(base: Tree, over: Tree) -> Tree:
    """Merge two trees; values of `over` take precedence."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both_tables = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = merge(cast(Tree, below), cast(Tree, value)) if both_tables else value
    return merged


def names_in(section: type[BaseModel], prefix: str = "") -> list[str]:
    """The full names of the settings in a section and its subsections, such as llm.judge.model."""
    names = []
    for name, field in section.model_fields.items():
        names.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += names_in(field.annotation, f"{prefix}{name}.")
    return names


def explain(error: ValidationError, source: str, settings: type[BaseModel]) -> str:
    """The first validation error, as a one-line message. It does not hold keys."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        ours, of_pydantic = first["msg"].partition("Value error, ")[2], first["msg"].lower()
        shown = f" = {first['input']!r}" if _is_shown(first) else ""
        return redact(f"{source}: {where}{shown}: {ours or of_pydantic}")
    section = settings
    for part in first["loc"][:-1]:
        section = cast(type[BaseModel], section.model_fields[str(part)].annotation)
    known = difflib.get_close_matches(str(first["loc"][-1]), section.model_fields, n=1, cutoff=0.4)
    hint = f"did you mean {known[0]}?" if known else f"known settings: {', '.join(section.model_fields)}"
    return redact(f"{source}: unknown setting {where}; {hint}")


def _is_shown(error: ErrorDetails) -> bool:
    """Whether a message may show the refused value: a number or text that cannot be a key or hold one.

    A table and a text in its place may hold any.
    """
    value, where = error["input"], error["loc"]
    if "api_key_env" in where:
        return False
    if isinstance(value, str):
        may_hold_key = "extra_body" in where or error["type"] in OF_TABLES
        return not (may_hold_key or ("base_url" in where and "@" in value))
    return isinstance(value, int | float)
