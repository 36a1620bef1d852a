"""JSON-LD: the order of its objects, and scripts that are not valid JSON."""

from __future__ import annotations

import pytest

from crawl.text.json_ld import as_list, json_objects, types_of
from crawl.text.tree import parse


def names_of(*scripts, type="application/ld+json"):
    html = "".join(f"<script type='{type}'>{script}</script>" for script in scripts)
    return [value.get("name") for value in json_objects(parse(f"<body>{html}<p>page</p>"))]


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ('{"name": 1}', [1]),
        ('[{"name": 1}, {"name": 2}, {"name": 3}]', [1, 2, 3]),
        ('{"name": 1, "a": {"name": 2, "b": {"name": 3}}, "c": {"name": 4}}', [1, 2, 3, 4]),
        ('{"name": 1, "@graph": [{"name": 2, "a": {"name": 3}}, {"name": 4}]}', [1, 2, 3, 4]),
        ('[[{"name": 1}], "text", 5, null, {"name": 2}]', [1, 2]),
        ('"only a string"', []),
        ("[]", []),
    ],
)
def test_objects_are_found_in_document_order_outer_ones_first(script, names):
    assert names_of(script) == names


def test_a_line_break_in_a_string_is_accepted():
    assert names_of('{"name": "two\nlines\tand a tab"}') == ["two\nlines\tand a tab"]


@pytest.mark.parametrize("broken", ["{", "", "{'name': 1}", "[" * 100_000, '{"name": 1}}', "var a = 1;"])
def test_an_invalid_script_is_skipped_and_later_ones_are_read(broken):
    assert names_of('{"name": 1}', broken, '{"name": 2}') == [1, 2]


@pytest.mark.parametrize(
    ("type", "names"),
    [
        ("application/ld+json", [1]),
        ("application/ld+json; charset=utf-8", [1]),
        ("application/json", []),
        ("text/javascript", []),
    ],
)
def test_only_scripts_with_json_ld_are_read(type, names):
    assert names_of('{"name": 1}', type=type) == names


def test_a_type_may_be_a_single_value_a_list_or_missing():
    assert types_of({"@type": "Question"}) == ["Question"]
    assert types_of({"@type": ["Thing", "Question"]}) == ["Thing", "Question"]
    assert types_of({}) == [None]


@pytest.mark.parametrize(("value", "values"), [(1, [1]), ([1, 2], [1, 2]), ([], []), ("ab", ["ab"])])
def test_as_list_wraps_a_single_value(value, values):
    assert as_list(value) == values
