"""The records in runs.jsonl, and the lines in gr.log."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier

import pytest

from gr_toolkit.errors import CannotWrite, StoreError
from gr_toolkit.runs import lines, records
from gr_toolkit.runs.lines import Line
from gr_toolkit.runs.records import End

AT = datetime.fromisoformat("2026-12-01T04:15:02.5+01:00")


def ended(run: str) -> End:
    return {"event": "end", "run": run, "at": AT.isoformat(), "exit_code": 0, "seconds": 1.0, "steps": []}


def test_records_are_read_in_order(tmp_path):
    assert list(records.read(tmp_path)) == []
    for run in ("a", "b"):
        records.append(tmp_path / "state", ended(run))
    assert [record["run"] for record in records.read(tmp_path / "state")] == ["a", "b"]


def test_record_cut_off_by_a_kill_costs_no_other_record(tmp_path):
    records.append(tmp_path, ended("a"))
    with (tmp_path / records.FILE).open("ab") as file:
        file.write(b'{"event": "start", "run": "c')
    records.append(tmp_path, ended("b"))
    assert [record["run"] for record in records.read(tmp_path)] == ["a", "b"]


def test_lines_that_are_no_records_are_skipped(tmp_path):
    (tmp_path / records.FILE).write_bytes(b'{"step": "crawl"}\n[1]\n\xff\n\n')
    assert list(records.read(tmp_path)) == []


def test_log_that_cannot_be_read_is_an_error(tmp_path):
    path = tmp_path / records.FILE
    path.symlink_to("/proc/self/mem")
    with pytest.raises(StoreError, match=f"cannot read {path}: Input/output error; repair it, or move it"):
        list(records.read(tmp_path))


@pytest.mark.parametrize("small_disk", ["64k"], indirect=True)
def test_record_on_a_full_disk_is_an_error(small_disk):
    (small_disk / records.FILE).write_bytes(b"\n" * 4096)
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "junk").write_bytes(bytes(100_000))
    with pytest.raises(CannotWrite, match=f"{small_disk}/runs.jsonl: No space left on device; make room"):
        records.append(small_disk, ended("a"))


def written(state: Path) -> list[str]:
    return (state / lines.FILE).read_text().splitlines()


def test_each_line_has_a_local_time_and_the_run(tmp_path):
    lines.write(tmp_path, "run-1", [Line(AT, "one\n\n  two"), Line(AT, "three \udc80")])
    start = "2026-12-01T04:15:02+01:00 run-1 "
    assert written(tmp_path) == [f"{start}one", f"{start}  two", f"{start}three \\udc80"]


def test_long_log_is_renamed_once(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_BYTES", 60)
    for number in range(5):
        lines.write(tmp_path, "run-1", [Line(AT, str(number))])
    files = {path.name: [line[-1] for line in path.read_text().splitlines()] for path in tmp_path.iterdir()}
    assert files == {"gr.log.1": ["2", "3"], "gr.log": ["4"]}


def test_processes_that_rename_a_long_log_at_once_lose_no_line(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_BYTES", 1_000)
    writers, rounds, full = 8, 15, "x" * 1_000
    at_once = Barrier(writers)

    def write_one(state: Path) -> None:
        at_once.wait()
        lines.write(state, "run-1", [Line(AT, "one")])  # each call opens and locks the file anew

    with ThreadPoolExecutor(writers) as pool:
        for number in range(rounds):
            state = tmp_path / str(number)
            state.mkdir()
            lines.write(state, "run-0", [Line(AT, full)])
            list(pool.map(write_one, [state] * writers))
            found = [path.read_text().splitlines() for path in state.iterdir()]
            assert sum(map(len, found)) == 1 + writers


def test_log_that_is_being_renamed_is_written_without_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_BYTES", 10)
    lines.write(tmp_path, "run-1", [Line(AT, "one")])
    with (tmp_path / lines.FILE).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines.write(tmp_path, "run-1", [Line(AT, "two")])
    assert [line[-3:] for line in written(tmp_path)] == ["one", "two"]


def test_log_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / lines.FILE).mkdir()
    lines.write(tmp_path, "run-1", [Line(AT, "one")])
    assert list(tmp_path.rglob("*")) == [tmp_path / lines.FILE]
