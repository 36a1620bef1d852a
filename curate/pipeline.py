"""Runs the steps of `gr curate` in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from gr_toolkit.console import Summary
from gr_toolkit.settings import Settings
from gr_toolkit.steps import Step
from gr_toolkit.store import Store


def curate(settings: Settings, steps: Sequence[Step], summaries: list[Summary]) -> None:
    """Run the steps in order over their pending shards.

    Appends a summary when a step begins, so that the work of a failed step is reported too. Raises the steps'
    errors.
    """
    store = Store(settings.data, settings.state)
    for step in steps:
        summaries.append(Summary(step=step.name, table=step.table))
        _function(step)(store, settings, summaries[-1])


def _function(step: Step) -> Callable[[Store, Settings, Summary], None]:
    """The function of the step: `curate export` is `export` in curate/export.py."""
    module = import_module(f"curate.{step.subcommand}")
    function: Callable[[Store, Settings, Summary], None] = getattr(module, step.subcommand)
    return function


def plan(settings: Settings, steps: Sequence[Step]) -> list[Summary]:
    """Summaries of the input that each step would read if it ran now. Writes nothing."""
    store = Store(settings.data, settings.state)
    return [_would_read(store, step) for step in steps]


def _would_read(store: Store, step: Step) -> Summary:
    pending = store.table(step.table).pending(*step.needs)
    source = step.needs[0]
    rows = store.table(source).rows_in(pending)
    note = f"would read {rows} rows of {source} in {len(pending)} shards"
    return Summary(step=step.name, table=step.table, rows_in=rows, notes=[note])
