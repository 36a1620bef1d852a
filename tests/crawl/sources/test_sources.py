"""The sources of a crawl."""

from __future__ import annotations

import pytest

from crawl.archives.html_folder import HtmlFolder
from crawl.archives.warc import WarcFile
from crawl.sources import sources as sources_module
from crawl.sources.sources import read_sources
from gr_toolkit.errors import UsageError


def urls_of(sources):
    """All pages of the sources."""
    return [url for urls in sources.batches() for url in urls.pages]


def test_a_site_root_adds_its_robots_txt_and_sitemaps_are_recognized_by_name():
    sitemaps = ["http://e.org/sitemap.xml", "http://e.org/s.xml.gz"]
    named = read_sources(["http://e.org/", "http://e.org/a.html", *sitemaps]).named
    assert named.pages == ["http://e.org/", "http://e.org/a.html"]
    assert named.robots == ["http://e.org/robots.txt"]
    assert named.sitemaps == sitemaps


def test_a_list_may_contain_sitemaps_and_site_roots(tmp_path):
    (tmp_path / "urls.txt").write_text("http://e.org/a\nhttp://e.org/sitemap.xml\nhttp://e.org/\n")
    _, urls = read_sources([str(tmp_path / "urls.txt")]).batches()
    assert urls.pages == ["http://e.org/a", "http://e.org/"]
    assert urls.sitemaps == ["http://e.org/sitemap.xml"]
    assert urls.robots == ["http://e.org/robots.txt"]


def test_a_long_list_is_yielded_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(sources_module, "BATCH", 3)
    (tmp_path / "urls.txt").write_text("".join(f"http://e.org/{number}\n" for number in range(8)))
    sources = read_sources(["http://e.org/named", str(tmp_path / "urls.txt")])
    assert [len(urls.pages) for urls in sources.batches()] == [1, 3, 3, 2]
    assert urls_of(sources) == ["http://e.org/named", *(f"http://e.org/{number}" for number in range(8))]


def test_invalid_lines_are_counted_and_listed_by_number(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_bytes(
        b"\xef\xbb\xbfhttp://e.org/a\n\n# a comment\n"
        b"example.org\n\xff\xfe\x00\nftp://e.org/\n  http://e.org/b  \n"
    )
    sources = read_sources([str(path)])
    for _ in range(2):  # a list may be read again, but adds its note only once
        assert urls_of(sources) == ["http://e.org/a", "http://e.org/b"]
        assert sources.notes == [f"{path}: skipped 3 lines without a URL: number 4, 5, 6"]


def test_only_the_first_of_many_invalid_lines_are_listed(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_text("http://e.org/a\n" + "junk\n" * 1000)
    sources = read_sources([str(path)])
    urls_of(sources)
    (note,) = sources.notes
    assert "1000 lines" in note
    assert len(note) < 200


def test_a_file_without_urls_is_a_usage_error(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_text("# nothing\nnot a url\n")
    with pytest.raises(UsageError, match="has no URL"):
        urls_of(read_sources([str(path)]))


@pytest.mark.parametrize(
    "name", ["no-such-file.txt", "no-such.warc.gz", "ftp://e.org/", "cc:", "hf:", "hf:x", ""]
)
def test_an_unknown_source_is_a_usage_error(name):
    with pytest.raises(UsageError, match="is not a URL"):
        read_sources([name])


def test_warc_files_and_folders_are_archives(tmp_path):
    for path in ("warcs/a.warc.gz", "warcs/b.warc", "warcs/c.html", "pages/a.html"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    warcs, pages = tmp_path / "warcs", tmp_path / "pages"
    sources = read_sources([str(warcs), str(pages), str(warcs / "a.warc.gz")])
    assert sources.archives == [
        WarcFile(str(warcs), "a.warc.gz"),
        WarcFile(str(warcs), "b.warc"),
        HtmlFolder(pages),
        WarcFile(str(warcs), "a.warc.gz"),
    ]
    assert urls_of(sources) == []


def test_url_column_without_a_table_is_a_usage_error(tmp_path):
    (tmp_path / "urls.txt").write_text("http://e.org/a\n")
    with pytest.raises(UsageError, match="--url-column names a column of a table"):
        read_sources([str(tmp_path / "urls.txt")], url_column="url")


def test_a_quoted_tilde_is_expanded_to_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "urls.txt").write_text("https://a.org/x\n")
    (tmp_path / "pages").mkdir()
    found = read_sources(["~/urls.txt", "~/pages"])
    assert [url for urls in found.batches() for url in urls.pages] == ["https://a.org/x"]
    assert [archive.name for archive in found.archives] == [str(tmp_path / "pages")]
