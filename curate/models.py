"""Opens the model of a step."""

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
    """Open the model of a role. On exit its usage is added to the summary, also after an error."""
    with connect(settings.llm, role, store.state, budget) as llm:
        try:
            yield llm
        finally:
            llm.usage.add_to(summary)
