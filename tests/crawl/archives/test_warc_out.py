"""Write WARC files: readable by other tools, consistent with the table, deterministic."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.indexer import Indexer

from crawl.archives.warc_out import warc_of
from crawl.response import read_page
from gr_toolkit.store import Store
from rows import rows_of
from warcs import html, ingest_sources

DATE = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
AGENT = "gr-toolkit/0.1 (+mailto:me@example.org)"


def row(url, body, status=200, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_page(url, 0, status, {"content-type": "text/html", **named}, body, fetched_at=DATE).row


ROWS = [
    row("http://e.org/", html("root"), etag='W/"1"', last_modified="Wed, 04 Mar 2026 00:00:00 GMT"),
    row("http://e.org/gone", html("none"), 404),
    row(
        "https://e.org:8443/a?b=c&d", "<p>é</p>".encode("latin-1"), content_type="text/html; charset=latin-1"
    ),
    row("http://e.org/203", html("203"), 203),
]
KEPT = [row for row in ROWS if row["kept"]]
ROWS.append({**row("http://e.org/old", html("old")), "source": "a.warc.gz"})  # not fetched


@pytest.fixture
def records():
    """Type, WARC header, HTTP header and body of each record, as read and checked by warcio."""
    iterator = ArchiveIterator(BytesIO(warc_of("000001.warc.gz", ROWS, AGENT)), check_digests="raise")
    return [
        (each.rec_type, each.rec_headers, each.http_headers, each.content_stream().read())
        for each in iterator
    ]


def test_the_file_has_warcinfo_and_a_request_and_response_for_each_kept_page(records):
    assert [kind for kind, *_ in records] == ["warcinfo"] + ["request", "response"] * len(KEPT)
    info = records[0][3].decode()
    assert "software: gr-toolkit" in info
    assert f"http-header-user-agent: {AGENT}" in info
    assert "bodies are unpacked" in info
    assert records[0][1].get_header("WARC-Filename") == "000001.warc.gz"


def test_a_response_record_matches_its_row(records):
    responses = [record for record in records if record[0] == "response"]
    for (_, warc, http, body), kept in zip(responses, KEPT, strict=True):
        assert warc.get_header("WARC-Target-URI") == kept["url"]
        assert warc.get_header("WARC-Date") == "2026-03-04T05:06:07.089Z"
        assert warc.get_header("WARC-Record-ID").replace("-", "").endswith(f"{kept['id']}>")
        assert warc.get_header("WARC-Payload-Digest").startswith("sha1:")
        assert int(http.get_statuscode()) == kept["status"]
        assert http.get_header("Content-Type") == kept["content_type"]
        assert http.get_header("ETag") == kept["etag"]
        assert http.get_header("Last-Modified") == kept["last_modified"]
        assert int(http.get_header("Content-Length")) == len(body)
        assert http.get_header("Content-Encoding") is None


def test_a_request_names_its_response_target_host_and_agent(records):
    (_, request, http, _), (_, response, _, _) = records[3:5]
    assert request.get_header("WARC-Concurrent-To") == response.get_header("WARC-Record-ID")
    assert (http.protocol, http.statusline) == ("GET", "/a?b=c&d HTTP/1.1")
    assert (http.get_header("Host"), http.get_header("User-Agent")) == ("e.org:8443", AGENT)


def test_the_same_rows_produce_the_same_bytes():
    assert warc_of("000001.warc.gz", ROWS, AGENT) == warc_of("000001.warc.gz", ROWS, AGENT)
    assert warc_of("000001.warc.gz", [], AGENT) == warc_of("000001.warc.gz", [], AGENT) != b""


def test_each_record_can_be_read_separately(tmp_path):
    """Each record is a separate gzip member; warcio's indexer rejects anything else."""
    path = tmp_path / "a.warc.gz"
    path.write_bytes(warc_of("a.warc.gz", ROWS, AGENT))
    Indexer(["offset", "warc-type"], [str(path)], str(tmp_path / "index")).process_all()
    assert len((tmp_path / "index").read_text().splitlines()) == 1 + 2 * len(KEPT)


def test_a_written_file_is_ingested_as_the_same_pages(store, settings, tmp_path):
    store.table("pages").write("000001", ROWS[:-1])
    (tmp_path / "000001.warc.gz").write_bytes(warc_of("000001.warc.gz", rows_of(store, "pages"), AGENT))
    other = Store(str(tmp_path / "other"), Path(tmp_path / "other") / ".state")
    summary = ingest_sources(other, settings, str(tmp_path / "000001.warc.gz"))
    assert summary.notes == []
    ingested = [{**row, "source": "web"} for row in rows_of(other, "pages")]
    assert ingested == [row for row in rows_of(store, "pages") if row["kept"]]
