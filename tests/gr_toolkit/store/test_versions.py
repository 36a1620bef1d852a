"""Shards of other versions: they are read as the current schema, or named; foreign files are set aside."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gr_toolkit
from gr_toolkit.errors import CorruptShard, OutdatedShard
from gr_toolkit.store import Store
from gr_toolkit.store.tables import SCHEMAS, VERSIONS, Versions
from rows import fill
from shards import older, put, stamp

# Every way to read table `pages`.
READINGS: dict[str, Callable[[Store], object]] = {
    "read": lambda store: store.table("pages").read("1"),
    "rows": lambda store: store.table("pages").rows("1"),
    "column": lambda store: store.table("pages").column("1", "status"),
    "rows_in": lambda store: store.table("pages").rows_in(["1"]),
    "versions": lambda store: store.table("pages").versions("1"),
    "scan": lambda store: store.table("pages").scan(),
    "open_table": lambda store: gr_toolkit.open_table(store.data, "pages"),
}
FROM_FOOTERS = ("rows_in", "versions", "scan", "open_table")
ANOTHER_TYPE = {
    "a wider number": {"status": pa.int64()},
    "large text": {"url": pa.large_string()},
    "dictionary": {"host": pa.dictionary(pa.int32(), pa.string())},
    "no value": {"etag": pa.null()},
    "large binary": {"html": pa.large_binary()},
    "finer time": {"fetched_at": pa.timestamp("us", tz="UTC")},
}


@pytest.mark.parametrize("table", SCHEMAS)
def test_written_shard_names_its_table_and_both_versions(store, table):
    store.table(table).write("1", [])
    schema, algorithm = VERSIONS[table]
    found = pq.read_schema(f"{store.data}/{table}/1.parquet").metadata
    assert {key.decode(): value.decode() for key, value in found.items()} == stamp(table, schema, algorithm)
    assert store.table(table).versions("1") == VERSIONS[table]


@pytest.mark.parametrize("metadata", [None, stamp("pages")], ids=["before versions", "with versions"])
def test_missing_null_column_is_null_and_unknown_columns_are_left_out(store, metadata):
    rows = [fill("pages", "a"), fill("pages", "b")]
    content = older("pages", rows, etag=None).append_column("colour", pa.array(["red", "blue"]))
    put(store, "pages", "1", content.select(content.column_names[::-1]), metadata)
    expected = [row | {"etag": None} for row in rows]
    table = store.table("pages")
    assert table.rows("1") == expected
    assert table.read("1").schema.equals(SCHEMAS["pages"])
    assert table.read("1", ["etag", "id"]).to_pylist() == [{"etag": None, "id": name} for name in "ab"]
    assert table.column("1", "etag") == [None, None]
    assert table.rows_in(["1"]) == 2
    assert table.versions("1") == Versions(1, 1)
    assert gr_toolkit.open_table(store.data, "pages").collect().rows(named=True) == expected


@pytest.mark.parametrize("types", ANOTHER_TYPE.values(), ids=ANOTHER_TYPE)
def test_another_type_is_cast_if_every_value_survives(store, types):
    row = fill("pages", etag=None)
    put(store, "pages", "1", older("pages", [row], **types), stamp("pages"))
    table = store.table("pages")
    assert table.rows("1") == [row]
    assert table.read("1").schema.equals(SCHEMAS["pages"])
    (column,) = types
    assert table.read("1", [column]).schema.field(column).equals(SCHEMAS["pages"].field(column))
    assert table.scan().collect().rows(named=True) == [row]


def test_attempts_of_the_first_schema_are_read_without_reasoning(store):
    added = ("reasoning", "finish_reason", "output_tokens")
    content = older("attempts", [fill("attempts")], **dict.fromkeys(added))
    put(store, "attempts", "1", content, stamp("attempts"))
    table = store.table("attempts")
    assert table.versions("1") == Versions(1, 1)
    assert table.rows("1") == [fill("attempts") | dict.fromkeys(added)]
    table.write("2", table.rows("1"))
    assert table.versions("2") == VERSIONS["attempts"] == Versions(2, 1)
    assert table.rows("2") == table.rows("1")


def test_missing_field_inside_a_list_is_null(store):
    answers = pa.list_(pa.struct([("accepted", pa.bool_()), ("text", pa.large_string())]))
    markup = pa.large_list(pa.struct([("question", pa.string()), ("answers", answers)]))
    answer = {"text": "4", "accepted": True}
    question = {"question": "2 + 2?", "answers": [answer]}
    put(store, "texts", "1", older("texts", [fill("texts", qa_markup=[question])], qa_markup=markup))
    expected = [{"question": "2 + 2?", "answers": [answer | {"votes": None}]}]
    assert store.table("texts").rows("1") == [fill("texts", qa_markup=expected)]
    assert store.table("texts").scan().collect()["qa_markup"].to_list() == [expected]


def test_shard_that_polars_has_rewritten_is_read(store):
    table = store.table("signatures")
    table.write("1", [fill("signatures", "a"), fill("signatures", "b")])
    rows, path = table.rows("1"), f"{store.data}/signatures/1.parquet"
    pl.read_parquet(path).write_parquet(path)
    assert table.rows("1") == rows
    assert table.scan().collect().rows(named=True) == rows


@pytest.mark.parametrize("base", ["local", "memory"])
def test_one_frame_has_the_rows_of_shards_of_all_versions_in_order(tmp_path, base):
    local = Store(str(tmp_path / "data"), tmp_path)
    shards = {
        "1": older("pages", [fill("pages", "a")], etag=None),
        "2": older("pages", [fill("pages", "b")], status=pa.int64()),
        "4": older("pages", [fill("pages", "d")]).append_column("colour", pa.array(["red"])),
    }
    for shard, content in shards.items():
        put(local, "pages", shard, content, stamp("pages"))
    local.table("pages").write("3", [fill("pages", "c")])
    store = local
    if base == "memory":
        store = Store(f"memory://{tmp_path.name}", tmp_path)
        fsspec.filesystem("memory").put(f"{local.data}/pages", f"{store.data}/pages", recursive=True)
    frame = gr_toolkit.open_table(store.data, "pages")
    expected = [fill("pages", "a", etag=None), *(fill("pages", name) for name in "bcd")]
    assert frame.collect().rows(named=True) == expected
    assert frame.filter(pl.col("id") > "a").select("id", "status").collect().rows() == [
        ("b", 7),
        ("c", 7),
        ("d", 7),
    ]


IMPOSSIBLE = {
    "a required column is missing": (older("pages", [fill("pages")], status=None), "it has no column status"),
    "another kind of value": (
        older("pages", [fill("pages", status=[7])], status=pa.list_(pa.int64())),
        "its column status cannot be read as int32",
    ),
    "a number in a text": (
        older("pages", [fill("pages", status="007")], status=pa.string()),
        "its column status is string, not int32",
    ),
}
IMPOSSIBLE_VALUES = {
    "a null": (older("pages", [fill("pages", status=None)]), "its column status has nulls"),
    "a number that is too large": (
        older("pages", [fill("pages", status=2**40)], status=pa.int64()),
        "its column status cannot be read as int32",
    ),
    "a fraction": (
        older("pages", [fill("pages", status=0.5)], status=pa.float64()),
        "its column status cannot be read as int32",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
@pytest.mark.parametrize("reading", READINGS)
def test_shard_that_does_not_fit_is_named_with_both_versions_and_stays(store, monkeypatch, case, reading):
    monkeypatch.setitem(VERSIONS, "pages", Versions(2, 1))
    content, why = IMPOSSIBLE[case]
    path = put(store, "pages", "1", content, stamp("pages"))
    with pytest.raises(OutdatedShard) as raised:
        READINGS[reading](store)
    message = str(raised.value)
    assert message.startswith(
        f"shard 1 of table pages is schema 1 algorithm 1, but this gr reads schema 2 algorithm 1: {why}"
    )
    assert message.endswith(f"Delete {path} and run gr crawl, which fetches its pages again")
    assert "\n" not in message
    assert path.exists()


@pytest.mark.parametrize("case", IMPOSSIBLE_VALUES)
@pytest.mark.parametrize("reading", [name for name in READINGS if name not in FROM_FOOTERS])
def test_value_that_does_not_fit_is_named_when_it_is_read(store, case, reading):
    content, why = IMPOSSIBLE_VALUES[case]
    path = put(store, "pages", "1", content, stamp("pages"))
    for read in (READINGS[reading], lambda store: store.table("pages").scan().collect()):
        with pytest.raises(OutdatedShard, match=re.escape(f"schema 1 algorithm 1: {why}")) as raised:
            read(store)
        assert "\n" not in str(raised.value)
    assert path.exists()


def test_columns_that_fit_are_read_from_a_shard_that_does_not_fit(store):
    put(store, "judged", "1", older("judged", [fill("judged", reason="open-ended", kept=False)], judge=None))
    assert store.table("judged").column("1", "reason") == ["open-ended"]


@pytest.mark.parametrize(
    ("table", "command"),
    [
        ("texts", "gr crawl extract --again outdated"),
        ("judged", "gr curate judge --again outdated"),
        ("dataset", "gr curate export --again outdated"),
    ],
)
def test_message_names_the_command_that_makes_the_shard_again(store, table, command):
    put(store, table, "1", older(table, [fill(table)]).select(["id", "kept", "reason"]))
    with pytest.raises(OutdatedShard, match=f"Make it again with: {command}$"):
        store.table(table).rows("1")


@pytest.mark.parametrize("table", ["pages", "judged"])
def test_newer_shard_is_read_if_it_fits_and_otherwise_asks_for_a_newer_gr(store, table):
    content = older(table, [fill(table)]).append_column("colour", pa.array(["red"]))
    put(store, table, "1", content, stamp(table, schema=9, algorithm=4))
    assert store.table(table).rows("1") == [fill(table)]
    assert store.table(table).versions("1") == Versions(9, 4)
    put(store, table, "1", content.select(["id", "kept", "reason"]), stamp(table, schema=9, algorithm=4))
    with pytest.raises(OutdatedShard, match=r"is schema 9 algorithm 4, but this gr reads .*\. Update gr"):
        store.table(table).rows("1")


FOREIGN = {
    "another table": (older("pages", [fill("pages")]), stamp("texts"), "is a shard of table texts"),
    "another program": (pa.table({"id": ["1"], "text": ["x"]}), None, "is not a shard of gr"),
    "a column twice": (
        pa.Table.from_arrays([pa.array(["1"])] * 4, ["id", "id", "kept", "reason"]),
        stamp("pages"),
        "has two columns of one name",
    ),
    "no id": (older("pages", [fill("pages")]).drop_columns("id"), stamp("pages"), "is not a shard of gr"),
    "no versions": (older("pages", [fill("pages")]), {"gr.table": "pages"}, "has no valid versions"),
    "odd versions": (older("pages", [fill("pages")]), stamp("pages", "new"), "has no valid versions"),
}


@pytest.mark.parametrize("case", FOREIGN)
@pytest.mark.parametrize("reading", [*READINGS, "check"])
def test_foreign_shard_is_set_aside_like_a_corrupt_one(store, case, reading):
    content, metadata, why = FOREIGN[case]
    path = put(store, "pages", "1", content, metadata)
    written, aside = path.read_bytes(), Path(store.data) / "corrupt" / "pages-1.parquet"
    if reading == "check":
        (message,) = store.table("pages").check()
    else:
        with pytest.raises(CorruptShard) as raised:
            READINGS[reading](store)
        message = str(raised.value)
    assert message == f"shard 1 of table pages {why}; moved it to {aside}. Make it again with: gr crawl"
    assert not path.exists()
    assert aside.read_bytes() == written


def test_check_reports_outdated_shards_in_one_line_and_leaves_them(store):
    content = older("judged", [fill("judged")], judge=None)
    for shard in "12":
        put(store, "judged", shard, content)
    put(store, "judged", "3", older("judged", [fill("judged")]), stamp("texts"))
    foreign, outdated = store.table("judged").check()
    assert foreign.startswith("shard 3 of table judged is a shard of table texts")
    assert outdated.startswith(
        "table judged has 2 outdated shards; the first one: shard 1 of table judged is"
    )
    assert outdated.endswith("gr curate judge --again outdated")
    assert store.table("judged").shards() == ["1", "2"]


# The first digits of the hash of each schema, by table and version of the schema.
SCHEMA_HASHES = {
    ("pages", 1): "38cb7685af85",
    ("texts", 1): "f75fee18b05d",
    ("pairs", 1): "0408b31148cb",
    ("signatures", 1): "c7ccf1b1c9b6",
    ("duplicates", 1): "dd579fea0486",
    ("contaminated", 1): "d2903bf73134",
    ("judged", 1): "babae28df40a",
    ("attempts", 1): "32e3fe760d37",
    ("attempts", 2): "4703ea19cd95",
    ("dataset", 1): "823d7e8d157c",
}


@pytest.mark.parametrize("table", SCHEMAS)
def test_changed_schema_has_another_version(table):
    columns = "\n".join(f"{field.name} {field.type} {field.nullable}" for field in SCHEMAS[table])
    found = sha256(columns.encode()).hexdigest()[:12]
    version = VERSIONS[table].schema
    assert SCHEMA_HASHES.get((table, version)) == found, (
        f"raise the schema's version of {table} in store/tables.py; its hash is now {found!r}"
    )
