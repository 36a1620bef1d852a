"""The steps of `gr curate`, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from gr_toolkit.console import Summary
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from gr_toolkit.store.tables import sources

# The step's name, and the table it writes. Each step is the function of its name in the file of its name.
STEPS = {
    "extract": "pairs",
    "dedup": "duplicates",
    "decontaminate": "contaminated",
    "judge": "judged",
    "attempt": "attempts",
    "export": "dataset",
}


def curate(settings: Settings, steps: Sequence[str], summaries: list[Summary]) -> None:
    """Run the named steps, in the order given, over what is pending of each.

    A summary is appended as its step begins, so that what was done is there also where a step fails.
    Raises what the steps raise.
    """
    store = Store(settings.data, settings.state)
    for step in steps:
        summaries.append(Summary(step=f"curate {step}", table=STEPS[step]))
        _function(step)(store, settings, summaries[-1])


def _function(step: str) -> Callable[[Store, Settings, Summary], None]:
    function: Callable[[Store, Settings, Summary], None] = getattr(import_module(f"curate.{step}"), step)
    return function


def plan(settings: Settings, steps: Sequence[str]) -> list[Summary]:
    """What the steps would read if each ran now; nothing is written."""
    store = Store(settings.data, settings.state)
    return [would_do(store, step) for step in steps]


def would_do(store: Store, step: str) -> Summary:
    """What the step would read if it ran now."""
    output = STEPS[step]
    needs = sources(output)
    pending = store.table(output).pending(*needs)
    rows = store.table(needs[0]).rows_in(pending)
    note = f"would read {rows} rows of {needs[0]} in {len(pending)} shards"
    return Summary(step=f"curate {step}", table=output, rows_in=rows, notes=[note])
