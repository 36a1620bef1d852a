"""Converts model names between settings, rows and folder names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gr_toolkit.errors import UsageError


def is_local(model: str) -> bool:
    """Whether the model runs on this machine: `local`, or `local:` plus a file, folder or Hugging Face id."""
    return model == "local" or model.startswith("local:")


def is_gguf(weights: str) -> bool:
    """Whether the name ends in .gguf."""
    return weights.lower().endswith(".gguf")


def model_name(weights: str) -> str:
    """Return the model name stored in rows: the GGUF file's stem, the folder's name, or the Hub id."""
    path = Path(weights)
    if is_gguf(weights):
        return path.stem
    return path.resolve().name if path.exists() else weights


def resolve_model(model: str, server: str = "") -> str:
    """Return the value of llm.model for a model named by the user; a folder or .gguf becomes `local:PATH`.

    PATH is relative if it is below the working directory, else absolute. Raises UsageError if the name can
    only be a path and the path does not exist.
    """
    name = model.removeprefix("local:")
    path = Path(name).expanduser()
    if model == "local" or not name:
        return model
    if path.is_dir() or (is_gguf(name) and path.is_file()):
        folder, target = Path.cwd(), Path(os.path.abspath(path))
        return f"local:{target.relative_to(folder) if folder in target.parents else target}"
    if not is_local(model) and can_only_be_a_path(model, server):
        raise UsageError(
            f"no model at {model}: give a folder of weights, a .gguf file, local:ORG/NAME from Hugging Face, "
            "or the name of a model on the server at llm.base_url"
        )
    return model


def can_only_be_a_path(model: str, server: str) -> bool:
    """Whether `model` must be a local path. With a `server`, a name such as /models/a may be its model."""
    first, _, remainder = model.partition("/")
    in_local_folder = bool(first and remainder) and Path(first).is_dir()
    looks_like_path = model.startswith("/") or is_gguf(model) or model.count("/") > 1
    return model.startswith((".", "~")) or in_local_folder or (looks_like_path and not server)


def slug(model: str) -> str:
    """Return the model's name as a folder name, such as `local-runs-a` for `local:runs/a`."""
    return re.sub(r"[^\w.]+", "-", model).strip("-.")
