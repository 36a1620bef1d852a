"""Ingest a folder of HTML files, with and without an index."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawl.response import decompress
from gr_toolkit.errors import GrError
from rows import rows_of
from warcs import html, ingest_sources, pages_of


@pytest.fixture
def folder(tmp_path) -> Path:
    """Pages at two levels, and other files."""
    root = tmp_path / "my pages"
    (root / "below").mkdir(parents=True)
    for path in ("b.html", "a.HTM", "below/c ?.xhtml"):
        (root / path).write_bytes(html(path))
    (root / "d.png").write_bytes(b"\x89PNG")
    (root / "README").write_bytes(b"words")
    os.utime(root / "b.html", (1_700_000_000, 1_700_000_000))
    return root


def index(folder: Path, *lines: object) -> None:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "index.jsonl").write_text(text, encoding="utf-8")


def test_without_an_index_html_files_become_rows_and_others_are_counted(store, settings, folder):
    summary = ingest_sources(store, settings, str(folder))
    assert pages_of(store) == [
        ("file:///my%20pages/a.HTM", None),
        ("file:///my%20pages/b.html", None),
        ("file:///my%20pages/below/c%20%3F.xhtml", None),
    ]
    row = rows_of(store, "pages")[1]
    assert decompress(row["html"]) == html("b.html")
    assert row["fetched_at"] == datetime.fromtimestamp(1_700_000_000, UTC)
    assert (row["source"], row["status"], row["content_type"]) == ("folder my pages", 200, "text/html")
    assert summary.notes == ["2 records in archives are not pages: not HTML (no suffix) 1, not HTML (.png) 1"]


def test_the_index_lists_the_files_and_their_urls(store, settings, folder):
    index(folder, {"path": "b.html", "url": "http://e.org/b#top", "licence": "CC BY"}, "", {"path": "a.HTM"})
    summary = ingest_sources(store, settings, str(folder))
    assert pages_of(store) == [("http://e.org/b", None), ("file:///my%20pages/a.HTM", None)]
    assert summary.notes == []


def test_files_are_read_in_order_of_their_names(store, settings, tmp_path):
    names = [f"{name}/{file}.html" for name in "zamqbkx" for file in "cab"]
    for name in names:
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_bytes(html(name))
    ingest_sources(store, settings, str(tmp_path / "site"))
    assert [url for url, _ in pages_of(store)] == [f"file:///site/{name}" for name in sorted(names)]


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("not json", "invalid line of index.jsonl 1"),
        ("[" * 100_000, "invalid line of index.jsonl 1"),
        ([1], "invalid line of index.jsonl 1"),
        ({"url": "http://e.org/x"}, "invalid line of index.jsonl 1"),
        ({"path": 5, "url": "http://e.org/x"}, "invalid line of index.jsonl 1"),
        ({"path": "no.html", "url": "http://e.org/x"}, "missing file 1"),
        ({"path": "below", "url": "http://e.org/x"}, "missing file 1"),
        ({"path": "../secret.html", "url": "http://e.org/x"}, "file outside the folder 1"),
        ({"path": "/etc/passwd", "url": "http://e.org/x"}, "file outside the folder 1"),
        ({"path": "out.html", "url": "http://e.org/x"}, "file outside the folder 1"),
        ({"path": "loop.html", "url": "http://e.org/x"}, "unreadable file"),
        ({"path": "b\0.html", "url": "http://e.org/x"}, "unreadable file"),
        ({"path": "b" * 5000, "url": "http://e.org/x"}, "unreadable file"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_unusable_index_line_is_counted_and_the_others_are_read(store, settings, folder, line, note):
    (folder.parent / "secret.html").write_bytes(html("secret"))
    (folder / "out.html").symlink_to(folder.parent / "secret.html")
    (folder / "loop.html").symlink_to(folder / "loop.html")
    index(folder, line, {"path": "b.html", "url": "http://e.org/b"})
    summary = ingest_sources(store, settings, str(folder))
    assert pages_of(store) == [("http://e.org/b", None)]
    assert note in summary.notes[0]


def test_files_that_are_not_pages_have_a_reason(store, settings, folder):
    (folder / "e1.html").write_bytes(b"")
    (folder / "e2.html").write_bytes(b"\x89PNG\r\n")
    (folder / "e3.html").write_bytes(html("long " * 100))
    ingest_sources(store, settings, str(folder), max_bytes=300)
    assert [reason for _, reason in pages_of(store) if reason] == ["empty", "binary", "too large"]


def test_a_second_run_reads_nothing_until_a_file_changes(store, settings, folder, monkeypatch):
    assert ingest_sources(store, settings, str(folder)).kept == 3
    with monkeypatch.context() as patch:
        patch.setattr("crawl.ingest.read", None)
        assert ingest_sources(store, settings, str(folder)).notes == [
            "1 archives were read by an earlier run"
        ]
    (folder / "below" / "new.html").write_bytes(html("new"))
    assert ingest_sources(store, settings, str(folder)).rows == 1


def test_an_unreadable_file_is_retried_on_the_next_run(store, settings, folder):
    (folder / "loop.html").symlink_to(folder / "loop.html")
    ingest_sources(store, settings, str(folder))
    again = ingest_sources(store, settings, str(folder))
    assert (again.rows_in, again.rows) == (6, 0)


def test_a_folder_without_pages_is_an_error(store, settings, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(GrError, match="empty has no WARC files and no HTML files"):
        ingest_sources(store, settings, str(tmp_path / "empty"))
