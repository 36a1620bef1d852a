"""What is bundled: a sample web site with its server, and a tiny benchmark."""

from pathlib import Path

SAMPLE_SITE = Path(__file__).parent / "sample_site"
BENCHMARKS = Path(__file__).parent / "benchmarks"
