"""What a kill, a full disk and a missing permission leave behind: every finished shard, whole."""

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


def write_for_ever(data: str, first: int, started: Connection) -> None:
    table = Store(data, Path(data) / ".state").table("pages")
    rows = [fill("pages", f"{n}", html=random.Random(n).randbytes(1_000)) for n in range(ROWS)]
    with table.writing():
        for number in itertools.count(first):
            table.write(f"{number:06d}", rows)
            started.send(number)


def test_sigkill_at_any_moment_leaves_whole_shards_and_no_litter(store):
    moments = random.Random(2026)
    table = store.table("pages")
    for _ in range(KILLS):
        listen, started = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(target=write_for_ever, args=(store.data, len(table.shards()), started))
        writer.start()
        assert listen.poll(60)  # it has written its first shard
        time.sleep(moments.uniform(0.0, 0.06))
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    with table.writing():
        assert table.check() == []
        assert [path.name for path in Path(table.folder.path).glob(".*")] == []
    assert table.shards() == [f"{number:06d}" for number in range(len(table.shards()))]
    assert len(table.shards()) >= KILLS
    assert {table.read(shard).num_rows for shard in table.shards()} == {ROWS}


def test_what_a_killed_writer_left_is_swept_and_never_listed(store):
    table = store.table("pages")
    table.write("a", [])
    litter = Path(table.folder.path) / ".tmp-b.parquet"
    litter.write_bytes(b"half")
    assert table.shards() == ["a"]
    with table.writing():
        assert not litter.exists()


def test_a_full_disk_stops_the_writer_and_loses_nothing(small_disk):
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


def test_a_full_disk_has_no_room_for_the_lock_either(small_disk):
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
    said = []
    for attempt in (
        lambda: Store(data, Path(data) / ".state").table("pages").writing().__enter__(),
        lambda: table.write("b", [fill("pages")]),
        table.check,
    ):
        try:
            attempt()
        except CannotWrite as error:
            said.append(str(error))
    answer.send((read, said))


def test_a_folder_without_write_permission_is_named():
    """As the user nobody, because root may write anywhere."""
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
