"""Benchmark the model client: `python -m bench.llm --help`."""

from __future__ import annotations

import sys

from bench.requests.measure import main

if __name__ == "__main__":
    sys.exit(main())
