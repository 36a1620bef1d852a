"""Checks what a command needs of its models before it begins: weights, packages, servers, keys and prices."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gr_toolkit.errors import MissingExtra, ServerUnusable, UsageError
from gr_toolkit.llm.local.serving import LLAMA_CPP, backend_of
from gr_toolkit.llm.local.weights import INSTALL_LLAMA_CPP, INSTALL_TRANSFORMERS, require_weights
from gr_toolkit.llm.names import is_local
from gr_toolkit.llm.remote import remote_target
from gr_toolkit.llm.usage import prices_of

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings, Role, Settings


def require_verifier(settings: Settings) -> None:
    """Raise errors like `require_roles` for the models that verify answers."""
    if settings.verifier_model is not None:
        require_roles(settings.llm, ["verifier"])
        if settings.llm.has_second_verifier:
            require_roles(settings.llm, ["second_verifier"])


def require_roles(settings: LLMSettings, roles: Iterable[Role]) -> None:
    """Raise UsageError or MissingExtra if the model of a role cannot be asked.

    MissingExtra: the packages of a local model are missing. UsageError: its weights are, or the URL or the
    key of a server, or the prices that a budget needs. It names the setting. Nothing is written, and no
    server is asked.
    """
    for role in roles:
        require_model(settings, settings.name_of("model", role), role)


def require_model(settings: LLMSettings, origin: str, role: Role | None = None) -> None:
    """Raise errors like `require_roles` for the model of a role, which is named by the option `origin`."""
    own = settings.for_role(role)
    if is_local(own.model):
        _require_local(own, origin)
        return
    try:
        remote_target(settings, role).start()
    except ServerUnusable as error:  # there is no key
        raise UsageError(str(error)) from error
    try:
        prices_of(own)
    except UsageError as error:
        raise UsageError(f"{origin}: {error}") from error


def _require_local(settings: LLMSettings, origin: str) -> None:
    try:
        backend = backend_of(require_weights(settings.model), settings)
    except UsageError as error:
        raise UsageError(f"{origin}: {error}") from error
    if backend == LLAMA_CPP and find_spec("xllamacpp") is None:
        raise MissingExtra("llama.cpp", INSTALL_LLAMA_CPP)
    if backend != LLAMA_CPP and not (find_spec("torch") and find_spec("transformers")):
        raise MissingExtra("the transformers backend", INSTALL_TRANSFORMERS)
