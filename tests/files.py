"""Where the repository is, and what stands in a folder, for tests of what must not change."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below the folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
