"""The outermost structure of an answer: brackets, separators, thousands and plus-minus signs."""

from __future__ import annotations

import re

import pytest

from gr_toolkit.verify.reading.structure import (
    choices,
    comma_split,
    enclosed,
    expanded,
    head,
    is_label,
    name_and_value,
    name_key,
    split,
)

PLUS = re.compile(r"\s*\+\s*")

ENCLOSED = [
    ("(1, 2)", ("(", "1, 2", ")")),
    ("[1, 2)", ("[", "1, 2", ")")),
    ("(1, 2]", ("(", "1, 2", "]")),
    ("{ 1 }", ("{", "1", "}")),
    (r"\{1, 2\}", (r"\{", "1, 2", r"\}")),
    (r"\langle 1, 2 \rangle", (r"\langle", "1, 2", r"\rangle")),
    ("((1), (2))", ("(", "(1), (2)", ")")),
    ("()", ("(", "", ")")),
    ("(1)(2)", None),
    ("(1), (2)", None),
    ("(1", None),
    ("1)", None),
    ("x(1)", None),
    ("(1) ", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "parts"), ENCLOSED)
def test_brackets_around_the_whole_text(text, parts):
    assert enclosed(text) == parts


SPLIT = [
    ("1", ["1"]),
    (" 1 ", ["1"]),
    ("1+2", ["1", "2"]),
    ("1 + 2 + 3", ["1", "2", "3"]),
    ("(1+2)+3", ["(1+2)", "3"]),
    ("[1+2]+{3+4}", ["[1+2]", "{3+4}"]),
    (r"\{1+2\}+3", [r"\{1+2\}", "3"]),
    (r"\langle 1+2 \rangle+3", [r"\langle 1+2 \rangle", "3"]),
    (r"\begin{matrix}1+2\end{matrix}+3", [r"\begin{matrix}1+2\end{matrix}", "3"]),
    ("1)+2", ["1)", "2"]),  # a bracket that nothing opened
    ("(1+2", ["(1+2"]),
    ("+1", ["", "1"]),
    ("1+", ["1", ""]),
]


@pytest.mark.parametrize(("text", "parts"), SPLIT)
def test_split_at_separators_outside_brackets(text, parts):
    assert split(text, PLUS) == parts


COMMAS = [
    ("1, 2", ["1", "2"]),
    ("1; 2", ["1", "2"]),
    ("1,2", ["1", "2"]),
    ("5, 1,234", ["5", "1,234"]),  # if a comma has a space after it, other commas group thousands
    ("1,234,567 goats; 5 toys", ["1,234,567 goats", "5 toys"]),
    ("312,123,231", ["312", "123", "231"]),  # without spaces, they separate
    ("1,23, 4", ["1", "23", "4"]),
    ("1,2345, 6", ["1", "2345", "6"]),
    ("1.5,234, 6", ["1.5", "234", "6"]),
    ("(1,2), 3", ["(1,2)", "3"]),
    ("(100,200), (300,400)", ["(100,200)", "(300,400)"]),
]


@pytest.mark.parametrize(("text", "parts"), COMMAS)
def test_split_at_commas(text, parts):
    assert comma_split(text) == parts


@pytest.mark.parametrize(
    ("grouped", "parts"), [(None, ["120", "340"]), (False, ["120", "340"]), (True, ["120,340"])]
)
def test_caller_says_whether_commas_group_thousands(grouped, parts):
    assert comma_split("120,340", grouped) == parts


CHOICES = [
    ("1", ["1"]),
    (r"\pm 1", ["+ 1", "- 1"]),
    (r"\mp 1", ["- 1", "+ 1"]),
    (r"\pm 1 \mp 2 \pm 3", ["+ 1 - 2 + 3", "- 1 + 2 - 3"]),
]


@pytest.mark.parametrize(("text", "signed"), CHOICES)
def test_plus_minus_signs_are_chosen_together(text, signed):
    assert list(choices(text)) == signed


LABELS = [
    "x", "x'", "x_1", r"x_{\max}", r"\theta", "f(x)", "f^{-1}(x)", "f^{(10)}(x)", "only x", "Cost",
    "total cost",
    r"\angle ABC", r"\angle A", r"\overline{AB}", "|AB|", "AB", "AB:BC", "A/B", "V_1:V_2", r"\frac{AB}{CD}",
    "x(t)", "u(x, t)", "y(0)", "h(t + 1)", "P(X = 2)", "P(X > 2)", "P(A|B)", "E[X]", r"\dot{x}", "f'(x)",
    r"\frac{dy}{dx}", r"\frac{d^2y}{dx^2}", r"\frac{\partial u}{\partial t}", "dy/dx", r"\lim_{x \to 0} g(x)",
    r"\sum_k a_k", r"\int_0^1 (x + 1) dx", r"\det A",
]  # fmt: skip


@pytest.mark.parametrize("text", LABELS)
def test_label(text):
    assert is_label(text)


@pytest.mark.parametrize(
    "text",
    [
        "2x", "x + 1", "xy2", "not x", "never x", "wrong", "no", "|x|", r"\frac{1}{2}", "5", "x^2", "",
        "x(x + 1)",
        "n(2n)", "x()", r"\sum_k a_k + 2", r"\lim g - 1", r"\int_0^1 x + 3", r"\frac{d}{d + 1}",
    ],
)  # fmt: skip
def test_expression_or_denial_is_not_a_label(text):
    assert not is_label(text)


HEADS = [
    ("x(t)", ("x", "t", ")")),
    (r"\phi_{1}(x, y)", (r"\phi_{1}", "x, y", ")")),
    ("E[2X + 1]", ("E", "2X + 1", "]")),
    ("x(t + 1)", None),  # a product
    ("f(t + 1)", ("f", "t + 1", ")")),
    ("x", None),
    ("x(t)y", None),
    ("(t)", None),
]


@pytest.mark.parametrize(("text", "parts"), HEADS)
def test_function_with_its_arguments(text, parts):
    assert head(text) == parts


ITEMS = [
    ("(b) 7", ("b", "7")),
    ("2) 7", ("2", "7")),
    ("Mean: 7", ("Mean", "7")),
    ("the mean is 7", ("the mean", "7")),
    ("x = 7", ("x", "7")),
    ("7", ("", "7")),
    ("x = y = 7", ("", "x = y = 7")),
]


@pytest.mark.parametrize(("text", "parts"), ITEMS)
def test_name_and_value_of_an_item(text, parts):
    assert name_and_value(text) == parts


@pytest.mark.parametrize(
    ("name", "key"), [("the Mean", "mean"), ("its mean", "mean"), ("I_{1}", "I_1"), ("x", "x"), ("X", "X")]
)
def test_spellings_of_a_name_have_one_key(name, key):
    assert name_key(name) == key


EXPANDED = [
    ("list", [r"\pm 1", "5"], ["+ 1", "- 1", "5"]),
    ("tuple", [r"\pm 1", "5"], ["(+ 1, 5)", "(- 1, 5)"]),
    ("tuple", [r"\pm 1", r"\pm 5"], ["(+ 1, + 5)", "(+ 1, - 5)", "(- 1, + 5)", "(- 1, - 5)"]),
    ("tuple", [r"\pm 1", r"\mp 5"], ["(+ 1, - 5)", "(- 1, + 5)"]),  # the signs are opposite
    ("tuple", ["1", "5"], ["1", "5"]),
]


@pytest.mark.parametrize(("kind", "items", "values"), EXPANDED)
def test_plus_minus_signs_of_items(kind, items, values):
    assert expanded(items, kind) == values
