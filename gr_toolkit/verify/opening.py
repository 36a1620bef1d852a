"""Open the cascade that the settings configure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from gr_toolkit.console import say
from gr_toolkit.files import is_writable
from gr_toolkit.verify.cascade import Verifier
from gr_toolkit.verify.verdict import Protocol

if TYPE_CHECKING:
    from gr_toolkit.settings import Settings


def without_caches_if_read_only(settings: Settings) -> Settings:
    """Return the settings, with the verdict and response caches off if their folder is not writable."""
    would_write = settings.verifier_model or os.path.exists(settings.state)
    if not would_write or is_writable(settings.state):
        return settings
    say(f"verdicts and responses are not cached: {settings.state} is not writable")
    caches_off = {
        "verify": settings.verify.model_copy(update={"cache": False}),
        "llm": settings.llm.model_copy(update={"cache": False}),
    }
    return settings.model_copy(update=caches_off)


@contextmanager
def open_verifier(settings: Settings, protocol: Protocol | None = None) -> Iterator[Verifier]:
    """Yield the cascade with its models and its cache. Models are contacted or loaded on first use.

    Without a verifier model in the settings, only the rules decide. In the paper's protocol, guards do not
    bind and there are no decoys. Raises UsageError.
    """
    from gr_toolkit.verify.cache import FILE, VerdictCache

    binding = protocol != "paper"
    with ExitStack() as stack:
        cache = None
        if settings.verify.cache:
            cache = stack.enter_context(closing(VerdictCache(settings.state / FILE)))
        if settings.verifier_model is None:
            yield Verifier(cache=cache, binding=binding)
            return
        from gr_toolkit.llm import connect

        llm = stack.enter_context(connect(settings.llm, "verifier", settings.state))
        second = None
        if settings.llm.has_second_verifier:
            second = stack.enter_context(connect(settings.llm, "second_verifier", settings.state))
        decoys = settings.verify.decoy and binding
        verifier = Verifier(llm, second, cache, decoys=decoys, binding=binding)
        for model in verifier.models:
            model.usage.step = "verify"  # the name in the ledger, unless a step counts the usage as its own
        yield verifier
