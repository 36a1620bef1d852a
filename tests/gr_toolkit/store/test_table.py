"""Tables: rows, schemas, pending shards, corrupt shards and ids."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gr_toolkit.errors import CorruptShard, RowsDoNotFit, UsageError
from gr_toolkit.report.funnel import count
from gr_toolkit.store import Store, content_id
from gr_toolkit.store.tables import SCHEMAS
from rows import fill


def shard_file(store: Store, table: str, shard: str) -> Path:
    return Path(store.data) / table / f"{shard}.parquet"


def flip(path: Path, text: bytes) -> None:
    """Flip a bit in the middle of `text`, which is stored in a data page."""
    content = bytearray(path.read_bytes())
    content[content.index(text) + len(text) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", SCHEMAS)
def test_written_rows_are_read_back(store, name):
    row = fill(name)
    store.table(name).write("a", [row])
    assert store.table(name).rows("a") == [row]
    assert store.table(name).read("a").schema.equals(SCHEMAS[name])


@pytest.mark.parametrize("name", SCHEMAS)
def test_optional_columns_may_be_null(store, name):
    row = fill(name) | {column.name: None for column in SCHEMAS[name] if column.nullable}
    store.table(name).write("a", [row])
    assert store.table(name).rows("a") == [row]


def test_empty_shard_is_finished(store):
    store.table("pages").write("a", [])
    assert store.table("pages").rows("a") == []
    assert store.table("pages").shards() == ["a"]


def test_read_returns_only_the_requested_columns(store):
    store.table("judged").write("a", [fill("judged"), fill("judged", "2")])
    assert store.table("judged").column("a", "id") == ["1", "2"]
    assert store.table("judged").read("a", ["id", "kept"]).column_names == ["id", "kept"]


MISFITS = {
    "a column is missing": ([{"id": "1", "kept": True, "reason": None}], "missing or unknown: .*kept_id"),
    "a column is unknown": ([fill("duplicates", colour="red")], "missing or unknown: colour"),
    "a required column is null": ([fill("duplicates", kept_id=None)], "kept_id"),
    "a value is of another type": ([fill("duplicates", similarity="much")], "much"),
    "a text is not valid Unicode": ([fill("duplicates", why="\ud800")], "surrogate"),
    "a kept row has a reason": (
        [fill("duplicates", reason="near")],
        "row 1 must be either kept or have a reason",
    ),
    "a kept row has an empty reason": (
        [fill("duplicates", reason="")],
        "row 1 must be either kept or have a reason",
    ),
    "a turned-down row has no reason": (
        [fill("duplicates", kept=False)],
        "row 1 must be either kept or have a reason",
    ),
    "a turned-down row has an empty reason": (
        [fill("duplicates", kept=False, reason="")],
        "row 1 must be either kept or have a reason",
    ),
    "kept is null": ([fill("duplicates", kept=None, reason="near")], "kept"),
    "two rows have the same id": ([fill("duplicates"), fill("duplicates")], "two rows have the same id"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_rows_that_do_not_fit_are_not_written(store, misfit):
    rows, message = MISFITS[misfit]
    with pytest.raises(RowsDoNotFit, match=rf"(?s)table duplicates, shard a: .*{message}"):
        store.table("duplicates").write("a", rows)
    assert store.table("duplicates").shards() == []


def test_null_inside_a_list_is_not_written(store):
    nameless = {"question": None, "answers": []}
    with pytest.raises(RowsDoNotFit, match="table texts, shard a"):
        store.table("texts").write("a", [fill("texts", qa_markup=[nameless])])


def test_pending_shards_are_in_every_input_and_not_in_the_output(store):
    for shard in "dcba":
        store.table("pairs").write(shard, [])
    for shard in "bcd":
        store.table("duplicates").write(shard, [])
    store.table("contaminated").write("c", [])
    assert store.table("signatures").pending("pairs") == ["a", "b", "c", "d"]
    assert store.table("contaminated").pending("pairs", "duplicates") == ["b", "d"]


def test_counts_add_up(store):
    for shard in "ab":
        dropped = [fill("pairs", f"{shard}{n}", kept=False, reason=f"why {n % 2}") for n in range(3)]
        store.table("pairs").write(shard, [fill("pairs", shard), *dropped])
    counts = count(store.table("pairs"))
    assert (counts.rows, counts.shards, counts.kept) == (8, 2, 2)
    assert counts.reasons == Counter({"why 0": 4, "why 1": 2})
    assert store.table("pairs").rows_in(["b"]) == 4


def test_check_moves_truncated_shards_aside_and_names_them(store):
    table = store.table("texts")
    for shard in "abc":
        table.write(shard, [fill("texts")])
    whole = shard_file(store, "texts", "b").read_bytes()
    shard_file(store, "texts", "b").write_bytes(whole[: len(whole) // 2])
    shard_file(store, "texts", "c").write_bytes(b"")
    first, second = table.check()
    assert "shard b of table texts" in first
    assert first.endswith("Make it again with: gr crawl extract")
    assert "shard c of table texts" in second
    assert table.shards() == ["a"]
    assert (Path(store.data) / "corrupt" / "texts-b.parquet").read_bytes() == whole[: len(whole) // 2]
    assert table.check() == []


def test_flipped_bit_in_a_data_page_is_detected_on_reading(store):
    table = store.table("pages")
    html = bytes(range(256))  # incompressible, so the file contains it verbatim
    table.write("a", [fill("pages", html=html)])
    flip(shard_file(store, "pages", "a"), html)
    assert table.check() == []
    with pytest.raises(CorruptShard, match=r"shard a of table pages .*Make it again with: gr crawl"):
        table.read("a")
    assert table.shards() == []
    assert (Path(store.data) / "corrupt" / "pages-a.parquet").exists()


def test_corrupt_footer_is_detected_on_counting(store):
    store.table("pairs").write("a", [])
    shard_file(store, "pairs", "a").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(CorruptShard, match="shard a of table pairs"):
        store.table("pairs").rows_in(["a"])
    assert store.table("pairs").shards() == []


def test_missing_shard_is_not_corrupt(store):
    with pytest.raises(FileNotFoundError):
        store.table("pairs").read("a")


def test_empty_data_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="--data"):
        Store("", tmp_path)


def test_ids_depend_on_the_parts_their_order_and_their_boundaries():
    assert content_id("a", "b", 1) == content_id("a", "b", 1)
    assert len({content_id("ab"), content_id("a", "b"), content_id("b", "a"), content_id("", "ab")}) == 4
    assert content_id("naïve", b"\x00", 7) == "b5e7c22ccae46a8a027f1be70ad7efba"


def test_tables_end_with_kept_and_reason_and_dataset_starts_like_webinstruct_verified():
    for schema in SCHEMAS.values():
        assert (schema.names[0], *schema.names[-2:]) == ("id", "kept", "reason")
    webinstruct = ["id", "question", "answer", "answer_type", "category", "difficulty"]
    assert SCHEMAS["dataset"].names[:6] == webinstruct


def test_empty_shard_next_to_a_full_one_loads_as_a_dataset(store, tmp_path):
    datasets = pytest.importorskip("datasets", reason="needs datasets: pip install 'gr-toolkit[train]'")
    table = store.table("dataset")
    table.write("1", [])
    table.write("2", [fill("dataset")])
    files = [f"{table.folder.path}/{shard}.parquet" for shard in table.shards()]
    loaded = datasets.load_dataset(
        "parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.num_rows == 1
    assert table.read("1").schema.names == table.schema.names
