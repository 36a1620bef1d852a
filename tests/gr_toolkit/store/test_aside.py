"""Shards set aside, with the shards made from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gr_toolkit.errors import Locked
from gr_toolkit.steps import derived_from
from gr_toolkit.store import Store
from gr_toolkit.store.aside import set_aside, set_aside_again, shards_with
from gr_toolkit.store.table import CORRUPT, REPLACED
from gr_toolkit.store.tables import SCHEMAS
from rows import fill
from shards import older, put

FAILED = {"kept": False, "reason": "failed: HTTP 500"}


@pytest.fixture
def filled(store: Store) -> Store:
    """Every table has the shards 1 and 2; a row of the first shard of `judged` has failed."""
    for table in SCHEMAS:
        for shard in "12":
            reason = FAILED if (table, shard) == ("judged", "1") else {}
            store.table(table).write(shard, [fill(table, shard, **reason)])
    return store


def files(store: Store, folder: str) -> list[str]:
    return sorted(path.name for path in Path(store.data, folder).glob("*"))


def test_shards_of_every_table_are_moved_to_the_folder_and_counted(filled):
    Path(filled.data, "attempts", "2.parquet").unlink()
    moved = set_aside(filled, ["judged", "attempts"], ["2", "9"], CORRUPT)
    assert list(moved.items()) == [("judged", 1)]
    moved = set_aside(filled, ["judged", "attempts"], ["1"], REPLACED)
    assert list(moved.items()) == [("judged", 1), ("attempts", 1)]
    assert files(filled, CORRUPT) == ["judged-2.parquet"]
    assert files(filled, REPLACED) == ["attempts-1.parquet", "judged-1.parquet"]
    assert filled.table("dataset").shards() == ["1", "2"]


def test_nothing_is_moved_while_a_derived_table_is_written(filled):
    tables = ["judged", "attempts", "dataset"]
    with filled.table("attempts").writing():
        with pytest.raises(Locked, match="table attempts is being written"):
            set_aside(filled, tables, ["1"], REPLACED)
        assert all("1" in filled.table(table).shards() for table in tables)
        assert set_aside(filled, tables, ["1"], REPLACED, {"attempts"}).total() == 3


def test_the_shard_itself_is_moved_last_so_that_a_killed_run_is_repeated(filled, monkeypatch):
    def move_then_stop(table: object, shard: str, folder: str) -> None:
        order.append(table.name)
        if len(order) == 2:
            raise KeyboardInterrupt

    order: list[str] = []
    monkeypatch.setattr("gr_toolkit.store.table.Table.set_aside", move_then_stop)
    with pytest.raises(KeyboardInterrupt):
        set_aside_again(filled, "judged", "failed")
    assert order == ["dataset", "attempts"]


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        ("failed", ["1"]),
        ("failed: HTTP 500", ["1"]),
        ("failed: HTTP", []),
        ("fail", []),
        ("None", []),
        ("", []),
        ("open-ended", []),
    ],
)
def test_reason_matches_itself_and_its_details(filled, reason, found):
    assert shards_with(filled.table("judged"), reason) == found


def test_shard_of_the_reason_is_moved_with_what_was_made_from_it(filled, capsys):
    assert set_aside_again(filled, "judged", "failed") == ["1"]
    assert files(filled, REPLACED) == ["attempts-1.parquet", "dataset-1.parquet", "judged-1.parquet"]
    assert filled.table("judged").pending("pairs", "duplicates", "contaminated") == ["1"]
    assert filled.table("attempts").shards() == ["2"]
    (line,) = capsys.readouterr().err.splitlines()
    folder = f"{filled.data}/replaced"
    assert line == f"moved these shards to {folder}, to make them again: judged 1, attempts 1, dataset 1"


def test_everything_made_from_a_text_is_moved_with_it(filled):
    filled.table("texts").write("2", [fill("texts", kept=False, reason="no text")])
    set_aside_again(filled, "texts", "no text")
    assert files(filled, REPLACED) == sorted(
        f"{name}-2.parquet" for name in ("texts", *derived_from("texts"))
    )
    assert filled.table("pages").shards() == ["1", "2"]


def test_dry_run_moves_nothing_and_says_the_same(filled, capsys):
    assert set_aside_again(filled, "judged", "failed", dry_run=True) == ["1"]
    assert "would move these shards" in capsys.readouterr().err
    assert files(filled, REPLACED) == []
    assert not filled.state.exists()


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("open-ended", "table judged has no row with the reason 'open-ended'; no shard is moved"),
        ("outdated", "table judged has no shard that is outdated; no shard is moved"),
    ],
)
def test_reason_without_rows_moves_nothing_and_says_so(filled, capsys, reason, line):
    assert set_aside_again(filled, "judged", reason) == []
    assert capsys.readouterr().err == f"{line}\n"
    assert filled.table("judged").shards() == ["1", "2"]


def test_outdated_shards_are_those_that_cannot_be_read(filled):
    put(filled, "judged", "1", older("judged", [fill("judged")], category=None))
    put(filled, "judged", "2", older("judged", [fill("judged")], judge=None))
    put(filled, "judged", "3", older("judged", [fill("judged", judge=None)]))
    assert shards_with(filled.table("judged"), "outdated") == ["2", "3"]


def test_shard_whose_input_is_missing_stays(filled, capsys):
    filled.table("judged").write("2", [fill("judged", **FAILED)])
    Path(filled.data, "contaminated", "1.parquet").unlink()
    assert set_aside_again(filled, "judged", "failed") == ["2"]
    assert capsys.readouterr().err.endswith("; 1 shards stay, because their input is missing\n")
    assert set_aside_again(filled, "judged", "failed") == []
    assert capsys.readouterr().err == "1 shards of table judged stay, because their input is missing\n"
    assert filled.table("judged").shards() == ["1"]


def test_a_second_time_replaces_the_shards_set_aside_before(filled):
    for _ in range(2):
        filled.table("judged").write("1", [fill("judged", **FAILED)])
        assert set_aside_again(filled, "judged", "failed") == ["1"]
    assert len(files(filled, REPLACED)) == 3
