"""Prints the status of the tables, as text or as JSON."""

from __future__ import annotations

import json

from rich.table import Table

from gr_toolkit.console import describe, output_console, say
from gr_toolkit.report.funnel import as_json as to_json
from gr_toolkit.report.funnel import flow, read_funnel
from gr_toolkit.runs.history import as_json as history_as_json
from gr_toolkit.runs.history import describe_history, read_history
from gr_toolkit.settings import Settings
from gr_toolkit.steps import step_of
from gr_toolkit.store import Store
from gr_toolkit.store.folder import Folder


def show_status(settings: Settings, *, as_json: bool) -> None:
    """Print every table's counts, the funnel, and the runs that were killed or are running.

    Prints only a message if the data folder does not exist. Raises StoreError.
    """
    store = Store(settings.data, settings.state)
    if not Folder(store.data).exists():
        say(f"{store.data} does not exist yet: `gr crawl URL` creates it; --data names another folder")
        if not as_json:
            return
    funnel = read_funnel(store)
    runs = read_history(settings.state)
    if as_json:
        print(json.dumps(to_json(funnel) | {"runs": history_as_json(runs)}))
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("table", "rows", "kept", "rejected", "shards", "pending", "made by"):
        shown.add_column(
            heading, justify="right" if heading in ("rows", "kept", "shards", "pending") else "left"
        )
    for name, status in funnel.items():
        counts = status.counts
        numbers = (str(counts.rows), str(counts.kept), describe(counts.reasons), str(counts.shards))
        shown.add_row(name, *numbers, str(status.pending), step_of(name).command)
    console = output_console()
    console.print(f"Tables in {settings.data}", markup=False, highlight=False)
    console.print(shown)
    for line in [*flow(funnel), *describe_history(runs)]:
        console.print(line, markup=False, highlight=False)
