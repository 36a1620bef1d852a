"""Ingest WARC files: records become rows or counts, and damaged files are reported."""

from __future__ import annotations

import gzip
import os
import zlib
from datetime import UTC, datetime
from functools import partial

import brotli
import pytest

from crawl.archives.warc import WarcFile, warc_files
from crawl.archives.warc_record import unpack
from crawl.response import decompress
from gr_toolkit.errors import GrError
from gr_toolkit.settings import CrawlSettings
from rows import rows_of
from warcs import HTML, Warc, html, ingest_sources, pages_of, raw_record, warc_of_pages

PAGE = html("a page " + "with words " * 50)
CHUNKED = b"".join(
    b"%x\r\n%s\r\n" % (len(PAGE[at : at + 99]), PAGE[at : at + 99]) for at in range(0, len(PAGE), 99)
)


@pytest.fixture
def read(store, settings, tmp_path):
    """Ingest WARC files given by name and content."""

    def run(files: dict[str, bytes], **changes):
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        return ingest_sources(store, settings, *(str(tmp_path / name) for name in files), **changes)

    return run


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("plain.warc", lambda: warc_of_pages(7, gz=False).content),
        ("members.warc.gz", lambda: warc_of_pages(7).content),
        ("whole.warc.gz", lambda: gzip.compress(warc_of_pages(7, gz=False).content)),
    ],
)
def test_any_compression_yields_every_page_in_order(read, store, name, pack):
    summary = read({name: pack()}, shard_pages=3)
    assert [url for url, _ in pages_of(store)] == [f"http://e.org/{number}" for number in range(7)]
    assert (summary.rows_in, summary.rows, summary.kept, summary.shards, summary.notes) == (7, 7, 7, 3, [])


def test_a_row_has_url_time_headers_and_source_file(read, store):
    headers = {**HTML, "ETag": '"e1"', "Last-Modified": "Wed, 04 Mar 2026 00:00:00 GMT"}
    read({"a.warc.gz": Warc().add("http://E.org/a?utm_source=x#y", PAGE, headers).content})
    (row,) = rows_of(store, "pages")
    assert row["url"] == "http://e.org/a?utm_source=x"
    assert row["canonical_url"] == "http://e.org/a"
    assert (row["host"], row["source"], row["depth"], row["status"]) == ("e.org", "a.warc.gz", 0, 200)
    assert row["fetched_at"] == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert (row["content_type"], row["etag"]) == ("text/html; charset=utf-8", '"e1"')
    assert row["last_modified"] == "Wed, 04 Mar 2026 00:00:00 GMT"
    assert decompress(row["html"]) == PAGE


@pytest.mark.parametrize(
    ("header", "encoding", "body"),
    [
        ("Content-Encoding", "gzip", gzip.compress(PAGE)),
        ("Content-Encoding", "deflate", zlib.compress(PAGE)),
        ("Content-Encoding", "br", brotli.compress(PAGE)),
        ("Content-Encoding", "gzip, br", brotli.compress(gzip.compress(PAGE))),
        ("Transfer-Encoding", "chunked", CHUNKED + b"0\r\n\r\n"),
        ("Content-Encoding", "gzip", PAGE),  # decoded by the writer of the file
        ("Transfer-Encoding", "chunked", PAGE),
        ("Content-Encoding", "unheard-of", PAGE),
    ],
    ids=range(8),
)
def test_bodies_are_decoded(read, store, header, encoding, body):
    read({"a.warc": Warc(gz=False).add("http://e.org/", body, {**HTML, header: encoding}).content})
    (row,) = rows_of(store, "pages")
    assert decompress(row["html"]) == PAGE


def test_non_pages_are_counted_and_add_no_row(read, store):
    made = Warc().add("http://e.org/page").add("http://e.org/gone", status=404)
    made.add("http://e.org/robots.txt", b"User-agent: *", {"Content-Type": "text/plain"})
    made.add("http://e.org/a.png", b"\x89PNG", {"Content-Type": "image/png"})
    made.add("http://e.org/b.png", b"\x89PNG", {"Content-Type": "image/png"})
    made.add("dns:e.org", b"e.org. A 192.0.2.1", {"Content-Type": "text/dns"}, kind="resource")
    made.add("http://e.org/page", b"", kind="revisit")
    made.add("http://e.org/note", b"note: x", {"Content-Type": "application/warc-fields"}, kind="metadata")
    summary = read({"a.warc.gz": made.content})
    assert pages_of(store) == [("http://e.org/page", None)]
    (note,) = summary.notes
    counts = (
        "not HTML (image/png) 2",
        "status 404 1",
        "not HTML (text/plain) 1",
        "revisit 1",
        "no http(s) URL 1",
    )
    assert note.startswith("6 records in archives are not pages: ")
    assert all(count in note for count in counts)
    assert summary.rows_in == 7


def test_an_html_resource_record_is_a_page(read, store):
    made = Warc().add("http://e.org/r", PAGE, {"Content-Type": "text/html"}, kind="resource")
    read({"a.warc.gz": made.content})
    (row,) = rows_of(store, "pages")
    assert (row["url"], row["status"], decompress(row["html"])) == ("http://e.org/r", 200, PAGE)


def test_a_row_that_is_not_a_page_has_a_reason(read, store):
    made = (
        Warc()
        .add("http://e.org/a", b" ")
        .add("http://e.org/b", b"%PDF-1.7")
        .add("http://e.org/c", b"\x00\x01" * 99)
    )
    made.add("http://e.org/d", warc={"WARC-Truncated": "length"})
    read({"a.warc.gz": made.content})
    assert [reason for _, reason in pages_of(store)] == ["empty", "binary", "binary", "truncated"]


@pytest.mark.parametrize(
    ("name", "cut", "row_of_the_last"),
    [
        ("in a body, packed.warc.gz", lambda: cut_at(warc_of_pages(5), 0.9), True),
        ("in a header, packed.warc.gz", lambda: cut_at(warc_of_pages(5), 0.4), False),
        ("at a beginning, packed.warc.gz", lambda: cut_at(warc_of_pages(5), 0.03), False),
        ("in a body.warc", lambda: cut_at(warc_of_pages(5, gz=False), 0.8), True),
        ("one member.warc.gz", lambda: gzip.compress(noisy().content)[:-2000], True),
    ],
)
def test_a_truncated_file_yields_its_intact_records_and_a_note(read, store, name, cut, row_of_the_last):
    summary = read({name: cut(), "whole.warc.gz": warc_of_pages(2, prefix="http://whole.org/").content})
    found = pages_of(store)
    whole = [(f"http://e.org/{number}", None) for number in range(4)]
    last = [("http://e.org/4", "truncated")] if row_of_the_last else []
    assert found == [*whole, *last, ("http://whole.org/0", None), ("http://whole.org/1", None)]
    assert [note.partition(name)[2] for note in summary.notes] == [
        " is truncated; its intact records were ingested"
    ]


def cut_at(made: Warc, share: float) -> bytes:
    """The file, cut off after this share of its last record."""
    start = made.starts[-1]
    return made.content[: start + int(share * (len(made.content) - start))]


def noisy() -> Warc:
    """Five nearly incompressible pages, so that a cut of the compressed file hits the last one."""
    made = Warc(gz=False)
    for number in range(5):
        made.add(f"http://e.org/{number}", b"<p>" + os.urandom(20_000).hex().encode())
    return made


@pytest.mark.parametrize("lost", [0, 3, 6])
@pytest.mark.parametrize("where", [2, 120], ids=["at its beginning", "in its middle"])
def test_a_damaged_record_does_not_affect_the_others(read, store, lost, where):
    made = warc_of_pages(7)
    content = bytearray(made.content)
    at = made.starts[lost] + where
    content[at : at + 60] = bytes(byte ^ 0xFF for byte in content[at : at + 60])
    summary = read({"a.warc.gz": bytes(content)}, shard_pages=2)
    whole = [f"http://e.org/{number}" for number in range(7) if number != lost]
    assert [url for url, reason in pages_of(store) if not reason] == whole
    assert "a.warc.gz is " in summary.notes[-1]
    assert summary.notes[-1].endswith("; its intact records were ingested")


def test_an_uncompressed_file_is_read_up_to_the_damage(read, store):
    made = warc_of_pages(5, gz=False)
    before, after = made.content[: made.starts[3]], made.content[made.starts[3] :]
    summary = read({"a.warc": before + b"damage\r\n" * 9 + after})
    assert [url for url, _ in pages_of(store)] == [f"http://e.org/{number}" for number in range(3)]
    assert "a.warc is damaged (" in summary.notes[-1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a WARC\n" * 500,
        gzip.compress(b"nor this\n" * 500),
        os.urandom(5000),
        b"\x1f\x8b\x08" * 1_000_000,
    ],
    ids=("nothing", "words", "packed words", "noise", "gzip magic bytes"),
)
def test_a_non_warc_fails_on_its_own_and_is_only_noted_among_others(read, store, content):
    with pytest.raises(GrError, match=r"no page was found: .*bad.warc.gz is not a WARC file, or is empty"):
        read({"bad.warc.gz": content})
    summary = read({"bad.warc.gz": content + b"changed", "good.warc.gz": warc_of_pages(2).content})
    assert len(pages_of(store)) == summary.kept == 2
    assert "bad.warc.gz is not a WARC file" in summary.notes[-1]


def test_decompression_bombs_are_too_large_and_later_records_are_read(read, store):
    zeros = bytes(60_000_000)
    made = Warc().add("http://e.org/bomb", gzip.compress(zeros), {**HTML, "Content-Encoding": "gzip"})
    made.add("http://e.org/br", brotli.compress(zeros, quality=1), {**HTML, "Content-Encoding": "br"})
    made.add("http://e.org/long", zeros).add("http://e.org/after")
    read({"a.warc.gz": made.content})
    assert [reason for _, reason in pages_of(store)] == ["too large", "too large", "too large", None]


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
def test_unpack_stops_after_max_bytes_plus_one(encoding, pack):
    assert unpack(pack(bytes(100_000)), {"content-encoding": encoding}, max_bytes=1000) == bytes(1001)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"garbage",
        b"HTTP/1.1 abc\r\n\r\n<p>x",
        b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>x",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\nContent-Type: text/html\r\n\r\n<p>x",
    ],
    ids=["nothing", "garbage", "no status", "line feeds", "endless"],
)
def test_a_broken_http_header_does_not_affect_other_records(read, store, block):
    good = raw_record(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>good</p>", "http://e.org/good")
    summary = read({"a.warc": raw_record(block) + good})
    assert pages_of(store) == [("http://e.org/good", None)]
    assert summary.notes == ["1 records in archives are not pages: broken HTTP header 1"]


@pytest.mark.parametrize(
    "block",
    [
        b"HTTP/2 200\r\ncontent-type: text/html\r\n\r\n<p>x",
        b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Type: text/html\r\n\r\n<p>x",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=\xe9\r\n\r\n<p>x",
    ],
    ids=["HTTP 2", "no colon", "not ASCII"],
)
def test_an_unusual_http_header_is_parsed(read, store, block):
    read({"a.warc": raw_record(block)})
    assert pages_of(store) == [("http://e.org/raw", None)]


def test_a_file_is_split_into_slices_that_fit_a_shard(tmp_path):
    (tmp_path / "a.warc.gz").write_bytes(warc_of_pages(11).content)
    settings = CrawlSettings(shard_pages=4)
    slices = list(WarcFile(str(tmp_path), "a.warc.gz").slices(settings, known=lambda _: False))
    rows = [[row["url"] for row in slice().rows] for slice in slices]
    assert [len(urls) for urls in rows] == [4, 4, 3]
    assert [url for urls in rows for url in urls] == [f"http://e.org/{number}" for number in range(11)]
    assert all(isinstance(slice, partial) for slice in slices)


def test_a_missing_file_is_reported_and_retried(store, settings, tmp_path):
    (tmp_path / "a.warc.gz").write_bytes(warc_of_pages(1).content)
    gone = WarcFile(str(tmp_path), "b.warc.gz")
    (contents,) = [slice() for slice in gone.slices(settings, known=lambda _: False)]
    assert (contents.error, contents.unfinished) == (f"{tmp_path}/b.warc.gz no longer exists", True)


def test_a_folder_yields_its_warc_files_and_those_in_subfolders_in_order(tmp_path):
    for name in ("b.warc", "a/z.warc.gz", "a/B.WARC.GZ", "a/readme.txt", "c.warc.gz.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [warc.file for warc in warc_files(str(tmp_path))] == ["a/B.WARC.GZ", "a/z.warc.gz", "b.warc"]


def test_a_file_at_an_fsspec_url_is_read(store, settings):
    import fsspec

    with fsspec.open("memory://warcs/a.warc.gz", "wb") as file:
        file.write(warc_of_pages(3).content)
    assert ingest_sources(store, settings, "memory://warcs").kept == 3
    assert ingest_sources(store, settings, "memory://warcs/a.warc.gz").notes == [
        "1 archives were read by an earlier run"
    ]
