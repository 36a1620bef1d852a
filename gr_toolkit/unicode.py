"""Text that can be stored and sent."""

from __future__ import annotations


def replace_surrogates(text: str) -> str:
    """The text with each lone surrogate replaced by `?`, because UTF-8 cannot encode lone surrogates.

    HTTP and Parquet use UTF-8.
    """
    return text.encode("utf-8", "replace").decode("utf-8")
