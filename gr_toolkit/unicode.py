"""Text that can be stored and sent."""

from __future__ import annotations


def replace_surrogates(text: str) -> str:
    """The text with `?` for each lone surrogate, which UTF-8, and so HTTP and Parquet, cannot encode."""
    return text.encode("utf-8", "replace").decode("utf-8")
