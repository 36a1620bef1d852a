"""What became of the runs of a data folder: which was the last, which were killed, and which are alive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from gr_toolkit.runs import records
from gr_toolkit.runs.identity import is_alive
from gr_toolkit.runs.records import End, Start

KILLED_FOR = timedelta(days=7)  # how long a killed run is of interest


class History(NamedTuple):
    """The last run that ended, and the runs without an end; `killed` and `running` are in order of start."""

    last: tuple[Start, End] | None
    killed: list[Start]
    running: list[Start]


def read_history(state: Path) -> History:
    """Read the log of the runs in the folder `state`. Raises StoreError."""
    return history(list(records.read(state)), lambda run: is_alive(state, run), datetime.now(UTC))


def history(log: Sequence[Start | End], alive: Callable[[str], bool], now: datetime) -> History:
    """What the records of a log say about its runs.

    A killed run counts for a week, and only until a run of the same command ends with exit code 0.
    """
    last: tuple[Start, End] | None = None
    open_runs: dict[str, Start] = {}
    succeeded: set[tuple[str, str]] = set()  # an open run, and a command that succeeded after its start
    for record in log:
        if record["event"] == "start":
            open_runs[record["run"]] = record
        elif started := open_runs.pop(record["run"], None):
            last = started, record
            if record["exit_code"] == 0:
                succeeded.update((run, started["command"]) for run in open_runs)
    running = {run for run in open_runs if alive(run)}
    killed = [
        start
        for run, start in open_runs.items()
        if run not in running
        and (run, start["command"]) not in succeeded
        and now - datetime.fromisoformat(start["at"]) <= KILLED_FOR
    ]
    return History(last, killed, [open_runs[run] for run in open_runs if run in running])


def as_json(found: History) -> dict[str, object]:
    """The object `runs` that `gr status --json` prints."""
    last: dict[str, object] | None = None
    if found.last:
        start, end = found.last
        ended = {"ended_at": end["at"], "exit_code": end["exit_code"], "seconds": end["seconds"]}
        last = {**_started(start), **ended, "steps": end["steps"]}
    return {
        "last": last,
        "killed": [_started(start) for start in found.killed],
        "running": [_started(start) for start in found.running],
    }


def _started(start: Start) -> dict[str, object]:
    record = {name: value for name, value in start.items() if name not in ("event", "at")}
    return {**record, "started_at": start["at"]}


def describe_history(found: History) -> list[str]:
    """A line for each run without an end."""
    ends = {
        "was killed, or could not record its end; run the same command again": found.killed,
        "is running": found.running,
    }
    return [
        f"run {start['run']}: `{start['command']}`, started {_local(start['at'])}, {end}"
        for end, starts in ends.items()
        for start in starts
    ]


def _local(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"
