"""Comparisons of answers, one module for each type. Each returns True, False, or None if undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Compare = Callable[[str, str], bool | None]  # reference and answer, both normalised


def all_same(decisions: Iterable[bool | None]) -> bool | None:
    """Combine the decisions on all parts: False if any is False, else None if any is None, else True."""
    found = set(decisions)
    if False in found:
        return False
    return None if None in found else True
