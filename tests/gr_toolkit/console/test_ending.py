"""How a command line ends: one line on stderr and an exit code, whatever it raises, and what is logged."""

from __future__ import annotations

import errno
import json
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from gr_toolkit.console import Summary, reporting, run_to_end, say
from gr_toolkit.errors import CannotWrite, GrError, Locked, RowsPending, UsageError
from gr_toolkit.interrupts import handled


def fails(error: BaseException):
    def command() -> None:
        raise error

    return command


def use_up_the_memory() -> None:
    bytearray(sys.maxsize)


def open_on_a_full_disk() -> None:
    with Path("/dev/full").open("wb", buffering=0) as file:
        file.write(b"x")


@pytest.mark.parametrize(
    ("command", "code", "parts"),
    [
        (fails(GrError("the server is down")), 1, ["the server is down"]),
        (fails(UsageError("no such file")), 2, ["no such file"]),
        (fails(Locked("table pairs is being written")), 75, ["table pairs"]),
        (use_up_the_memory, 1, ["memory ran out", "GR_WORKERS=1"]),
        (fails(BrokenProcessPool("a child ended")), 1, ["a worker process was killed", "GR_WORKERS=1"]),
        (open_on_a_full_disk, 1, ["the disk is full", "Free some space"]),
        (fails(OSError(errno.EPIPE, "Broken pipe")), 1, ["internal error", "Broken pipe", "gr --debug"]),
        (fails(KeyError("two\nlines")), 1, ["internal error: KeyError", "report"]),
        (fails(KeyboardInterrupt()), 130, ["stopped", "run the same command again"]),
        (fails(SystemExit(130)), 130, ["stopped"]),
        (fails(SystemExit("a reason")), 1, ["a reason"]),
    ],
    ids=lambda value: "command" if callable(value) else str(value),
)
def test_failure_is_one_line_and_an_exit_code(capsys, monkeypatch, command, code, parts):
    monkeypatch.delenv("GR_DEBUG", raising=False)
    with handled():
        assert run_to_end(command, ["gr", "curate"]) == code
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("gr: ")
    assert all(part in line for part in parts), line
    assert printed.out == ""


@pytest.mark.parametrize("code", [0, None, 2])
def test_exit_code_of_a_command_is_kept(capsys, code):
    assert run_to_end(fails(SystemExit(code)), ["gr", "curate"]) == (code or 0)
    assert run_to_end(lambda: None, ["gr", "curate"]) == 0
    assert capsys.readouterr() == ("", "")


def test_debug_shows_the_traceback_and_keeps_the_exit_code(capsys, monkeypatch):
    monkeypatch.setenv("GR_DEBUG", "1")
    assert run_to_end(fails(Locked("held")), ["gr", "curate"]) == 75
    assert capsys.readouterr().err.splitlines()[0] == "Traceback (most recent call last):"


def records(state: Path) -> list[dict[str, object]]:
    path = state / "runs.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def messages(state: Path) -> list[str]:
    """The lines of gr.log without their times and run ids."""
    return [line.split(" ", 2)[2] for line in (state / "gr.log").read_text().splitlines()]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """An empty state folder."""
    folder = tmp_path / "gr-data" / ".state"
    folder.mkdir(parents=True)
    return folder


def test_command_that_is_no_run_is_not_logged(state):
    run_to_end(lambda: say("hello"), ["gr", "status"])
    with reporting(state, as_json=True) as steps:  # as in a program that imports the toolkit
        steps.append(Summary("crawl"))
    assert list(state.iterdir()) == []


def test_usage_error_before_the_first_step_is_not_logged(state):
    def command() -> None:
        with reporting(state, as_json=True):
            raise UsageError("no such benchmark")

    assert run_to_end(command, ["gr", "eval"]) == 2
    assert list(state.iterdir()) == []


def test_failure_before_the_first_step_is_logged_only_in_an_existing_folder(state):
    def command(folder: Path) -> None:
        with reporting(folder, as_json=True):
            raise Locked("held")

    assert run_to_end(lambda: command(state), ["gr", "eval"]) == 75
    assert [(record["event"], record.get("exit_code")) for record in records(state)] == [
        ("start", None),
        ("end", 75),
    ]
    assert messages(state)[1] == "gr: held"
    assert run_to_end(lambda: command(state.parent / "other"), ["gr", "eval"]) == 75
    assert not (state.parent / "other").exists()


def test_error_and_messages_of_a_run_are_logged_without_secrets(state):
    def command() -> None:
        say("before the first step")
        with reporting(state, as_json=True) as steps:
            steps.append(Summary("crawl", rows=3))
            assert [record["event"] for record in records(state)] == ["start"]
            assert messages(state)[1] == "before the first step"
            say("two lines\nhttp://me:planted@e.org/")
            steps[-1].pending = 2

    assert run_to_end(command, ["gr", "crawl", "http://e.org/?token=planted"]) == RowsPending.exit_code
    called = "gr crawl 'http://e.org/?token=***'"
    lines = messages(state)
    assert lines[:4] == [f"{called}: started", "before the first step", "two lines", "http://***@e.org/"]
    assert lines[4].startswith("crawl: 0 in, 3 rows, 0 kept")
    assert lines[5] == "gr: 2 rows pending: run the same command again to carry on"
    assert lines[6].startswith(f"{called}: ended with exit code 1 after ")
    assert "planted" not in (state / "gr.log").read_text() + (state / "runs.jsonl").read_text()


def test_traceback_of_an_internal_error_is_in_the_log(state, capsys):
    def command() -> None:
        with reporting(state, as_json=True) as steps:
            steps.append(Summary("crawl"))
            raise KeyError("odd")

    assert run_to_end(command, ["gr", "crawl"]) == 1
    assert str(state / "gr.log") in capsys.readouterr().err
    assert "Traceback (most recent call last):" in messages(state)
    assert records(state)[-1]["steps"][0]["notes"] == ["did not finish"]


def test_idle_run_is_one_line_with_its_notes(state, capsys):
    def command() -> None:
        with reporting(state, as_json=True) as steps:
            steps.append(Summary("crawl", notes=["nothing is queued"]))
            steps.append(Summary("crawl extract"))

    assert run_to_end(command, ["gr", "crawl"]) == 0
    assert messages(state) == ["gr crawl: nothing to do; nothing is queued"]


def state_is_a_file(state: Path) -> None:
    state.rmdir()
    state.touch()


def records_are_a_folder(state: Path) -> None:
    (state / "runs.jsonl").mkdir()


def disk_is_full(state: Path) -> None:
    (state / "runs.jsonl").symlink_to("/dev/full")


def no_state(state: Path) -> None:
    state.rmdir()
    state.symlink_to("/proc/self/none")


@pytest.mark.parametrize("must_log", [True, False])
@pytest.mark.parametrize("spoil", [state_is_a_file, records_are_a_folder, disk_is_full, no_state])
def test_log_that_cannot_be_written_stops_the_run_at_its_first_step_or_is_left_out(state, spoil, must_log):
    begun = []
    spoil(state)

    def command() -> None:
        with reporting(state, as_json=True, must_log=must_log) as steps:
            steps.append(Summary("verify"))
            begun.append("verify")

    assert run_to_end(command, ["gr", "verify"]) == (CannotWrite.exit_code if must_log else 0)
    assert begun == ([] if must_log else ["verify"])


@pytest.mark.parametrize("must_log", [True, False])
def test_end_that_cannot_be_logged_is_an_error_of_a_run_that_must_be(state, capsys, must_log):
    def command() -> None:
        with reporting(state, as_json=True, must_log=must_log) as steps:
            steps.append(Summary("crawl"))
        (state / "runs.jsonl").unlink()
        disk_is_full(state)

    assert run_to_end(command, ["gr", "crawl"]) == (1 if must_log else 0)
    assert ("runs.jsonl" in capsys.readouterr().err) == must_log
    assert list((state / "running").iterdir()) == []


def plus(steps: list[Summary], more: list[Summary]) -> None:
    steps += more


@pytest.mark.parametrize(
    "add",
    [
        lambda steps, one: steps.append(one),
        lambda steps, one: steps.insert(0, one),
        lambda steps, one: steps.extend([one]),
        lambda steps, one: plus(steps, [one]),
    ],
    ids=["append", "insert", "extend", "plus"],
)
def test_first_step_begins_the_log_however_it_is_added(state, add):
    def command() -> None:
        with reporting(state, as_json=True) as steps:
            plus(steps, [])
            assert records(state) == []
            add(steps, Summary("crawl"))
            assert [record["event"] for record in records(state)] == ["start"]

    assert run_to_end(command, ["gr", "crawl"]) == 0
    assert [step["step"] for step in records(state)[-1]["steps"]] == ["crawl"]
