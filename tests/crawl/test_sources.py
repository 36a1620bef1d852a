"""What a crawl may start from."""

import pytest

from crawl.sources import read_sources
from errors import UsageError


def test_a_site_root_brings_its_robots_txt_and_a_sitemap_is_known_by_its_name():
    sitemaps = ["http://e.org/sitemap.xml", "http://e.org/s.xml.gz"]
    sources = read_sources(["http://e.org/", "http://e.org/a.html", *sitemaps])
    assert sources.pages == ["http://e.org/", "http://e.org/a.html"]
    assert sources.robots == ["http://e.org/robots.txt"]
    assert sources.sitemaps == sitemaps


def test_junk_lines_are_counted_and_named_by_their_numbers(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_bytes(
        b"\xef\xbb\xbfhttp://e.org/a\n\n# a comment\n"
        b"example.org\n\xff\xfe\x00\nftp://e.org/\n  http://e.org/b  \n"
    )
    sources = read_sources([str(path)])
    assert sources.pages == ["http://e.org/a", "http://e.org/b"]
    assert sources.notes == [f"{path}: 3 lines are not URLs and were left out: 4, 5, 6"]


def test_many_junk_lines_are_not_all_named(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_text("http://e.org/a\n" + "junk\n" * 1000)
    (note,) = read_sources([str(path)]).notes
    assert "1000 lines" in note
    assert len(note) < 200


def test_a_file_of_only_junk_is_a_usage_error(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_text("# nothing\nnot a url\n")
    with pytest.raises(UsageError, match="has no URL"):
        read_sources([str(path)])


@pytest.mark.parametrize("name", ["no-such-file.txt", "ftp://e.org/", ""])
def test_what_is_neither_url_nor_file_is_a_usage_error(name):
    with pytest.raises(UsageError, match="neither a URL"):
        read_sources([name])
