"""Fetching speed of `gr crawl` and of plain Scrapy with the same settings."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.fetching.site import ROOT, serving

CRAWLERS = ("scrapy", "ours")


@dataclass
class Speed:
    """One crawler's runs: pages per second, and CPU milliseconds per page."""

    pages: int = 0
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure_speed(folder: Path, count: int, repeats: int) -> dict[str, Speed]:
    """Run both crawlers in turns over the same site of the folder's pages."""
    speeds = {name: Speed() for name in CRAWLERS}
    with serving("real", folder) as site:
        for _ in range(repeats):
            for name, speed in speeds.items():
                found = run(name, site.url, count)
                speed.pages = int(found["pages"])
                speed.rates.append(count / found["seconds"])
                speed.cpu.append(1000 * found["cpu"] / count)
    return speeds


def run(name: str, url: str, count: int) -> dict[str, float]:
    """Run a crawler once, in a new process and an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.fetching.crawlers", name, url, str(count), folder]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def ratio(speeds: dict[str, Speed]) -> float:
    """The ratio of our pages per second to Scrapy's: the median over the turns."""
    return median(
        mine / theirs for mine, theirs in zip(speeds["ours"].rates, speeds["scrapy"].rates, strict=True)
    )
