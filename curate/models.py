"""The model that a step asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gr_toolkit.console import Summary
from gr_toolkit.llm import LLM, Budget, connect
from gr_toolkit.settings import Role, Settings
from gr_toolkit.store import Store


@contextmanager
def model_for(
    role: Role, store: Store, settings: Settings, summary: Summary, budget: Budget | None = None
) -> Iterator[LLM]:
    """The model of a role. What it has used is added to the summary, however the step ends."""
    with connect(settings.llm, role, store.state, budget) as llm:
        try:
            yield llm
        finally:
            llm.usage.add_to(summary)
