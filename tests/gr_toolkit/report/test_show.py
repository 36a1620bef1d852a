"""The output of `gr status`: a table, the funnel in words, and JSON."""

from __future__ import annotations

import json

import pytest

from gr_toolkit.report.funnel import flow, read_funnel
from gr_toolkit.report.show import show_status
from gr_toolkit.settings import Settings
from gr_toolkit.steps import FUNNEL
from gr_toolkit.store import Store
from rows import fill


@pytest.fixture
def full(store: Store) -> Store:
    """A store with rows in every table; a second shard of pages is pending."""
    rejected = {"kept": False, "reason": "status 404"}
    pages = [fill("pages", "a"), fill("pages", "b", **rejected), fill("pages", "c", **rejected)]
    store.table("pages").write("1", pages)
    store.table("pages").write("2", [fill("pages", "d", kept=False, reason="empty")])
    store.table("texts").write("1", [fill("texts", "a")])
    store.table("pairs").write("1", [fill("pairs", name) for name in "abcdef"])
    for table, ids in (("duplicates", "ab"), ("contaminated", "c")):
        store.table(table).write("1", [fill(table, name, kept=False, reason="why") for name in ids])
    store.table("judged").write("1", [fill("judged", "d"), fill("judged", "e", kept=False, reason="why")])
    store.table("attempts").write("1", [fill("attempts", name) for name in "uvwx"])
    store.table("dataset").write("1", [fill("dataset", "d", kept=False, reason="never solved")])
    return store


def shown(store: Store, capsys: pytest.CaptureFixture[str], *, as_json: bool = False) -> tuple[str, str]:
    show_status(Settings(data=store.data), as_json=as_json)
    return capsys.readouterr()


def test_table_has_a_line_per_table_with_its_counts_and_its_command(full, capsys):
    output, errors = shown(full, capsys)
    title, heading, *lines = [" ".join(line.split()) for line in output.splitlines()]
    assert errors == ""
    assert title == f"Tables in {full.data}"
    assert heading == "table rows kept rejected shards pending made by"
    assert lines[0] == "pages 4 1 status 404 2, empty 1 2 0 gr crawl"
    assert lines[1] == "texts 1 1 1 1 gr crawl extract"
    assert lines[3] == "duplicates 2 0 why 2 1 0 gr curate dedup"
    assert [line.partition(" ")[0] for line in lines[: len(FUNNEL)]] == list(FUNNEL)


def test_counts_are_aligned_to_the_right_and_texts_to_the_left(full, capsys):
    heading, pages = shown(full, capsys)[0].splitlines()[1:3]
    for name in ("rows", "kept", "shards", "pending"):
        assert pages[heading.index(name) + len(name) - 1].isdigit()
    for name in ("table", "rejected", "made by"):
        assert pages[heading.index(name)].isalpha()


def test_funnel_in_words_is_below_the_table(full, capsys):
    lines = flow(read_funnel(full))
    assert lines == [
        "4 pages: 1 kept",
        "1 texts from these pages: 1 kept",
        "6 pairs: 2 duplicates + 1 benchmark leaks + 2 judged",
        "1 judged verifiable: 1 in the dataset, 0 kept, after 4 attempts",
    ]
    assert shown(full, capsys)[0].splitlines()[-4:] == lines


def test_json_has_the_counts_of_every_table_and_nothing_else_is_printed(full, capsys):
    output, errors = shown(full, capsys, as_json=True)
    tables = json.loads(output)["tables"]
    assert errors == ""
    assert list(tables) == list(FUNNEL)
    reasons = {"status 404": 2, "empty": 1}
    assert tables["pages"] == {"rows": 4, "shards": 2, "pending": 0, "kept": 1, "reasons": reasons}
    assert tables["texts"] == {"rows": 1, "shards": 1, "pending": 1, "kept": 1, "reasons": {}}


def test_missing_folder_is_reported_and_only_json_is_printed(store, capsys):
    message = f"{store.data} does not exist yet: `gr crawl URL` creates it; --data names another folder\n"
    assert shown(store, capsys) == ("", message)
    output, errors = shown(store, capsys, as_json=True)
    assert errors == message
    assert all(table["rows"] == 0 for table in json.loads(output)["tables"].values())


def test_brackets_in_names_are_printed_verbatim(tmp_path, capsys):
    store = Store(f"{tmp_path}/[red]run", tmp_path)
    store.table("pages").write("1", [fill("pages", kept=False, reason="[bold]odd")])
    output, _ = shown(store, capsys)
    assert "/[red]run\n" in output
    assert " [bold]odd 1 " in output
