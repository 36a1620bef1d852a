"""The fetching measurements as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.fetching.archives import Archives
from bench.fetching.kills import Kills
from bench.fetching.speed import Speed, ratio
from bench.verdicts.tables import table


def speed(speeds: dict[str, Speed]) -> str:
    """`gr crawl` and plain Scrapy; pages per second and the ratio are medians over the turns."""
    titles = {"scrapy": "Scrapy, storing nothing", "ours": "gr crawl, rows stored"}
    ratios = {"scrapy": 1.0, "ours": ratio(speeds)}
    lines = [
        [
            titles[name],
            str(each.pages),
            f"{median(each.rates):.0f}",
            f"{median(each.cpu):.2f}",
            f"{ratios[name]:.2f}",
        ]
        for name, each in speeds.items()
    ]
    return table("Fetching from loopback", ["crawler", "pages", "pages/s", "CPU ms/page", "x Scrapy"], lines)


def archives(found: Archives) -> str:
    """From a WARC file to texts, and extraction alone."""
    lines = [
        ["WARC file to pages and texts", f"{found.whole:.1f}", f"{found.whole / found.extraction:.2f}"],
        ["extraction of the same pages", f"{found.extraction:.1f}", "1.00"],
    ]
    title = f"WARC input, {found.pages} pages, {found.workers} workers"
    return table(title, ["", "pages/s", "x extraction"], lines)


def kills(found: Kills) -> str:
    """The killed crawls."""
    header = [
        "kills",
        "crawls finished",
        "pages in each",
        "wrong rows",
        "requests sent again",
        "maximum allowed",
    ]
    numbers = (found.kills, found.crawls, found.pages, found.wrong_rows, found.sent_again, found.on_their_way)
    return table("Killed at random moments (SIGKILL)", header, [[str(number) for number in numbers]])


def memory(queues: Sequence[int], peaks: Sequence[float]) -> str:
    """Peak memory by queue length."""
    lines = [
        [f"{count:,}", f"{peak:.0f}", f"{peak / peaks[0]:.2f}"]
        for count, peak in zip(queues, peaks, strict=True)
    ]
    return table("Memory", ["URLs queued", "peak MB", "x first row"], lines)
