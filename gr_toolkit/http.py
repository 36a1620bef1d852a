"""Parses the Retry-After header, for the crawler and the model client."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from math import inf


def retry_after(value: str) -> float | None:
    """Return the seconds to wait from a Retry-After header, a number or a date (RFC 9110, 10.2.3).

    Returns 0 for a date in the past, and None for a negative number or any other value.
    """
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value)
    return seconds if 0 <= seconds < inf else None


def _seconds_until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
