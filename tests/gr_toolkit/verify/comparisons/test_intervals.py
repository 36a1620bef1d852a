"""Intervals, unions, inequalities and set builders."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.intervals import compare_intervals, read_intervals
from gr_toolkit.verify.comparisons.quantities import compare_quantities
from gr_toolkit.verify.reading.normalise import normalise

INFINITY = r"\infty"


def written(text: str) -> str | None:
    """The intervals of a text with their brackets, or None."""
    intervals = read_intervals(normalise(text))
    if intervals is None:
        return None
    parts = (
        f"{'[' if low_closed else '('}{low},{high}{']' if high_closed else ')'}"
        for low, low_closed, high, high_closed in intervals
    )
    return " ".join(parts).replace(INFINITY, "oo")


READ = [
    ("(1, 2)", "(1,2)"),
    ("[1, 2)", "[1,2)"),
    ("(1; 2]", "(1,2]"),
    (r"[0, +\infty)", "[0,oo)"),
    (r"x \in [1, 2]", "[1,2]"),
    ("x < 1", "(-oo,1)"),
    (r"x \le 1", "(-oo,1]"),
    ("x <= 1", "(-oo,1]"),
    ("x > 1", "(1,oo)"),
    ("x >= 1", "[1,oo)"),
    ("1 < x", "(1,oo)"),
    (r"1 \le x", "[1,oo)"),
    ("1 > x", "(-oo,1)"),
    (r"1 \ge x", "(-oo,1]"),
    ("1 < x <= 2", "(1,2]"),
    ("2 >= x > 1", "(1,2]"),
    ("2 > x >= 1", "[1,2)"),
    ("x != 1", "(-oo,1) (1,oo)"),
    ("x < 1.", "(-oo,1)"),
    ("a < x < a + 1", "(a,a + 1)"),
    ("x_1 < 1", "(-oo,1)"),
    (r"\theta < 1", "(-oo,1)"),
    ("f(x) < 1", "(-oo,1)"),
    (r"\pi < x", r"(\pi,oo)"),
    ("x < 1 or x > 2", "(-oo,1) (2,oo)"),
    ("x < 1, or x > 2", "(-oo,1) (2,oo)"),
    ("[1, 2) and [3, 4)", "[1,2) [3,4)"),
    (r"(1, 2) \cup \{3\}", "(1,2) [3,3]"),
    (r"\mathbb{R}", "(-oo,oo)"),
    ("all real numbers", "(-oo,oo)"),
    (r"\{x | x < 1\}", "(-oo,1)"),
    (r"\{x \in \mathbb{R} : x < 1\}", "(-oo,1)"),
    (r"\mathbb{R} \setminus \{2, 1\}", "(-oo,1) (1,2) (2,oo)"),
    (r"(0, 3] - \{1\}", "(0,1) (1,3]"),
]


@pytest.mark.parametrize(("text", "intervals"), READ)
def test_intervals_of_a_text(text, intervals):
    assert written(text) == intervals


NO_INTERVALS = [
    "5",
    "x",
    "x = 1",
    "(1, 2, 3)",
    "(1, )",
    "(1)",
    r"\{1, 2\}",
    r"\langle 1, 2 \rangle",
    "x < 1 and x > 0",
    "x < x + 1",
    "1 < x < x^2",
    "x^2 < 1",
    "x < y < z < 1",
    "1 < x > 2",  # neither ascending nor descending
    "1 < 2 < 3",
    "1 < x != 2",
    "2 != x",
    r"\pi > 3",  # a fact, not a bound
    r"3 < \pi < 4",
    "x <",
    "< 1",
    r"(0, 3) - \{3\}",  # not inside
    r"(0, 3) - \{x\}",
    r"(0, 3) - \{0\}",
    r"(a, 5) - \{1\}",
    r"[1, 2) \cup words",
    r" \cup ".join(["(1, 2)"] * 17),
]


@pytest.mark.parametrize("text", NO_INTERVALS)
def test_text_that_is_not_an_interval(text):
    assert written(text) is None


COMPARED = [
    ("(1, 2)", "1 < x < 2", True),
    ("(1, 2)", "1.0 < x < 2", True),
    ("(1, 2)", "1 < x < 3", False),
    ("(1, 2)", "(0, 2)", False),
    ("[1, 2]", "(1, 2)", None),  # often a slip in the reference
    ("(1, 2]", "[1, 2)", None),
    ("[1, 2]", "(1, 3)", False),
    ("(a, 2)", "(b, 2)", None),
    ("(a, 2)", "(b, 3)", False),
    ("x > 2", "y > 2", None),
    ("x > 2", r"(2, \infty)", True),
    ("x > 2", "x < 2", False),
    (r"(0, \infty)", r"(0, -\infty)", False),
    (r"(0, \infty)", "(0, 100)", False),
    (r"(0, 1) \cup (2, 3)", r"(2, 3) \cup (0, 1)", True),
    (r"(0, 1) \cup (2, 3)", r"(2, 3) \cup (0, 1.5)", False),
    (r"(0, 1) \cup (2, 3)", "(0, 1)", False),
    (r"(0, 1) \cup (1, 3)", "(0, 3)", None),  # the parts touch
    (r"(a, 1) \cup (2, 3)", "(a, 1)", None),
    ("x != 2", r"(-\infty, 2) \cup (2, \infty)", True),
    ("x != 2", "x != 3", False),
    (r"\mathbb{R} - \{6\}", r"x \ne 6", True),
    (r"\mathbb{R} \setminus \{6\}", r"t \ne 7", False),
    (r"x \in (0,1) \cup (5,6)", "0 < x < 1 or 5 < x < 6", True),
    (r"x \in (0,1) \cup (5,6)", "0 < y < 1 or 5 < y < 6", None),
    (r"\mathbb{R} - \{0\}", r"(-\infty, 0) \cup (0, \infty)", True),
    (r"\{1\} \cup (2, 3)", r"\{2\} \cup (2, 3)", False),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison(reference, answer, expected):
    def compare(end: str, other: str) -> bool | None:
        return compare_quantities(end, other, "")

    assert compare_intervals(normalise(reference), normalise(answer), compare) is expected
    assert compare_intervals(normalise(answer), normalise(reference), compare) is expected


@pytest.mark.parametrize("interval", ["(1, 2)", "x > 4", "4 < x < 6", r"(-\\infty, 5)"])
def test_interval_is_no_number(interval):
    def same(one: str, other: str) -> bool:
        return one == other

    assert compare_intervals("5", normalise(interval), same) is False
    assert compare_intervals(normalise(interval), "5", same) is None  # the reference may have another form
