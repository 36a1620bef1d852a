"""How WARC files, folders and a Common Crawl query are cut into slices and recognized again by their keys."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from shutil import copytree
from urllib.parse import quote_plus

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawl.archives.archive import OUT_OF_SCOPE
from crawl.archives.common_crawl import FILTERS, CommonCrawl, captures, fetch_capture, read_captures, session
from crawl.archives.html_folder import HtmlFolder
from crawl.archives.warc import WarcFile, is_warc, warc_files
from crawl.archives.warc_out import warc_of
from crawl.response import read_page
from gr_toolkit.errors import GrError
from gr_toolkit.settings import CrawlSettings
from warcs import Warc, html, warc_of_pages


def slices(archive, **settings):
    found = archive.slices(CrawlSettings(**settings), lambda canonical: False)
    return [each() for each in found]


def names(contents):
    return [[row["url"].rpartition("/")[2] for row in each.rows] for each in contents]


@pytest.fixture
def warc(tmp_path):
    """Write a WARC file and return it."""

    def write(content, name="a.warc.gz"):
        (tmp_path / name).write_bytes(content)
        return WarcFile(str(tmp_path), name)

    return write


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize(
    ("size", "cut"), [(1, ["0", "1", "2"]), (2, ["01", "2"]), (3, ["012"]), (9, ["012"])]
)
def test_a_slice_has_one_shard_of_responses(warc, gz, size, cut):
    found = slices(warc(warc_of_pages(3, gz=gz).content), shard_pages=size)
    assert names(found) == [list(each) for each in cut]
    assert [each.error for each in found] == [None] * len(cut)


def test_a_file_that_disappears_before_a_slice_is_read_is_retried(warc):
    made = warc(warc_of_pages(3).content)
    found = list(made.slices(CrawlSettings(shard_pages=2), lambda canonical: False))
    Path(made.name).unlink()
    for contents in (each() for each in found):
        assert (contents.rows, contents.unfinished) == ([], True)
        assert contents.error == f"{made.name} no longer exists"


def test_only_responses_and_resources_count_towards_the_size_of_a_slice(warc):
    made = Warc()
    for name in "abcd":
        made.add(f"http://e.org/{name}", kind="resource" if name == "b" else "response")
        made.add(f"http://e.org/{name}", b"x", kind="metadata").add(
            f"http://e.org/{name}", b"", kind="revisit"
        )
    assert names(slices(warc(made.content), shard_pages=2)) == [["a", "b"], ["c", "d"]]


def test_a_file_compressed_as_a_whole_is_read_in_contents_of_one_shard(warc):
    whole = gzip.compress(warc_of_pages(5, gz=False).content)
    assert names(slices(warc(whole), shard_pages=2)) == [["0", "1"], ["2", "3"], ["4"]]


def test_the_key_of_a_warc_file_changes_with_its_path_size_and_time(warc, tmp_path):
    settings = CrawlSettings()
    first = warc(warc_of_pages(1).content)
    path = tmp_path / "a.warc.gz"
    os.utime(path, (1000, 1000))
    key = first.key(settings)
    assert key == WarcFile(f"{tmp_path}/", "a.warc.gz").key(settings)
    os.utime(path, (2000, 2000))
    later = first.key(settings)
    path.write_bytes(path.read_bytes() + b"x")
    os.utime(path, (2000, 2000))
    assert len({key, later, first.key(settings), warc(b"", "b.warc").key(settings)}) == 4
    assert "None" in WarcFile(str(tmp_path), "missing.warc").key(settings)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.warc", True),
        ("A.WARC.ZST", True),
        ("a.warc.gz", True),
        ("a.warc.bz2", False),
        ("a.arc.gz", False),
        ("warc", False),
    ],
)
def test_warc_files_are_recognized_by_their_names(name, found):
    assert is_warc(name) is found


def test_a_folder_with_a_trailing_slash_has_the_same_files(tmp_path):
    (tmp_path / "a.warc").write_bytes(b"")
    assert warc_files(f"{tmp_path}/") == warc_files(str(tmp_path)) == [WarcFile(str(tmp_path), "a.warc")]


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "site"
    root.mkdir()
    for name in "abc":
        (root / f"{name}.html").write_bytes(html(name))
        os.utime(root / f"{name}.html", (1000, 1000))
    return root


def test_a_folder_is_cut_into_slices_with_its_problems_in_the_last(folder):
    (folder / "note.txt").write_text("x")
    found = slices(HtmlFolder(folder), shard_pages=2)
    assert names(found) == [["a.html", "b.html"], ["c.html"], []]
    assert [dict(each.non_pages) for each in found] == [{}, {}, {"not HTML (.txt)": 1}]
    assert not any(each.unfinished or each.error for each in found)


def write_at(path, content, times):
    path.write_bytes(content)
    os.utime(path, times)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: os.utime(folder / "a.html", (2000, 1000)),
        lambda folder: os.utime(folder / "a.html", (1000, 2000)),
        lambda folder: write_at((folder / "a.html"), b"longer than before", (1000, 1000)),
        lambda folder: (folder / "a.html").rename(folder / "d.html"),
        lambda folder: (folder / "note.txt").write_text("x"),
        lambda folder: (folder / "index.jsonl").write_text('{"path": "a.html", "url": "http://e.org/a"}'),
    ],
    ids=["access", "change", "size", "name", "other file", "index"],
)
def test_the_key_of_a_folder_changes_with_its_pages(folder, change, request):
    before = HtmlFolder(folder).key(CrawlSettings())
    change(folder)
    same = request.node.callspec.id in ("access", "other file")
    assert (HtmlFolder(folder).key(CrawlSettings()) == before) is same


def test_a_copy_of_a_folder_has_another_key(folder):
    copy = copytree(folder, folder.parent / "copy" / folder.name)
    assert HtmlFolder(copy).key(CrawlSettings()) != HtmlFolder(folder).key(CrawlSettings())


def test_the_key_of_a_folder_changes_with_the_urls_of_its_index(folder):
    keys = set()
    for url in ("http://e.org/a", "http://e.org/b"):
        (folder / "index.jsonl").write_text(json.dumps({"path": "a.html", "url": url}))
        keys.add(HtmlFolder(folder).key(CrawlSettings()))
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ({"path": "a.html", "url": "http://e.org/x#y"}, "http://e.org/x"),
        ({"path": "a.html", "url": "e.org/x"}, "file:///site/a.html"),
        ({"path": "a.html", "url": ""}, "file:///site/a.html"),
        ({"path": "a.html", "url": None}, "file:///site/a.html"),
        ({"path": "a.html", "url": 5}, None),
        ({"path": ""}, None),
        ({}, None),
    ],
)
def test_a_line_of_an_index(folder, line, url):
    (folder / "index.jsonl").write_text(f"\ufeff{json.dumps(line)}\n")
    found = slices(HtmlFolder(folder))
    assert [row["url"] for each in found for row in each.rows] == ([url] if url else [])
    assert dict(found[-1].non_pages) == ({} if url else {"invalid line of index.jsonl": 1})


def test_an_index_that_is_not_utf_8_is_read(folder):
    (folder / "index.jsonl").write_bytes(b'{"path": "a.html", "licence": "caf\xe9"}\n')
    assert names(slices(HtmlFolder(folder)))[0] == ["a.html"]


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://e.org", "/", "e.org"),
        ("http://me:pw@e.org:81/a?b", "/a?b", "e.org:81"),
        ("https://e.org/?a=b", "/?a=b", "e.org"),
    ],
)
def test_a_written_request_has_the_path_and_the_host_without_credentials(url, target, host):
    row = read_page("http://e.org/a", 0, 200, {"content-type": "text/html"}, b"<p>a").row
    records = ArchiveIterator(BytesIO(warc_of("a.warc.gz", [{**row, "url": url}], "me/1")))
    http = next(each.http_headers for each in records if each.rec_type == "request")
    assert (http.statusline, http.get_header("Host")) == (f"{target} HTTP/1.1", host)


def test_written_headers_are_one_line_each_and_dates_are_utc():
    at = datetime(2026, 3, 4, 7, tzinfo=timezone(timedelta(hours=2)))
    headers = {"content-type": "text/html", "etag": "a\r\nX-Forged: 1"}
    row = read_page("http://e.org/a", 0, 200, headers, b"<p>a", fetched_at=at).row
    for each in ArchiveIterator(BytesIO(warc_of("a.warc.gz", [row], "me/1"))):
        assert each.rec_headers.get_header("WARC-Date") == "2026-03-04T05:00:00.000Z"
        if each.rec_type == "response":
            assert each.http_headers.get_header("ETag") == "a X-Forged: 1"
            assert each.http_headers.get_header("X-Forged") is None
            assert each.http_headers.statusline == "200 OK"


def test_a_file_without_pages_has_a_constant_date():
    (info,) = ArchiveIterator(BytesIO(warc_of("a.warc.gz", [], "me/1")))
    assert info.rec_headers.get_header("WARC-Date") == datetime.fromtimestamp(0, UTC).strftime(
        "%Y-%m-%dT00:00:00.000Z"
    )


@pytest.fixture
def client(settings):
    with session(settings) as made:
        yield made


CAPTURE = {"url": "http://e.org/a", "filename": "f.warc.gz", "offset": "2", "length": "3"}


@pytest.mark.parametrize(
    ("changes", "status", "result"),
    [
        ({}, 206, b"cde"),
        ({}, 200, "status 200"),
        ({}, 404, "status 404"),
        ({"offset": "x"}, 206, "invalid index entry"),
        ({"filename": None}, 206, "invalid index entry"),
    ],
)
def test_a_capture_is_a_byte_range_of_its_file(site, reply, settings, client, changes, status, result):
    asked = []

    def serve(headers):
        asked.append(headers["Range"])
        return reply(b"cde", status=status)

    site.replies["/f.warc.gz"] = serve
    capture = {key: value for key, value in {**CAPTURE, **changes}.items() if value is not None}
    assert fetch_capture(client, site.url, capture, settings) == result
    assert asked == ([] if changes else ["bytes=2-4"])


def test_a_capture_of_a_server_that_is_down_has_a_reason(settings, client):
    assert fetch_capture(client, "http://127.0.0.1:9", CAPTURE, settings) == "ConnectionError"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_data_server_is_asked_again(site, reply, settings, status):
    replies = [reply(b"busy", status=status), reply(b"cde", status=206)]
    site.replies["/f.warc.gz"] = lambda headers: replies.pop(0)
    with session(settings.model_copy(update={"retries": 1})) as client:
        assert fetch_capture(client, site.url, CAPTURE, settings) == b"cde"


def test_captures_out_of_scope_are_counted_without_a_request(site, settings):
    changed = settings.model_copy(update={"deny": ["/a"]})
    contents = read_captures(site.url, "CC-MAIN-2026-10", [CAPTURE] * 3, changed)
    assert (contents.rows, dict(contents.non_pages), contents.unfinished) == ([], {OUT_OF_SCOPE: 3}, False)
    assert site.hits.total() == 0


@pytest.mark.parametrize(
    ("size", "urls", "found"),
    [
        (404, [], []),
        (200, ["http://e.org/a", "dns:e.org", "http://e.org/b"], ["http://e.org/a", "http://e.org/b"]),
    ],
)
def test_an_index_lists_captures_of_pages(site, reply, settings, client, size, urls, found):
    lines = "".join(json.dumps({"url": url, "status": "200"}) + "\n" for url in urls)
    filters = "&".join(f"filter={quote_plus(each)}" for each in FILTERS)
    site.replies["/i?showNumPages=true&url=e.org&output=json"] = reply(b'{"pages": 1}', status=size)
    site.replies[f"/i?page=0&{filters}&url=e.org&output=json"] = reply(lines.encode())
    listed = captures(client, f"{site.url}/i", "e.org", settings)
    assert [capture["url"] for capture in listed] == found


@pytest.mark.parametrize("body", [b"{}", b'{"pages": "x"}', b'{"pages": null}', b"[]", b"<html>"])
def test_a_malformed_index_is_an_error_with_its_address(site, reply, settings, client, body):
    site.replies["/i?showNumPages=true&url=e.org&output=json"] = reply(body)
    with pytest.raises(GrError, match=rf"{site.url}/i did not answer like a Common Crawl index"):
        list(captures(client, f"{site.url}/i", "e.org", settings))


def test_a_query_that_fails_is_reported_and_retried_by_a_later_run(site, settings):
    query = CommonCrawl("e.org/*", index=site.url, data=site.url)
    (contents,) = slices(query, delay=0, retries=0)
    assert contents.unfinished
    assert str(contents.error).startswith(f"request to {site.url} failed: ")
