"""Retry-After, for the crawl and for the model client."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from math import inf


def retry_after(value: str) -> float | None:
    """The seconds that a Retry-After header asks to wait: a number or a date (RFC 9110, 10.2.3).

    0 for a date that has passed; None for anything else, a negative number included.
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
