"""Runs the steps of `gr curate` in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from importlib import import_module
from pathlib import Path

from curate.decontaminate import Benchmarks, decontaminate, read_benchmarks
from curate.models import unit_of
from gr_toolkit.console import Summary, counted
from gr_toolkit.errors import UsageError
from gr_toolkit.llm.connection import UNFINISHED_FILE
from gr_toolkit.llm.required import require_roles, require_verifier
from gr_toolkit.llm.unfinished import Unfinished
from gr_toolkit.settings import Role, Settings
from gr_toolkit.steps import Step
from gr_toolkit.store import Store
from gr_toolkit.store.aside import set_aside_again
from gr_toolkit.store.folder import Folder

ROLES: dict[str, Role] = {"pairs": "extractor", "judged": "judge", "attempts": "solver"}  # by table


def curate(
    settings: Settings, steps: Sequence[Step], summaries: list[Summary], again: str | None = None
) -> None:
    """Run the steps in order over their pending shards.

    Each step first sets aside its shards that hold rows with the reason `again`. Appends a summary when a
    step begins, so that the work of a failed step is reported too. Raises UsageError and MissingExtra, before
    the first step, if there is no data folder or if any step cannot run; and the steps' errors.
    """
    store = _existing_store(settings)
    benchmarks = _check(settings, steps)
    for step in steps:
        summaries.append(Summary(step=step.name, table=step.table))
        if again is not None:
            _set_aside(store, step.table, again)
        _function(step, benchmarks)(store, settings, summaries[-1])


def _check(settings: Settings, steps: Sequence[Step]) -> Benchmarks:
    """Read the benchmarks of the steps. Raises UsageError or MissingExtra if one, or a model, is missing."""
    tables = {step.table for step in steps}
    require_roles(settings.llm, [role for table, role in ROLES.items() if table in tables])
    if "attempts" in tables:
        require_verifier(settings)
    if "contaminated" in tables:
        return read_benchmarks(settings.curate.benchmarks)
    return {}


def _set_aside(store: Store, table: str, reason: str) -> None:
    """Set aside the shards of the table with rows of this reason, and forget replies kept for them."""
    with closing(Unfinished(store.state / UNFINISHED_FILE)) as unfinished:
        for shard in set_aside_again(store, table, reason):
            unfinished.forget(unit_of(table, shard))


def _function(step: Step, benchmarks: Benchmarks) -> Callable[[Store, Settings, Summary], None]:
    """The function of the step: `curate export` is `export` in curate/export.py."""
    if step.table == "contaminated":
        return partial(decontaminate, configured=benchmarks)
    module = import_module(f"curate.{step.subcommand}")
    function: Callable[[Store, Settings, Summary], None] = getattr(module, step.subcommand)
    return function


def _existing_store(settings: Settings) -> Store:
    """The store. Raises UsageError if its folder does not exist: a step would create it, and do nothing."""
    store = Store(settings.data, settings.state)
    if Path(store.data).is_file():
        raise UsageError(f"{store.data} is a file, and not a data folder; --data names another")
    if not Folder(store.data).exists():
        raise UsageError(
            f"{store.data} does not exist: `gr crawl URL` creates it; --data names another folder"
        )
    return store


def plan(settings: Settings, steps: Sequence[Step], again: str | None = None) -> list[Summary]:
    """Summaries of the input that each step would read if it ran now, with the reason `again`.

    Writes nothing. Raises UsageError and MissingExtra like `curate`, CorruptShard and OutdatedShard.
    """
    store = _existing_store(settings)
    _check(settings, steps)
    summaries = [_would_read(store, step, again) for step in steps]
    for summary in summaries:
        if summary.table == "attempts" and settings.verifier_model:
            from curate.verdicts import shards_to_verify_again

            if found := shards_to_verify_again(store):
                shards = counted(len(found), "shard")
                summary.notes.append(f"would verify undecided attempts again in {shards}")
    return summaries


def _would_read(store: Store, step: Step, again: str | None) -> Summary:
    aside = [] if again is None else set_aside_again(store, step.table, again, dry_run=True)
    pending = store.table(step.table).pending(*step.needs, besides=aside)
    source = step.needs[0]
    rows = store.table(source).rows_in(pending)
    note = f"would read {rows} rows of {source} in {len(pending)} shards"
    return Summary(step=step.name, table=step.table, rows_in=rows, notes=[note])
