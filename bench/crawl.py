"""Measures the crawl beside its peers: `python bench/crawl.py --help`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # In place of this folder, where this very file would hide the room `crawl`.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from bench.fetching.measure import main

    sys.exit(main())
