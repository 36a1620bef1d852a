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
    ("1, 2 or 3", "set", ["1", "2", "3"], ["", "", ""]),
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
    ("x = 1 and 2", "list", ["1", "2"], ["", ""]),
    ("(x, y) = (1, 2)", "tuple", ["1", "2"], ["x", "y"]),
    ("x, y = 1, 2", "list", ["1", "2"], ["x", "y"]),
    (r"(x, y) = (\pm 1, 2)", "set", ["(+ 1, 2)", "(- 1, 2)"], ["", ""]),
    (r"(\pm 1, \mp 2)", "set", ["(+ 1, - 2)", "(- 1, + 2)"], ["", ""]),
    ("x = 2,500, y = 4,100", "list", ["2,500", "4,100"], ["x", "y"]),
    ("90,000 goats and $4,000", "list", ["90,000 goats", "$4,000"], ["", ""]),
    ("(100,200), (300,400)", "list", ["(100,200)", "(300,400)"], ["", ""]),
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


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Find the roots.", True),
        ("Find the mean and the mode.", False),
        ("Find the numbers.", None),
        ("", None),
    ],
)
def test_another_order_is_right_if_it_is_free_and_wrong_if_the_question_binds_it(question, expected):
    assert decide("8, 5", "5, 8", question) is expected
    assert decide("red, blue", "blue, red", question) is expected
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
    ("(x, y) = (4, 9)", "(y, x) = (4, 9)", False),
    ("(x, y) = (4, 9)", "(y, x) = (9, 4)", True),
    ("(x, y) = (4, 9)", "y = 9, x = 4", True),
    ("(x, y) = (4, 9)", "[4, 9)", None),
    ("x, y = 4, 9", "y = 9 and x = 4", True),
    # one name for all items
    ("t = 6 or t = -1", "t = -1 or t = 6", True),
    ("t = 6 and t = -1", "t = -1, t = 6", True),
    ("t = 6 or t = -1", "t = -1, 6", True),
    ("t = 6 or t = -1", "t = 6 or t = 1", False),
    ("6 or -1", "-1, 6", True),
    ("6, -1", "-1 or 6", None),
    ("t_1 = 6, t_2 = -1", "t_1 = -1, t_2 = 6", None),
    # commas of thousands
    ("2,500 and 4,100", "2500 and 4100", True),
    ("2,500 and 4,100", "2500 and 4200", False),
    ("x = 2,500, y = 4,100", "y = 4100, x = 2500", True),
    ("90,000 goats and $4,000", "90,000 goats, $4,000", True),
    ("100,200 and 300", "100, 200, 300", None),  # two numbers or three
    ("120,340,560", "120340560", None),
    ("120,340,560", "120, 340, 560", None),
    ("(120,340,560)", "(120, 340, 561)", False),
    # plus-minus signs
    (r"y = \pm 7", "y = 7 or y = -7", True),
    (r"y = \pm 7", "-7, 7", True),
    (r"(\pm 3, \mp 4)", "(3, -4), (-3, 4)", True),
    (r"(\pm 3, \mp 4)", "(3, 4), (-3, -4)", False),
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


A_AND_B = "Find a and b."
ROOTS = "Find the roots."

NAMED = [
    # one side has names, which the question puts in order
    (A_AND_B, "2, 3", "b = 3, a = 2", True),
    (A_AND_B, "2, 3", "b = 2, a = 3", False),
    (A_AND_B, "a = 2, b = 3", "3, 2", False),
    ("Find b and a.", "a = 2, b = 3", "3, 2", True),
    (ROOTS, "a = 2, b = 3", "3, 2", None),
    (ROOTS, "2, 3", "a = 3, b = 2", None),
    # names that differ only by a number
    (ROOTS, "t_1 = 6, t_2 = -1", "t_1 = -1, t_2 = 6", True),
    (ROOTS, "t_1 = 6, t_2 = -1", "-1, 6", True),
    ("Find the currents I_1 and I_2.", "I_1 = 6, I_2 = -1", "I_1 = -1, I_2 = 6", False),
    # a question that asks for an order, and items that have none
    ("List the roots in ascending order.", "t = -1, t = 6", "t = 6, t = -1", None),
    ("List the roots in ascending order.", r"\{-1, 6\}", r"\{6, -1\}", True),
    # points are tuples, whose own order is bound
    ("Find all pairs.", "(1, 2), (3, 4)", "(3, 4), (1, 2)", True),
    ("Find all pairs.", "(1, 2), (3, 4)", "(2, 1), (4, 3)", False),
    ("Find the points A and B.", "(1, 2), (3, 4)", "(3, 4), (1, 2)", None),
]


@pytest.mark.parametrize(("question", "reference", "answer", "expected"), NAMED)
def test_order_of_items_with_names(question, reference, answer, expected):
    assert decide(reference, answer, question) is expected
