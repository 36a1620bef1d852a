"""Checks that the local models of a command, and the packages that run them, are there before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gr_toolkit.errors import MissingExtra, UsageError
from gr_toolkit.llm.local.serving import LLAMA_CPP, backend_of
from gr_toolkit.llm.local.weights import INSTALL_LLAMA_CPP, INSTALL_TRANSFORMERS, resolve
from gr_toolkit.llm.names import can_only_be_a_path, is_gguf, is_local

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings, Role, Settings

GGUF = b"GGUF"  # the first bytes of such a file


def require_verifier(settings: Settings) -> None:
    """Raise errors like `require_roles` for the models that verify answers."""
    if settings.verifier_model is not None:
        require_roles(settings.llm, ["verifier"])
        if settings.llm.has_second_verifier:
            require_roles(settings.llm, ["second_verifier"])


def require_roles(settings: LLMSettings, roles: Iterable[Role]) -> None:
    """Raise UsageError if the local model of a role is missing, and MissingExtra if its packages are.

    A UsageError names the setting. Nothing is written, and no server is asked.
    """
    for role in roles:
        is_own = "model" in getattr(settings, role).model_fields_set
        require_model(settings.for_role(role), f"llm.{role}.model" if is_own else "llm.model")


def require_model(settings: LLMSettings, origin: str) -> None:
    """Raise errors like `require_roles` for `settings.model`, which is named by the option `origin`."""
    if not is_local(settings.model):
        return
    try:
        backend = backend_of(require_weights(settings.model), settings)
    except UsageError as error:
        raise UsageError(f"{origin}: {error}") from error
    if backend == LLAMA_CPP and find_spec("xllamacpp") is None:
        raise MissingExtra("llama.cpp", INSTALL_LLAMA_CPP)
    if backend != LLAMA_CPP and not (find_spec("torch") and find_spec("transformers")):
        raise MissingExtra("the transformers backend", INSTALL_TRANSFORMERS)


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
