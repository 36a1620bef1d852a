"""Opens the model of a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gr_toolkit.console import Summary
from gr_toolkit.llm import LLM, connect
from gr_toolkit.settings import Role, Settings
from gr_toolkit.store import Store


@contextmanager
def model_for(role: Role, store: Store, settings: Settings, summary: Summary) -> Iterator[LLM]:
    """Open the model of a role. On exit, also after an error, add the model's usage to the summary."""
    with connect(settings.llm, role, store.state) as llm:
        try:
            yield llm
        finally:
            llm.usage.add_to(summary)
