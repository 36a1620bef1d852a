"""SQLite files: reading one creates nothing and changes nothing."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from gr_toolkit.sqlite import has_tables, open_database, open_to_read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "file.sqlite"


def test_schema_may_have_several_statements(path):
    table, index = "CREATE TABLE IF NOT EXISTS t (a)", "CREATE INDEX IF NOT EXISTS i ON t (a)"
    for _ in range(2):
        with closing(open_database(path, table, index)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master ORDER BY name")]
    assert names == ["i", "t"]


@pytest.mark.parametrize("others", [[], ["file.sqlite-wal"]])
def test_empty_file_has_no_tables_and_reading_it_creates_no_file(path, others):
    path.parent.mkdir()
    for name in (path.name, *others):
        (path.parent / name).touch()
    with open_to_read(path) as database:
        assert not has_tables(database)
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name, *others]


def test_reading_beside_an_empty_wal_file_creates_no_file(path):
    open_database(path, "CREATE TABLE t (a)").close()
    wal = path.with_name("file.sqlite-wal")
    wal.touch()
    with open_to_read(path) as database:
        assert has_tables(database)
    assert sorted(path.parent.iterdir()) == [path, wal]


def test_reader_sees_what_an_open_writer_has_committed(path):
    with closing(open_database(path, "CREATE TABLE t (a)")) as writer:
        with writer:
            writer.execute("INSERT INTO t VALUES (1)")
        writer.execute("INSERT INTO t VALUES (2)")
        with open_to_read(path) as database:
            assert has_tables(database)
            assert database.execute("SELECT a FROM t").fetchall() == [(1,)]
        with open_to_read(path) as database, pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.execute("DELETE FROM t")


def test_many_open_a_new_file_at_once(tmp_path):
    at_once = Barrier(8)

    def open_one(path: Path) -> None:
        at_once.wait()
        open_database(path, "CREATE TABLE IF NOT EXISTS t (a)").close()

    with ThreadPoolExecutor(8) as threads:
        for number in range(100):  # each round alone fails rarely
            list(threads.map(open_one, [tmp_path / f"{number}.sqlite"] * 8))
