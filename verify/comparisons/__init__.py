"""The typed comparisons: each reads what it knows and says yes, no or nothing (None)."""

from __future__ import annotations

from collections.abc import Callable

Compare = Callable[[str, str], bool | None]  # of two normalised texts: reference, answer
