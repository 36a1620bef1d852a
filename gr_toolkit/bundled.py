"""The files that come with the toolkit: the sample web site and the bundled benchmarks."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
# An installation holds the folder `data` inside the package, a checkout beside it.
_DATA = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent / "data"
SAMPLE_SITE = _DATA / "sample_site"
BENCHMARKS = _DATA / "benchmarks"
