"""Lists, sets, tuples and named values: how they are read, and if their order matters."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.collections import compare_collections, read_collection
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.reading.structure import MAX_ITEMS
from gr_toolkit.verify.rules import first_decision


def compare(reference: str, answer: str) -> bool | None:
    """The decision of all rules, for an item."""
    return first_decision(reference, answer, "")[1]


def decide(reference: str, answer: str, question: str = "") -> bool | None:
    return compare_collections(normalise(reference), normalise(answer), question, compare)


READ = [
    ("1, 2", "list", ["1", "2"], ["", ""]),
    ("1; 2", "list", ["1", "2"], ["", ""]),
    ("1 and 2", "list", ["1", "2"], ["", ""]),
    ("1, 2, and 3", "list", ["1", "2", "3"], ["", "", ""]),
    ("1, 2 or 3", "list", ["1", "2", "3"], ["", "", ""]),
    ("1 & 2", "list", ["1", "2"], ["", ""]),
    (r"1 \\ 2", "list", ["1", "2"], ["", ""]),
    ("1, 2,", "list", ["1", "2"], ["", ""]),
    ("(1, 2)", "tuple", ["1", "2"], ["", ""]),
    ("[1, 2]", "tuple", ["1", "2"], ["", ""]),
    (r"\langle 1, 2 \rangle", "tuple", ["1", "2"], ["", ""]),
    (r"\{1, 2\}", "set", ["1", "2"], ["", ""]),
    ("{1, 2}", "set", ["1", "2"], ["", ""]),
    (r"\{1\}", "set", ["1"], [""]),
    ("(1, 2), (3, 4)", "list", ["(1, 2)", "(3, 4)"], ["", ""]),
    ("x = 1, 2", "list", ["1", "2"], ["", ""]),
    ("x = (1, 2)", "tuple", ["1", "2"], ["", ""]),
    ("(x, y) = (1, 2)", "tuple", ["1", "2"], ["", ""]),
    ("x = 1, y = 2", "list", ["1", "2"], ["x", "y"]),
    ("Max: 5, Min: 1", "list", ["5", "1"], ["Max", "Min"]),
    ("the mean is 4 and the modes are 5", "list", ["4", "5"], ["the mean", "the modes"]),
    ("(a) 1 (b) 2", "list", ["1", "2"], ["a", "b"]),
    ("1) 5, 2) 6", "list", ["5", "6"], ["1", "2"]),
    ("ii) 5, iii) 6", "list", ["5", "6"], ["ii", "iii"]),
    (r"\pm 2", "set", ["+ 2", "- 2"], ["", ""]),
    (r"1, \pm 2", "set", ["1", "+ 2", "- 2"], ["", "", ""]),
    (r"(\pm 1, 2)", "set", ["(+ 1, 2)", "(- 1, 2)"], ["", ""]),
    (r"2k\pi, 3k\pi for all integers k", "list", [r"2k\pi", r"3k\pi"], ["", ""]),
    (r"2k\pi, 3k\pi, where k is an integer, k > 0", "list", [r"2k\pi", r"3k\pi"], ["", ""]),
    ("2k for every k, 5 for some m", "list", ["2k", "5"], ["", ""]),
    ("2k for each k; 5 for any m, 7", "list", ["2k", "5", "7"], ["", "", ""]),
    ("(|x|, 2)", "tuple", ["|x|", "2"], ["", ""]),
]


@pytest.mark.parametrize(("text", "kind", "items", "names"), READ)
def test_parts_of_a_collection(text, kind, items, names):
    collection = read_collection(text)
    assert (collection.kind, collection.items, collection.names) == (kind, items, names)


SINGLE = [
    "42",
    "(42)",
    "38,875",
    "38,875 lb",
    "x = 1",
    "1 < x and x < 2",  # "and" and "or" differ between inequalities
    r"x \ge 1, y \ge 2",
    r"x \le 1, y \le 2",
    r"x \ne 1, x \ne 2",
    "x < 1, y = 2",
    r"\{x | x = 1, 2\}",  # a set builder
    "",
    "()",
]


@pytest.mark.parametrize("text", SINGLE)
def test_text_that_is_not_a_collection(text):
    assert read_collection(text) is None


@pytest.mark.parametrize(("items", "is_read"), [(MAX_ITEMS, True), (MAX_ITEMS + 1, False)])
def test_number_of_items_is_limited(items, is_read):
    assert (read_collection(", ".join(["1"] * items)) is not None) is is_read


@pytest.mark.parametrize(("signs", "is_read"), [(6, True), (7, False)])
def test_plus_minus_signs_are_expanded_up_to_the_limit(signs, is_read):
    text = "(" + ", ".join([r"\pm 1"] * signs) + ")"
    assert (read_collection(text) is not None) is is_read


ORDER_DOES_NOT_MATTER = [
    "Find all numbers.",
    "What are all such numbers?",
    "Enter every integer.",
    "Determine all integers.",
    "State the possible lengths.",
    "Separate your answers by commas.",
    "What are the roots?",
    "Compute both zeros.",
    "Give the solutions.",
    "Solve it.",
    "Name the factors.",
    "Name the divisors.",
    "Which primes are they?",
    "What set of numbers is it?",
    "What are the eigenvalues?",
    "What values of x satisfy it?",
    "What values of $x$ satisfy it?",
    "Where do the curves intersect?",
    "Give two examples.",
]
ORDER_MATTERS = [
    "",
    "Compute both numbers.",
    "Give the solutions in increasing order.",
    "Give the roots in order.",
    "List the roots, ascending.",
    "List the roots, descending.",
    "Arrange the solutions.",
    "Rank the solutions.",
    "Find all goats and toys, respectively.",
    "What values of x and y satisfy it?",
    "Solve for p and q.",
    "Give the solutions $p$ and $q$.",
]


@pytest.mark.parametrize("question", ORDER_DOES_NOT_MATTER)
def test_question_asks_for_items_in_any_order(question):
    assert decide("8, 5", "5, 8", question) is True
    assert decide("8, 5", "5, 9", question) is False


@pytest.mark.parametrize("question", ORDER_MATTERS)
def test_other_order_is_undecided_unless_the_question_allows_it(question):
    assert decide("8, 5", "5, 8", question) is None
    assert decide("8, 5", "8, 5.0", question) is True
    assert decide("8, 5", "5, 9", question) is False


COMPARED = [
    # kinds
    (r"\{1, 2\}", "2, 1", True),
    ("{1, 2}", r"\{2, 1\}", True),
    (r"\{1, 2\}", "(1, 2)", None),  # a set is not a tuple, but may be meant
    ("(1, 2)", r"\{1, 2\}", None),
    ("(1, 2)", "1, 2", True),
    ("1, 2", "(1, 2)", True),
    ("(1, 2)", "(1, 2.0)", True),
    ("(1, 2)", "2, 1", False),
    ("(1, 2)", "(3, 4), (5, 6)", None),
    ("(0, 9)", "[0, 9)", None),  # they may be intervals
    ("[0, 9]", "(0, 9)", None),
    ("(0, 9, 1)", "[0, 9, 1]", True),
    ("(0, 9)", "(1, 9)", False),
    # each item has its own match
    (r"\{1, 2, 3\}", r"\{3, 1, 2\}", True),
    (r"\{1, 2\}", r"\{1, 1\}", False),
    (r"\{1, x\}", r"\{1, y\}", None),
    (r"\{1, 2\}", r"\{x, 3\}", False),  # an expression with a variable is not 1
    # numbers of items
    ("1, 2", "1, 2, 3", False),
    ("1, 2, 2", "1, 2", None),  # a double root
    ("1, 2", "1, 2, 2", None),
    ("red, green apples now", "red, green, blue", None),
    # one value against several
    ("5", "5 and 7", False),
    ("5 or 7", "7", False),
    ("5", "5, 5", None),
    ("(1, 2)", "1", None),
    ("1", "(1, 2)", False),
    ("1 hour", "1 hour and 30 minutes", None),
    ("1.5", "1 and 1/2", None),
    ("5", "3 goats, 2 toys", None),
    ("1,5", "5", None),  # perhaps 1.5
    (r"3i + 4j", "3, 4", None),
    (r"5\vec{v}", "3, 4", None),
    ("$5", "5, 7", None),
    ("6xij", "3, 4", False),  # no unit vectors
    ("some words", "1, 2", None),
    # names
    ("a = 2, b = 3", "b = 3, a = 2", True),
    ("a = 2, b = 3", "b = 2, a = 3", False),
    ("a = 2, b = 3", "2, 3", True),
    ("a = 2, b = 3", "3, 2", None),
    ("a = 2, b = 3", "c = 2, d = 3", None),
    ("a = 2, b = 3", "c = 2, d = 4", False),
    ("the mean is 2, the mode is 3", "Mode: 3, Mean: 2", True),
    ("its length is 2, its width is 3", "Width = 3, Length = 2", True),
    ("I_1 = 2, I_2 = 3", "I_{2} = 3, I_{1} = 2", True),
    ("(a) 1, (b) 2", "(b) 2, (a) 1", True),
    ("(a) 1, (b) 2", "(a) 2, (b) 1", False),
    # plus-minus signs
    (r"\pm 2", "-2, 2", True),
    (r"\pm 2", "2", False),
    ("2", r"\pm 2", False),
    (r"\pm 2, \pm 3", "-3, 3, 2, -2", True),
    (r"\pm 2, \pm 3", "-3, 3, 2, 2", False),
    (r"1 \mp 2", "3, -1", True),
    (r"\pm 1 \mp 3", "2, -2", True),  # the signs are opposite
    (r"\pm 1 \mp 3", "4, -4", False),
    # neither has parts
    ("5", "5", None),
    ("x", "y", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison(reference, answer, expected):
    assert decide(reference, answer) is expected


def test_order_of_named_items_does_not_follow_the_question():
    assert decide("a = 2, b = 3", "3, 2", "What are the solutions?") is None
    assert decide("2, 3", "a = 3, b = 2", "What are the solutions?") is None
