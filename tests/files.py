"""The repository's path, and a folder's contents, for tests that files do not change."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file in the folder and its subfolders, with its contents."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
