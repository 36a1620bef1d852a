"""Pure functions that convert a result to the values that the frontier keeps, and back: JSON and HTML.

A data folder may be damaged or come from another person. So `from_stored` checks every value that it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TypeGuard, get_args, get_type_hints

from crawl.response import decompress
from crawl.result import FetchFailure, Listing, Page, Result, Unchanged
from gr_toolkit.store.tables import PageRow

COLUMNS: dict[str, tuple[type, ...]] = {
    name: get_args(hint) or (hint,) for name, hint in get_type_hints(PageRow).items()
}
INT32 = range(-(2**31), 2**31)
# A page may contain half of a surrogate pair, which strict UTF-8 cannot encode.
ENCODING, ERRORS = "utf-8", "surrogatepass"
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_stored(result: Result) -> tuple[bytes, bytes | None]:
    """Return the result as JSON in UTF-8, and the compressed HTML of a page (None for other results)."""
    html = None
    match result:
        case Page(row, size, links):
            columns: dict[str, object] = {**row, "fetched_at": row["fetched_at"].isoformat()}
            del columns["html"]
            html = row["html"]
            fields: dict[str, object] = {"kind": "page", "row": columns, "size": size, "links": links}
        case Unchanged():
            fields = {"kind": "unchanged"}
        case Listing(pages, sitemaps, changed):
            times = {url: float(at) for url, at in changed.items()}
            fields = {"kind": "listing", "pages": pages, "sitemaps": sitemaps, "changed": times}
        case FetchFailure(reason, refused, wait):
            seconds = None if wait is None else float(wait)
            fields = {"kind": "failure", "reason": reason, "refused": refused, "wait": seconds}
    return to_json(fields).encode(ENCODING, ERRORS), html


def from_stored(stored: bytes, html: bytes | None) -> Result | None:
    """Return the result that `to_stored` converted; None if the values are not those of a result."""
    try:
        fields: object = json.loads(stored.decode(ENCODING, ERRORS))
        return _read_other(fields) if html is None else _read_page(fields, html)
    except (ValueError, OSError, RecursionError):  # OSError: the HTML cannot be decompressed
        return None


def _read_page(fields: object, html: bytes) -> Page | None:
    match fields:
        case {
            "kind": "page",
            "row": {"fetched_at": str(fetched_at), **columns},
            "size": size,
            "links": links,
            **extra,
        } if not extra:
            row = {**columns, "fetched_at": datetime.fromisoformat(fetched_at), "html": html}
            if (
                _is_row(row)
                and _has_content(row)
                and type(size) is int
                and (links is None or _are_strings(links))
            ):
                return Page(row, size, links)
    return None


def _read_other(fields: object) -> Result | None:
    match fields:
        case {"kind": "unchanged", **extra} if not extra:
            return Unchanged()
        case {"kind": "listing", "pages": pages, "sitemaps": sitemaps, "changed": changed, **extra}:
            if not extra and _are_strings(pages) and _are_strings(sitemaps) and _are_times(changed):
                return Listing(pages, sitemaps, changed)
        case {
            "kind": "failure",
            "reason": str(reason),
            "refused": bool(refused),
            "wait": None | float() as wait,
            **extra,
        } if not extra:
            return FetchFailure(reason, refused, wait)
    return None


def _is_row(row: Mapping[object, object]) -> TypeGuard[PageRow]:
    """Whether the row has the columns of `pages`, each with a value that the table accepts."""
    return row.keys() == COLUMNS.keys() and all(_fits(row[name], types) for name, types in COLUMNS.items())


def _fits(value: object, types: tuple[type, ...]) -> bool:
    if type(value) not in types:  # an exact match, because a bool is also an int
        return False
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return not isinstance(value, int) or value in INT32


def _has_content(row: PageRow) -> bool:
    """Whether the HTML is undamaged: the content that the row names, or nothing if the row is rejected."""
    if not row["kept"]:
        return not row["html"]
    return hashlib.sha256(decompress(row["html"])).hexdigest() == row["content_sha256"]


def _are_strings(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _are_times(value: object) -> TypeGuard[dict[str, float]]:
    return isinstance(value, dict) and all(isinstance(item, float) for item in value.values())
