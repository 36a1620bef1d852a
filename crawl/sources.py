"""What a crawl starts from: URLs, sitemaps, and text files that list them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from crawl.urls import absolute_url
from errors import UsageError

SITEMAP = re.compile(r"\.xml(\.gz)?$", re.IGNORECASE)
MOST_NAMED = 10


@dataclass
class Sources:
    """Where to start, and notes on junk. `robots` are the robots.txt files that may name sitemaps."""

    pages: list[str] = field(default_factory=list)
    robots: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, url: str) -> None:
        """Sort one URL in: a sitemap by its name, a site's root together with its robots.txt."""
        parts = urlsplit(url)
        if SITEMAP.search(parts.path):
            self.sitemaps.append(url)
            return
        if parts.path in ("", "/") and not parts.query:
            self.robots.append(urljoin(url, "/robots.txt"))
        self.pages.append(url)


def read_sources(names: Sequence[str]) -> Sources:
    """Read URLs and files of URLs. Raises UsageError for what is neither, and for a file of only junk."""
    sources = Sources()
    for name in names:
        if url := absolute_url(name):
            sources.add(url)
        elif Path(name).is_file():
            _read_file(Path(name), sources)
        else:
            raise UsageError(f"{name!r} is neither a URL (http://... or https://...) nor a file of URLs")
    return sources


def _read_file(path: Path, sources: Sources) -> None:
    """One URL a line; empty lines and lines that start with # say nothing."""
    junk, urls = [], 0
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            if url := absolute_url(text):
                sources.add(url)
                urls += 1
            else:
                junk.append(number)
    if not urls:
        raise UsageError(f"{path} has no URL; it must have one (http://... or https://...) on each line")
    if junk:
        named = ", ".join(str(number) for number in junk[:MOST_NAMED])
        more = ", ..." if len(junk) > MOST_NAMED else ""
        sources.notes.append(f"{path}: {len(junk)} lines are not URLs and were left out: {named}{more}")
