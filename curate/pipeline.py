"""The steps of `gr curate`, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from console import Summary
from settings import Settings
from store import Store
from store.tables import NEEDS

# The step's name, and the table it writes. Each step is the function of its name in the file of its name.
STEPS = {
    "extract": "pairs",
    "dedup": "duplicates",
    "decontaminate": "contaminated",
    "judge": "judged",
    "attempt": "attempts",
    "export": "dataset",
}


def curate(settings: Settings, steps: Sequence[str], *, dry_run: bool = False) -> list[Summary]:
    """Run the named steps, in the order given, over what is pending of each."""
    store = Store(settings.data, settings.state)
    if dry_run:
        return [would_do(store, step) for step in steps]
    return [_function(step)(store, settings) for step in steps]


def _function(step: str) -> Callable[[Store, Settings], Summary]:
    function: Callable[[Store, Settings], Summary] = getattr(import_module(f"curate.{step}"), step)
    return function


def would_do(store: Store, step: str) -> Summary:
    """What the step would read if it ran now."""
    output = STEPS[step]
    needs = [name for name in NEEDS[output] if name != "signatures"]
    pending = store.table(output).pending(*needs)
    rows = store.table(needs[0]).rows_in(pending)
    note = f"would read {rows} rows of {needs[0]} in {len(pending)} shards"
    return Summary(step=f"curate {step}", table=output, rows_in=rows, notes=[note])
