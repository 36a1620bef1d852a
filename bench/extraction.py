"""Measures how gr extracts text beside its peers: `python bench/extraction.py --help`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # In place of this folder, as in verify.py.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from bench.pages.measure import main

    sys.exit(main())
