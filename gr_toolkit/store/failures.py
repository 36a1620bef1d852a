"""Counts how often each row failed while its model server answered other requests.

The counts are kept in the state folder, because a row that fails every night must be settled some day.
"""

from __future__ import annotations

import json
from pathlib import Path

from gr_toolkit.errors import CannotWrite
from gr_toolkit.files import write_whole


class FailureCounts:
    """The counts of one table, by the row's id."""

    def __init__(self, state: Path, name: str) -> None:
        """Read the counts that earlier runs left in `state`. A damaged file counts as empty."""
        self.path = state / "failures" / f"{name}.json"
        self._counts: dict[str, int] = {}
        try:
            stored = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError):
            stored = {}
        if isinstance(stored, dict):
            self._counts = {key: count for key, count in stored.items() if isinstance(count, int)}
        self._saved = dict(self._counts)

    def add(self, row: str) -> int:
        """Count one more failure of the row; return how many it has."""
        self._counts[row] = self._counts.get(row, 0) + 1
        return self._counts[row]

    def forget(self, row: str) -> None:
        """Delete the count of a row that is settled."""
        self._counts.pop(row, None)

    def save(self) -> None:
        """Write the counts for the next run. Raises CannotWrite."""
        if self._counts == self._saved:
            return
        try:
            write_whole(self.path, json.dumps(self._counts).encode())
        except OSError as error:
            raise CannotWrite(f"cannot write {self.path}: {error.strerror}; make room there") from error
        self._saved = dict(self._counts)
