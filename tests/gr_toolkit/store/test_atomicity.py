"""Kills, full disks and missing permissions: every finished shard stays complete."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gr_toolkit.errors import CannotWrite
from gr_toolkit.store import Store
from processes import PROCESSES
from rows import fill

KILLS = 30
NOBODY = 65534
ROWS = 300


def write_forever(data: str, first: int, started: Connection) -> None:
    table = Store(data, Path(data) / ".state").table("pages")
    rows = [fill("pages", f"{n}", html=random.Random(n).randbytes(1_000)) for n in range(ROWS)]
    with table.writing():
        for number in itertools.count(first):
            table.write(f"{number:06d}", rows)
            started.send(number)


def test_sigkill_at_any_moment_leaves_only_complete_shards(store):
    moments = random.Random(2026)
    table = store.table("pages")
    for _ in range(KILLS):
        listen, started = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(target=write_forever, args=(store.data, len(table.shards()), started))
        writer.start()
        assert listen.poll(60)  # the writer has written its first shard
        time.sleep(moments.uniform(0.0, 0.06))
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    with table.writing():
        assert table.check() == []
        assert [path.name for path in Path(table.folder.path).glob(".*")] == []
    assert table.shards() == [f"{number:06d}" for number in range(len(table.shards()))]
    assert len(table.shards()) >= KILLS
    assert {table.read(shard).num_rows for shard in table.shards()} == {ROWS}


def test_temporary_file_of_a_killed_writer_is_removed_and_never_listed(store):
    table = store.table("pages")
    table.write("a", [])
    temporary = Path(table.folder.path) / ".tmp-b.parquet"
    temporary.write_bytes(b"half")
    assert table.shards() == ["a"]
    with table.writing():
        assert not temporary.exists()


def test_full_disk_is_an_error_and_keeps_the_finished_shards(small_disk):
    table = Store(str(small_disk), small_disk / ".state").table("pages")
    rows = [fill("pages", html=random.Random(1).randbytes(200_000))]
    with pytest.raises(CannotWrite, match=r"pages/.*\.parquet: No space left.*run the same command again"):  # noqa: PT012
        for number in range(20):
            table.write(f"{number}", rows)
    finished = table.shards()
    assert 2 <= len(finished) < 20
    assert all(table.rows(shard) == rows for shard in finished)
    assert list(Path(table.folder.path).glob(".*")) == []
    (Path(table.folder.path) / f"{finished.pop()}.parquet").unlink()
    table.write("again", rows)
    assert table.shards() == [*finished, "again"]


def test_lock_on_a_full_disk_is_an_error(small_disk):
    with (small_disk / "junk").open("wb", buffering=0) as junk, pytest.raises(OSError, match="No space"):  # noqa: PT012
        while True:
            junk.write(bytes(4096))
    store = Store(str(small_disk), small_disk / ".state")
    with pytest.raises(CannotWrite, match="No space left"), store.table("pages").writing():
        pass


def try_as_nobody(data: str, state: Path, answer: Connection) -> None:
    table = Store(data, state).table("pages")
    read = [row["id"] for row in table.rows("a")]
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    messages = []
    for attempt in (
        lambda: Store(data, Path(data) / ".state").table("pages").writing().__enter__(),
        lambda: table.write("b", [fill("pages")]),
        table.check,
    ):
        try:
            attempt()
        except CannotWrite as error:
            messages.append(str(error))
    answer.send((read, messages))


def test_error_names_the_folder_without_write_permission():
    """The test runs as the user nobody, because root may write anywhere."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with TemporaryDirectory() as folder:
        data, state = Path(folder) / "data", Path(folder) / "state"
        table = Store(str(data), state).table("pages")
        table.write("a", [fill("pages")])
        (data / "pages" / "cut.parquet").write_bytes(b"PAR1")
        Path(folder).chmod(0o755)
        answer, tell = PROCESSES.Pipe(duplex=False)
        PROCESSES.Process(target=try_as_nobody, args=(str(data), state, tell)).start()
        assert answer.poll(60)
        read, (lock, write, aside) = answer.recv()
        assert read == ["1"]
        assert (
            lock
            == f"cannot write in {data}/.state/locks: Permission denied. Choose another folder with --data"
        )
        assert write.startswith(f"cannot write {data}/pages/b.parquet: Permission denied.")
        assert aside.startswith(f"cannot move {data}/pages/cut.parquet")
        assert table.shards() == ["a", "cut"]
