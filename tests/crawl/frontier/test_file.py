"""The frontier's file: how it is created, replaced, read during a crawl, and how its errors are reported."""

from __future__ import annotations

import os
import pickle
import sqlite3
from contextlib import closing

import pytest

from crawl.frontier.file import VERSION, open_to_read, open_to_write, translate_errors
from crawl.frontier.frontier import Frontier
from crawl.frontier.status import read_hosts, waiting_by_host
from gr_toolkit.errors import CannotWrite, StoreError


def add_url(path, url="http://e.org/a"):
    with closing(Frontier(path, max_depth=2)) as frontier:
        frontier.add([url], 0)


def urls_in(path):
    with open_to_read(path) as database:
        return [url for (url,) in database.execute("SELECT url FROM urls")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a" / "b" / "frontier.sqlite"


def test_missing_folders_are_created(path):
    add_url(path)
    assert urls_in(path) == ["http://e.org/a"]


def test_an_empty_file_becomes_a_frontier(path, capsys):
    path.parent.mkdir(parents=True)
    path.touch()
    add_url(path)
    assert urls_in(path) == ["http://e.org/a"]
    assert not path.with_suffix(".corrupt").exists()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1, 0])
def test_a_file_of_an_older_or_newer_version_is_moved_aside(path, version, capsys):
    add_url(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version}")
    with closing(open_to_write(path)) as database:
        assert database.execute("SELECT count(*) FROM urls").fetchone() == (0,)
    assert urls_in(path.with_suffix(".corrupt")) == ["http://e.org/a"]
    assert f"{path} was written by another version; moved it to" in capsys.readouterr().err


def test_a_path_that_cannot_be_opened_is_an_error_and_is_not_moved_aside(path):
    path.mkdir(parents=True)
    with pytest.raises(CannotWrite, match="unable to open database file"):
        open_to_write(path)
    assert sorted(path.parent.iterdir()) == [path]


def test_a_running_crawl_is_read_without_its_uncommitted_changes(path):
    with closing(Frontier(path, max_depth=2)) as frontier:
        frontier.add(["http://e.org/a"], 0)
        with frontier.transaction():
            frontier.add(["http://e.org/b"], 0)
            assert urls_in(path) == ["http://e.org/a"]
        assert urls_in(path) == ["http://e.org/a", "http://e.org/b"]


def test_reading_after_a_crawl_creates_no_file(path):
    add_url(path)
    before = sorted(path.parent.iterdir())
    assert urls_in(path) == ["http://e.org/a"]
    assert sorted(path.parent.iterdir()) == before == [path]


def test_a_file_that_is_read_cannot_be_written(path):
    add_url(path)
    with pytest.raises(CannotWrite, match="readonly"), open_to_read(path) as database:
        database.execute("DELETE FROM urls")


def test_another_process_that_writes_is_an_error_and_moves_nothing_aside(path):
    add_url(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        frontier = sqlite3.connect(path, timeout=0)
        with closing(frontier), pytest.raises(CannotWrite, match="locked"), translate_errors(path):
            frontier.execute("BEGIN IMMEDIATE")
    assert urls_in(path) == ["http://e.org/a"]


@pytest.mark.parametrize(
    ("error", "translated", "advice"),
    [
        (sqlite3.OperationalError("disk I/O error"), CannotWrite, "free disk space"),
        (OSError("no space"), CannotWrite, "free disk space"),
        (sqlite3.DatabaseError("malformed"), StoreError, "Remove it and run the same command again"),
        (ValueError("a bug"), ValueError, "a bug"),
    ],
)
def test_errors_of_the_file_name_it_and_the_remedy(path, error, translated, advice):
    with pytest.raises(translated, match=advice) as caught, translate_errors(path):
        raise error
    assert (str(path) in str(caught.value)) is (translated is not ValueError)
    assert "\n" not in str(caught.value)


class Attack:
    """An object whose pickle creates a folder when it is loaded."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_an_old_file_with_a_malicious_pickle_keeps_its_queue_and_executes_nothing(path, tmp_path):
    attack = pickle.dumps(Attack(tmp_path / "attacked"))
    with closing(Frontier(path, max_depth=2)) as frontier:
        frontier.add(["http://e.org/a", "http://e.org/b"], 0)
        entry = frontier.take("e.org")
        frontier.database.execute("DROP TABLE kept_results")
        frontier.database.execute("CREATE TABLE results (id INTEGER PRIMARY KEY, result BLOB NOT NULL)")
        frontier.database.execute("INSERT INTO results VALUES (?, ?)", (entry.id, attack))
    before = path.read_bytes()
    assert waiting_by_host(path, 2) == {"e.org": 2}
    assert [(host.host, host.waiting) for host in read_hosts(path)] == [("e.org", 2)]
    assert path.read_bytes() == before
    with closing(Frontier(path, max_depth=2)) as frontier:
        frontier.requeue([])
        entries = [frontier.take("e.org"), frontier.take("e.org")]
        assert [entry.url for entry in entries] == ["http://e.org/a", "http://e.org/b"]
        assert [frontier.kept_result(entry) for entry in entries] == [None, None]
        tables = frontier.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert ("results",) not in tables
    assert not path.with_suffix(".corrupt").exists()
    assert not (tmp_path / "attacked").exists()
    pickle.loads(attack)
    assert (tmp_path / "attacked").exists()


def test_a_malicious_pickle_as_a_kept_result_is_not_loaded(path, tmp_path):
    attack = pickle.dumps(Attack(tmp_path / "attacked"))
    with closing(Frontier(path, max_depth=2)) as frontier:
        frontier.add(["http://e.org/a"], 0)
        entry = frontier.take("e.org")
        frontier.database.execute("INSERT INTO kept_results VALUES (?, ?, ?)", (entry.id, attack, attack))
    with closing(Frontier(path, max_depth=2)) as frontier:
        assert frontier.kept_result(entry) is None
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize("content", [b"", None], ids=["empty file", "header only"])
def test_a_file_that_a_full_disk_left_without_tables_holds_no_host(path, content):
    path.parent.mkdir(parents=True)
    if content is None:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
        path.with_name(f"{path.name}-wal").touch()
    else:
        path.write_bytes(content)
    before = sorted(path.parent.iterdir())
    assert (read_hosts(path), waiting_by_host(path, 2)) == ([], {})
    assert sorted(path.parent.iterdir()) == before


def test_all_tables_are_created_or_none(path, monkeypatch):
    monkeypatch.setattr("crawl.frontier.file.SCHEMA", "CREATE TABLE urls (id); CREATE TABLE urls (id);")
    with pytest.raises(CannotWrite, match="table urls already exists"):
        open_to_write(path)
    assert read_hosts(path) == []
    monkeypatch.undo()
    add_url(path)
    assert urls_in(path) == ["http://e.org/a"]
    assert not path.with_suffix(".corrupt").exists()
