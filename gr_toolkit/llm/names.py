"""What a model is called: in the settings, by its server, in rows, and as a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gr_toolkit.errors import UsageError


def is_local(model: str) -> bool:
    """Whether the model runs here: `local`, or `local:` and a file, a folder or a Hugging Face id."""
    return model == "local" or model.startswith("local:")


def is_gguf(weights: str) -> bool:
    """Whether the name is that of a GGUF file."""
    return weights.lower().endswith(".gguf")


def model_name(weights: str) -> str:
    """What rows record: the file's stem, the folder's name, or the id."""
    path = Path(weights)
    if is_gguf(weights):
        return path.stem
    return path.resolve().name if path.exists() else weights


def resolve_model(model: str, server: str = "") -> str:
    """The model as llm.model takes it: a folder or a .gguf file is `local:PATH`, however it was spelt.

    Raises UsageError where nothing is at what can only be a path.
    """
    name = model.removeprefix("local:")
    path = Path(name).expanduser()
    if model == "local" or not name:
        return model
    if path.is_dir() or (is_gguf(name) and path.is_file()):
        here, there = Path.cwd(), Path(os.path.abspath(path))
        return f"local:{there.relative_to(here) if here in there.parents else there}"
    if not is_local(model) and can_only_be_a_path(model, server):
        raise UsageError(
            f"no model at {model}: give a folder of weights, a .gguf file, local:ORG/NAME from Hugging Face, "
            "or what llm.base_url calls a model"
        )
    return model


def can_only_be_a_path(model: str, server: str) -> bool:
    """Whether `model` can only be a local path. With a server, a path may be its name for a model."""
    above, _, below = model.partition("/")
    in_a_folder_here = bool(above and below) and Path(above).is_dir()
    looks_like_one = model.startswith("/") or is_gguf(model) or model.count("/") > 1
    return model.startswith((".", "~")) or in_a_folder_here or (looks_like_one and not server)


def slug(model: str) -> str:
    """The model as a folder's name: `local:runs/a` is `local-runs-a`."""
    return re.sub(r"[^\w.]+", "-", model).strip("-.")
