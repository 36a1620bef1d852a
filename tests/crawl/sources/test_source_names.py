"""What a source's name refers to: a URL, a sitemap, a site's root, an archive, or a list (sources.py)."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawl.archives.warc import WarcFile
from crawl.sources.sources import MAX_NAMED, read_sources
from crawl.sources.url_lists import SAMPLE, choose_column
from gr_toolkit.errors import GrError, UsageError


def pages_of(*names, column=None):
    sources = read_sources([str(name) for name in names], column)
    return [url for urls in sources.batches() for url in urls.pages], sources.notes


def columns(rows):
    """The chosen URL column, or the error."""
    try:
        return choose_column("t", rows, None)
    except UsageError as error:
        return str(error)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://e.org", "root"),
        ("http://e.org/", "root"),
        ("http://e.org/?page=2", "page"),
        ("http://e.org/a", "page"),
        ("http://e.org/robots.txt", "page"),
        ("http://e.org/a.XML", "sitemap"),
        ("http://e.org/a.xml.gz?b=c", "sitemap"),
        ("http://e.org/a?b=c.xml", "page"),
        ("http://e.org/a.xml.html", "page"),
        ("http://e.org/a.xml/", "page"),
    ],
)
def test_a_url_is_a_page_a_sitemap_or_a_root(url, kind):
    named = read_sources([url]).named
    assert (bool(named.pages), bool(named.sitemaps), bool(named.robots)) == {
        "page": (True, False, False),
        "root": (True, False, True),
        "sitemap": (False, True, False),
    }[kind]


def test_the_robots_txt_of_a_root_has_its_port():
    assert read_sources(["https://e.org:8443"]).named.robots == ["https://e.org:8443/robots.txt"]


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("s3://bucket/a/b.warc.gz", "s3://bucket/a", "b.warc.gz"),
        ("hdfs://host/B.WARC", "hdfs://host", "B.WARC"),
        ("memory://x.warc.zst", "memory:/", "x.warc.zst"),
    ],
)
def test_a_warc_file_at_a_remote_url_is_not_opened(name, folder, file):
    assert read_sources([name]).archives == [WarcFile(folder, file)]


def test_a_warc_file_in_the_current_folder_has_no_folder_in_its_name(tmp_path, monkeypatch):
    (tmp_path / "a.warc").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert read_sources(["a.warc"]).archives == [WarcFile(".", "a.warc")]
    assert read_sources(["./a.warc"]).archives == [WarcFile(".", "a.warc")]


def test_a_remote_folder_without_warc_files_has_no_archives_and_is_not_a_source():
    with pytest.raises(UsageError, match="is not a URL"):
        read_sources(["memory://nothing-here"])


@pytest.mark.parametrize(("junk", "end"), [(MAX_NAMED, "11"), (MAX_NAMED + 1, "11, ...")])
def test_the_note_lists_up_to_max_named_lines(tmp_path, junk, end):
    (tmp_path / "a.txt").write_text("http://e.org/a\n" + "junk\n" * junk)
    _, (note,) = pages_of(tmp_path / "a.txt")
    assert note.endswith(f"{junk} lines without a URL: number 2, 3, 4, 5, 6, 7, 8, 9, 10, {end}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.CSV", "url\nhttp://e.org/a\n"),
        ("a.tsv", "id\turl\n1\thttp://e.org/a\n"),
        ("a.ndjson", '{"url": "http://e.org/a"}\n'),
        ("a.jsonl", '\ufeff{"url": "http://e.org/a"}\n'),
        ("a.csv", 'text,url\n"caf\udce9 ""x""\n, y",http://e.org/a\n'),
        ("a.jsonl", '{"url": "http://e.org/a", "x": "\udcff"}\n'),
        ("a.list", "\ufeffhttp://e.org/a\n"),
        ("a", "# url,x\n\n  http://e.org/a  \n"),
    ],
)
def test_the_format_of_a_list_is_told_by_its_suffix(tmp_path, name, content):
    (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    assert pages_of(tmp_path / name) == (["http://e.org/a"], [])


def test_a_csv_row_over_several_lines_has_the_number_of_its_last_line(tmp_path):
    (tmp_path / "a.csv").write_text('url,text\nhttp://e.org/a,"1\n2\n3"\njunk,x\n')
    _, (note,) = pages_of(tmp_path / "a.csv")
    assert note.endswith("without a URL: number 5")


def test_a_csv_row_of_another_length_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("id,url\n1,http://e.org/a,extra,more\n2\n3,http://e.org/b\n")
    urls, (note,) = pages_of(tmp_path / "a.csv")
    assert urls == ["http://e.org/a", "http://e.org/b"]
    assert note.endswith("1 lines without a URL: number 3")


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([{"Url": "x", "link": "http://e.org/"}], "Url"),
        ([{"link": ""}, {"link": "http://e.org/"}, {"link": None}], "link"),
        ([{"a": 1}, {"link": "http://e.org/"}], "link"),
        ([{"link": "http://e.org/"}, {"link": "see http://e.org/"}], "cannot choose"),
        ([{"link": "http://e.org/"}, {"link": 5}], "cannot choose"),
        ([{"link": ""}, {"link": None}], "cannot choose"),
        ([{"url": "x", "URL": "y"}], "cannot choose"),
        ([{"http://e.org/": "http://e.org/b"}], "has a URL in its first line"),
        ([], "it has no rows"),
        ([{f"c{number}": 1 for number in range(30)}], "c18, c19"),
    ],
    ids=range(10),
)
def test_the_url_column(rows, chosen):
    found = columns(rows)
    assert chosen in found if " " in chosen else chosen == found


def test_an_error_lists_at_most_twenty_columns():
    assert "c20" not in columns([{f"c{number}": 1 for number in range(30)}])


def test_the_column_is_chosen_from_the_first_rows(tmp_path):
    rows = [
        {"a": "x" if number < SAMPLE else "http://e.org/", "link": "http://e.org/"}
        for number in range(SAMPLE + 1)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert len(pages_of(tmp_path / "a.jsonl")[0]) == SAMPLE + 1
    rows[SAMPLE - 1]["link"] = "not a URL"
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(UsageError, match="cannot choose the URL column"):
        pages_of(tmp_path / "a.jsonl")


def test_cells_that_are_not_text_are_counted(tmp_path):
    pq.write_table(pa.table({"url": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="has no URL; expected http"):
        pages_of(tmp_path / "a.parquet")


def test_a_column_may_be_named_if_any_source_is_a_table(tmp_path):
    (tmp_path / "a.csv").write_text("url,link\nhttp://e.org/a,http://e.org/b\n")
    (tmp_path / "b.txt").write_text("http://e.org/c\n")
    assert pages_of(tmp_path / "a.csv", tmp_path / "b.txt", column="link")[0] == [
        "http://e.org/b",
        "http://e.org/c",
    ]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_list_that_disappears_is_an_error_with_its_name(tmp_path, name):
    (tmp_path / name).write_text("url\nhttp://e.org/a\n")
    sources = read_sources([str(tmp_path / name)])
    (tmp_path / name).unlink()
    with pytest.raises(GrError, match=rf"cannot read .*{name}: No such file or directory"):
        list(sources.batches())
