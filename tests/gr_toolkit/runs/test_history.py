"""What the log says about runs that have no end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gr_toolkit.runs.history import as_json, describe_history, history
from gr_toolkit.runs.records import End, Start

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
AT = "2026-12-01T04:15:02+00:00"


def start(run: str, command: str = "gr curate", at: str = AT) -> Start:
    return {
        "event": "start",
        "run": run,
        "at": at,
        "command": command,
        "version": "1.0",
        "pid": 1,
        "host": "here",
    }


def end(run: str, exit_code: int = 0) -> End:
    return {"event": "end", "run": run, "at": AT, "exit_code": exit_code, "seconds": 1.0, "steps": []}


def killed(*log: Start | End, alive: str = "", now: datetime = NOW) -> list[str]:
    found = history(log, lambda run: run == alive, now)
    assert [run["run"] for run in found.running] == ([alive] if alive else [])
    return [run["run"] for run in found.killed]


def test_run_without_an_end_is_killed_unless_it_is_alive():
    log = start("a"), start("b", "gr crawl"), end("b"), start("c")
    assert killed(*log) == ["a", "c"]
    assert killed(*log, alive="c") == ["a"]


@pytest.mark.parametrize(
    ("command", "exit_code", "is_shown"),
    [("gr curate", 0, False), ("gr curate", 1, True), ("gr crawl", 0, True)],
)
def test_killed_run_is_shown_until_its_command_succeeds(command, exit_code, is_shown):
    assert killed(start("a"), start("b", command), end("b", exit_code)) == (["a"] if is_shown else [])


def test_success_before_the_kill_changes_nothing():
    assert killed(start("b"), end("b"), start("a")) == ["a"]


def test_killed_run_is_shown_for_a_week():
    assert killed(start("a"), now=NOW + timedelta(days=5)) == ["a"]
    assert killed(start("a"), now=NOW + timedelta(days=7)) == []


def test_end_without_a_start_is_no_run():
    assert as_json(history([end("a")], bool, NOW)) == {"last": None, "killed": [], "running": []}


def test_history_as_text_and_as_json():
    found = history([start("a"), start("b"), end("b", 75), start("c")], lambda run: run == "c", NOW)
    local = f"{datetime.fromisoformat(AT).astimezone():%Y-%m-%d %H:%M}"
    assert describe_history(found) == [
        f"run a: `gr curate`, started {local}, was killed, or could not record its end; "
        "run the same command again",
        f"run c: `gr curate`, started {local}, is running",
    ]
    shown = as_json(found)
    started = {"command": "gr curate", "version": "1.0", "pid": 1, "host": "here", "started_at": AT}
    assert shown["killed"] == [{"run": "a", **started}]
    assert shown["running"] == [{"run": "c", **started}]
    ended = {"ended_at": AT, "exit_code": 75, "seconds": 1.0, "steps": []}
    assert shown["last"] == {"run": "b", **started, **ended}
