"""Benchmark the answer verifier against other graders: `python -m bench.verify --help`."""

from __future__ import annotations

import sys

from bench.verdicts.measure import main

if __name__ == "__main__":
    sys.exit(main())
