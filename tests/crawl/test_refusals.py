"""What `gr crawl` refuses before it fetches or writes anything, also with --dry-run."""

from __future__ import annotations

import sys

import pytest

from commands import gr, refusal

PRIVATE = {"GR_CRAWL__ALLOW_PRIVATE": "true"}
BOTH = pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])


@BOTH
@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("--delay", "inf", "crawl.delay = inf: input should be a finite number"),
        ("--max-depth", str(10**22), f"crawl.max_depth = {10**22}: must be at most 2147483647"),
        ("--max-pages", str(2**63), f"crawl.max_pages = {2**63}: must be at most 2147483647"),
        ("--allow", "(", "crawl.allow.0 = '(': is not a regular expression: missing )"),
        ("--deny", "[", "crawl.deny.0 = '[': is not a regular expression: unterminated"),
        ("--part", "5/3", "crawl.part = '5/3': does not exist; the last of 3 parts is 3/3"),
        ("--refetch-after", "99999999999d", "crawl.refetch_after = '99999999999d': must be a number"),
        ("--data", "memory://run", "data = 'memory://run': keeps nothing after the command"),
    ],
)
def test_a_flag_with_an_invalid_value_is_named(site, page, tmp_path, flag, value, message, dry):
    site.replies["/"] = page("root")
    assert f"the command line: {message}" in refusal(
        tmp_path, "crawl", site.url, flag, value, *dry, **PRIVATE
    )
    assert not site.hits


@BOTH
def test_a_wrong_source_leaves_no_data_folder(tmp_path, dry):
    assert "'nothing-there' is not a URL" in refusal(tmp_path, "crawl", "nothing-there", *dry)
    column = ["http://e.org", "--url-column", "u"]
    assert "none of the sources is a table" in refusal(tmp_path, "crawl", *column, *dry)


@BOTH
def test_no_source_without_an_earlier_crawl_leaves_no_data_folder(tmp_path, dry):
    assert "nothing to crawl yet; give a SOURCE" in refusal(tmp_path, "crawl", *dry)


@BOTH
def test_missing_ray_is_noticed_before_anything_is_fetched(site, page, tmp_path, monkeypatch, dry):
    site.replies["/"] = page("root")
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    refused = refusal(tmp_path, "crawl", site.url, "--engine", "ray", *dry, code=1, **PRIVATE)
    assert "--engine ray needs packages that are not installed" in refused
    assert not site.hits


def test_missing_ray_is_noticed_before_shards_are_set_aside(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "gr-data" / "texts").mkdir(parents=True)
    (tmp_path / "gr-data" / "texts" / "000001.parquet").write_text("unreadable")
    exit_code, _, errors = gr(tmp_path, "crawl", "extract", "--engine", "ray", "--again", "no text")
    assert exit_code == 1
    assert errors.startswith("gr: --engine ray needs")
    assert (tmp_path / "gr-data" / "texts" / "000001.parquet").exists()
