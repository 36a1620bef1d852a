"""Paths of the bundled files: the sample web site and the benchmarks."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
# The folder `data` is inside the package when installed, and next to it in a checkout.
_DATA = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent / "data"
SAMPLE_SITE = _DATA / "sample_site"
BENCHMARKS = {path.stem: path for path in sorted((_DATA / "benchmarks").glob("*.jsonl"))}  # by name
