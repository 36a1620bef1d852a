"""Lists of URLs in tables, and the choice of their URL column."""

from __future__ import annotations

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawl.sources.sources import read_sources
from gr_toolkit.errors import GrError, MissingExtra, UsageError

ROWS = [
    {"id": "1", "link": "http://e.org/a", "text": "x"},
    {"id": "2", "link": "http://e.org/b", "text": "see http://e.org/"},
]


def write_csv(path, rows):
    lines = [",".join(rows[0]), *(",".join(f'"{cell}"' for cell in row.values()) for row in rows)]
    path.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")


def write_tsv(path, rows):
    path.write_text("\n".join("\t".join(row) for row in [list(rows[0]), *(row.values() for row in rows)]))


def write_jsonl(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))


def write_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)


WRITE = {"csv": write_csv, "tsv": write_tsv, "jsonl": write_jsonl, "parquet": write_parquet}


@pytest.fixture(params=WRITE)
def table(request, tmp_path):
    """Write rows in one of the formats; return the file's path."""

    def write(rows):
        path = tmp_path / f"urls.{request.param}"
        WRITE[request.param](path, rows)
        return str(path)

    return write


def urls_of(*names, column=None):
    sources = read_sources(names, column)
    return [url for urls in sources.batches() for url in urls.pages], sources.notes


def test_the_only_column_with_urls_is_chosen(table):
    assert urls_of(table(ROWS)) == (["http://e.org/a", "http://e.org/b"], [])


def test_a_column_named_url_takes_precedence(table):
    rows = [{"from": "http://x.org/", "URL": row["link"]} for row in ROWS]
    assert urls_of(table(rows))[0] == ["http://e.org/a", "http://e.org/b"]


def test_the_column_can_be_named(table):
    rows = [{"url": "http://x.org/", "other": row["link"]} for row in ROWS]
    assert urls_of(table(rows), column="other")[0] == ["http://e.org/a", "http://e.org/b"]


@pytest.mark.parametrize(
    "rows",
    [[{"a": "http://e.org/", "b": "http://e.org/"}], [{"a": "words", "b": "and more"}]],
    ids=["two", "none"],
)
def test_an_ambiguous_or_missing_url_column_is_a_usage_error_that_lists_the_columns(table, rows):
    with pytest.raises(UsageError, match=r"Name it with --url-column; its columns are a, b"):
        urls_of(table(rows))


def test_an_unknown_column_is_a_usage_error_that_lists_the_columns(table):
    with pytest.raises(UsageError, match=r"has no column uri; its columns are id, link, text"):
        urls_of(table(ROWS), column="uri")


def test_rows_without_a_url_are_counted_and_listed(table):
    cells = ["http://e.org/a", "", "junk", "http://e.org/b"]
    urls, (note,) = urls_of(table([{"id": "x", "url": cell} for cell in cells]))
    assert urls == ["http://e.org/a", "http://e.org/b"]
    assert note.endswith((": skipped 2 lines without a URL: number 3, 4", " without a URL: number 2, 3"))


def test_a_table_without_rows_is_a_usage_error(tmp_path):
    for name, content in (("a.csv", "url\n"), ("b.jsonl", ""), ("c.tsv", "")):
        (tmp_path / name).write_text(content)
        with pytest.raises(UsageError, match=r"it has no rows"):
            urls_of(str(tmp_path / name))


def test_a_table_without_a_header_is_a_usage_error(tmp_path):
    (tmp_path / "a.csv").write_text("http://e.org/a\nhttp://e.org/b\n")
    with pytest.raises(UsageError, match="has a URL in its first line, where the column names should be"):
        urls_of(str(tmp_path / "a.csv"))


def test_invalid_json_lines_are_counted(tmp_path):
    lines = [
        '{"url": "http://e.org/a"}',
        "{",
        "[1]",
        "",
        "[" * 100_000,
        '{"url": 5}',
        '{"url": "http://e.org/b"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    urls, (note,) = urls_of(str(tmp_path / "a.jsonl"))
    assert urls == ["http://e.org/a", "http://e.org/b"]
    assert note.endswith("4 lines without a URL: number 2, 3, 5, 6")


def test_csv_cells_may_exceed_the_default_limit(tmp_path):
    (tmp_path / "a.csv").write_text(f'text,url\n"{"long " * 100_000}",http://e.org/a\n')
    assert urls_of(str(tmp_path / "a.csv"))[0] == ["http://e.org/a"]


@pytest.mark.parametrize("content", [b"PAR1", b"junk" * 100, b""])
def test_a_broken_parquet_file_is_an_error_with_its_path(tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(GrError, match=r"cannot read .*a\.parquet: "):
        urls_of(str(tmp_path / "a.parquet"))


def test_only_the_url_column_of_a_parquet_file_is_read(tmp_path):
    rows = [{"url": f"http://e.org/{number}", "html": f"{number} " * 100} for number in range(400)]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=200)
    html = pq.read_metadata(path).row_group(1).column(1)
    with path.open("r+b") as file:  # in a row group after the sample that chooses the column
        file.seek(html.data_page_offset)
        file.write(b"\xff" * 16)
    assert urls_of(str(path)) == ([row["url"] for row in rows], [])


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """A local folder instead of a data set on the Hub: two splits of one configuration."""
    pytest.importorskip("datasets", reason="needs datasets: pip install 'gr-toolkit[hf]'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    folder = tmp_path / "owner" / "set"
    folder.mkdir(parents=True)
    write_jsonl(folder / "train.jsonl", ROWS)
    write_jsonl(folder / "test.jsonl", [{**ROWS[0], "link": "http://e.org/test"}])
    return "hf:owner/set"


def test_a_data_set_is_read_by_split_and_column(dataset):
    assert urls_of(dataset) == (["http://e.org/a", "http://e.org/b"], [])
    assert urls_of(f"{dataset}:test", column="link")[0] == ["http://e.org/test"]
    assert urls_of(f"{dataset}/default:train")[0] == ["http://e.org/a", "http://e.org/b"]
    with pytest.raises(UsageError, match="has no column nope; its columns are id, link, text"):
        urls_of(dataset, column="nope")
    for name in (f"{dataset}:dev", "hf:owner/none", f"{dataset}/other"):
        with pytest.raises(GrError, match=f"cannot read {name}: ") as caught:
            urls_of(name)
        assert "\n" not in str(caught.value)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"hf:owner/set needs .*gr-toolkit\[hf\]"):
        urls_of("hf:owner/set")
