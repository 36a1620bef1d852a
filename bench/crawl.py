"""Benchmark the crawl against other tools: `python -m bench.crawl --help`."""

from __future__ import annotations

import sys

from bench.fetching.measure import main

if __name__ == "__main__":
    sys.exit(main())
