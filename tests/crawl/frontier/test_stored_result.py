"""Every result is the same after storage, and values that are no result are refused (stored_result.py)."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawl.frontier.stored_result import COLUMNS, from_stored, to_stored
from crawl.response import compress, read_page
from crawl.result import FetchFailure, Listing, Page, Unchanged

AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
TEXT = st.text(st.characters())  # also halves of surrogate pairs
TEXT_OR_NONE = st.none() | TEXT
INT32 = st.integers(-(2**31), 2**31 - 1)
SECONDS = st.floats(allow_nan=False)
URLS = st.lists(TEXT)
LESS_THAN_A_DAY = timedelta(hours=23, minutes=59)
ZONES = st.just(UTC) | st.timedeltas(-LESS_THAN_A_DAY, LESS_THAN_A_DAY).map(timezone)


@st.composite
def pages(draw):
    """Pages with any text in any column, whose HTML is the content that the row names."""
    body, kept = draw(st.binary()), draw(st.booleans())
    texts = ("id", "url", "canonical_url", "host", "content_type", "source")
    row = {name: draw(TEXT) for name in texts}
    row |= {name: draw(TEXT_OR_NONE) for name in ("etag", "last_modified", "reason")}
    row |= {
        "fetched_at": draw(st.datetimes(timezones=ZONES)),
        "status": draw(INT32),
        "depth": draw(INT32),
        "html": compress(body) if kept else b"",
        "content_sha256": hashlib.sha256(body).hexdigest(),
        "kept": kept,
    }
    return Page(row, draw(st.integers(0)), draw(st.none() | URLS))


def page_of(body=b"<a href=/b>b", status=200, **changes):
    return read_page(
        "http://e.org/a", 1, status, {"content-type": "text/html"}, body, fetched_at=AT, **changes
    )


PAGE = page_of()
RESULTS = [
    PAGE,
    page_of(with_links=False),
    page_of(status=404),
    Unchanged(),
    Listing(["http://e.org/a"], ["http://e.org/s.xml"], {"http://e.org/a": 1.5}),
    FetchFailure("timeout"),
    FetchFailure("status 503", refused=True, wait=0.1),
]


def fields_of(result):
    """The stored JSON of a result, and its HTML."""
    stored, html = to_stored(result)
    return json.loads(stored), html


def read(fields, html=None):
    return from_stored(json.dumps(fields).encode(), html)


@settings(deadline=None)
@given(pages())
def test_a_page_is_the_same_after_storage(page):
    again = from_stored(*to_stored(page))
    assert again == page
    assert again.row["fetched_at"].utcoffset() == page.row["fetched_at"].utcoffset()
    assert {name: type(value) for name, value in again.row.items()} == {
        name: type(value) for name, value in page.row.items()
    }


@settings(deadline=None)
@given(
    st.builds(Unchanged)
    | st.builds(Listing, URLS, URLS, st.dictionaries(TEXT, SECONDS))
    | st.builds(FetchFailure, TEXT, st.booleans(), st.none() | SECONDS)
)
def test_another_result_is_the_same_after_storage(result):
    assert repr(from_stored(*to_stored(result))) == repr(result)


@pytest.mark.parametrize("result", RESULTS)
def test_the_results_of_a_crawl_are_the_same_after_storage(result):
    assert from_stored(*to_stored(result)) == result


def test_an_integer_is_stored_as_the_float_that_it_stands_for():
    for result in (FetchFailure("status 503", wait=5), Listing([], [], {"http://e.org/a": 5})):
        assert from_stored(*to_stored(result)) == result


def test_two_halves_of_a_surrogate_pair_stay_two_characters():
    failure = FetchFailure("\ud83d\ude00 \N{GRINNING FACE} \0")
    assert from_stored(*to_stored(failure)) == failure


def test_the_html_is_not_in_the_json():
    stored, html = to_stored(PAGE)
    assert html == PAGE.row["html"]
    assert set(json.loads(stored)["row"]) == COLUMNS.keys() - {"html"}


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not JSON",
        b"\xff",
        b"{}",
        b"[]",
        b"null",
        b'"page"',
        b"1" * 5000,
        b"[" * 100_000,
        b'{"kind":' * 100_000,
    ],
)
@pytest.mark.parametrize("html", [None, b"", PAGE.row["html"]])
def test_what_is_no_result_is_refused(stored, html):
    assert from_stored(stored, html) is None


@settings(deadline=None)
@given(st.binary(), st.none() | st.binary())
def test_any_bytes_are_refused(stored, html):
    assert from_stored(stored, html) is None


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_with_a_field_too_many_or_too_few_is_refused(result):
    fields, html = fields_of(result)
    assert read(fields, html) == result
    assert read(fields | {"more": None}, html) is None
    for name in fields:
        assert read({key: value for key, value in fields.items() if key != name}, html) is None


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("kind", ["page", "unchanged", "listing", "failure", "other", "Page", None, ["page"]])
def test_a_result_of_another_kind_is_refused(result, kind):
    fields, html = fields_of(result)
    assert read(fields | {"kind": kind}, html) == (result if kind == fields["kind"] else None)


@pytest.mark.parametrize("result", RESULTS)
def test_html_belongs_to_pages_only(result):
    fields, html = fields_of(result)
    assert read(fields, b"" if html is None else None) is None


@pytest.mark.parametrize(
    ("result", "name", "wrong"),
    [
        (result, name, wrong)
        for result, names in (
            (Listing([], [], {}), {"pages": [None, {}, "a", [5], [None]], "sitemaps": [None, 5, ["a", []]]}),
            (Listing([], [], {}), {"changed": [None, [], {"a": 5}, {"a": "5"}, {"a": None}, {"a": True}]}),
            (
                FetchFailure("a"),
                {"reason": [None, 5, []], "refused": [None, 0, "no"], "wait": ["5", 5, False]},
            ),
            (PAGE, {"row": [None, [], "a", {}], "size": [None, True, 5.0, "5"], "links": ["a", {}, [5]]}),
        )
        for name, values in names.items()
        for wrong in values
    ],
)
def test_a_field_of_a_wrong_type_is_refused(result, name, wrong):
    fields, html = fields_of(result)
    assert read(fields | {name: wrong}, html) is None


@pytest.mark.parametrize("name", sorted(COLUMNS.keys() - {"html"}))
def test_a_column_that_is_missing_or_has_a_wrong_type_is_refused(name):
    fields, html = fields_of(PAGE)
    row = fields["row"]
    assert read(fields | {"row": {key: value for key, value in row.items() if key != name}}, html) is None
    wrong = [5.5, [], {}]
    wrong += [] if int in COLUMNS[name] else [5]
    wrong += [] if type(None) in COLUMNS[name] else [None]
    wrong += [] if bool in COLUMNS[name] else [True]
    wrong += [] if str in COLUMNS[name] else ["text"]
    for value in wrong:
        assert read(fields | {"row": row | {name: value}}, html) is None, value


@pytest.mark.parametrize(
    "changes",
    [
        {"more": "a"},
        {"status": 2**31},
        {"depth": -(2**31) - 1},
        {"fetched_at": "2026-03-04T05:06:07"},  # without a time zone
        {"fetched_at": "2026-02-30T05:06:07+00:00"},
        {"content_sha256": "0" * 64},
        {"kept": False},  # a rejected page has no HTML
    ],
)
def test_a_row_that_does_not_fit_the_table_is_refused(changes):
    fields, html = fields_of(PAGE)
    assert read(fields | {"row": fields["row"] | changes}, html) is None


@pytest.mark.parametrize("damaged", [b"", PAGE.row["html"][:-3], b"not zstd", compress(b"another page")])
def test_a_page_whose_html_is_damaged_is_refused(damaged):
    fields, _ = fields_of(PAGE)
    assert read(fields, damaged) is None
