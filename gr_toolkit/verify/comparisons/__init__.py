"""The typed comparisons: each reads what it knows and says yes, no or nothing (None)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Compare = Callable[[str, str], bool | None]  # of two normalised texts: reference, answer


def all_same(decisions: Iterable[bool | None]) -> bool | None:
    """What the comparisons of all parts say of the whole: one no is a no, and one doubt leaves it open."""
    found = set(decisions)
    if False in found:
        return False
    return None if None in found else True
