"""A part of the hosts that holds no source: nothing to do, and no error."""

from __future__ import annotations

from crawl.fetch import NO_HOST, fetch
from gr_toolkit.console import Summary
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store


def test_a_run_whose_part_holds_no_host_of_the_sources_ends_without_an_error(site, page, settings, tmp_path):
    site.replies["/"] = page("root")
    summaries: list[Summary] = []
    for part in ("1/2", "2/2"):
        folder = tmp_path / part.replace("/", "of")
        crawl = settings.model_copy(update={"part": part, "max_depth": 0})
        store = Store(str(folder), folder / ".state")
        fetch(store, Settings(data=str(folder), crawl=crawl), [f"{site.url}/"], summaries)
    nothing, something = sorted(summaries, key=lambda summary: summary.rows)
    assert (nothing.rows, something.rows) == (0, 1)
    assert NO_HOST in nothing.notes
    assert NO_HOST not in something.notes
