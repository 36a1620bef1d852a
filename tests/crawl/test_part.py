"""A part of the hosts that holds no source: nothing to do, and no error."""

from __future__ import annotations

from crawl.fetch import NOTHING_QUEUED


def test_a_run_whose_part_holds_no_host_of_the_sources_ends_without_an_error(site, page, crawl, tmp_path):
    site.replies["/"] = page("root")
    parts = [crawl(f"{site.url}/", part=f"{number}/2", max_depth=0) for number in (1, 2)]
    assert sorted(summary.rows for summary in parts) == [0, 1]
    assert NOTHING_QUEUED in next(summary for summary in parts if not summary.rows).notes
