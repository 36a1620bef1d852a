"""Compares equations: a name with a value ("x = 2"), a function ("f(x) = 2x"), or any two sides."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from gr_toolkit.verify.comparisons import Compare
from gr_toolkit.verify.comparisons.expressions import compare_trees, replaced, tree_of
from gr_toolkit.verify.quantities.numbers import read_number
from gr_toolkit.verify.reading.evaluate import operators, points, same_everywhere, value_at, variables
from gr_toolkit.verify.reading.expression import Tree
from gr_toolkit.verify.reading.structure import EQUALS, head, is_label, is_result, split

JOINED = re.compile(r"\b(?:and|or)\b")
INEQUALITY = re.compile(r"[<>]|\\(?:le|ge|ne|in)\b")
RELATION = re.compile(r"\\(?:le|ge|ne|in|approx)\b|<=|>=|!=|[<>=]")


class Equation(NamedTuple):
    """The two sides of an equation, as normalised text."""

    left: str
    right: str


def compare_equations(reference: str, answer: str, compare: Compare) -> bool | None:
    """Compare two answers, of which at least one has a relation sign; `compare` judges values."""
    gold, given = read_equation(reference), read_equation(answer)
    if gold is None and given is None:
        return _same_relations(reference, answer, compare)
    if gold is None:
        assert given is not None
        return _value_of_labelled(reference, given, compare)
    if given is None:
        return _expression_for_equation(gold, answer, compare)
    return _two_equations(gold, given, compare)


def read_equation(text: str) -> Equation | None:
    """Return the two sides of an equation, or a name and its approximate value; None for any other text."""
    if "=" not in text and r"\approx" not in text:
        return None
    sides = split(text, EQUALS)
    if len(sides) > 2 and is_label(sides[0]) and _all_equal(sides[1:]):
        sides = [sides[0], sides[-1]]  # x = 6 * 7 = 42
    if len(sides) == 1 and r"\approx" in text and is_label(text.partition(r"\approx")[0]):
        left, _, right = text.partition(r"\approx")  # the right side keeps the sign: its value is rounded
        sides = [left.strip(), rf"\approx {right.strip()}"]
    if len(sides) != 2 or not all(sides) or any(len(split(side, INEQUALITY)) > 1 for side in sides):
        return None
    return Equation(*sides)


def _same_relations(reference: str, answer: str, compare: Compare) -> bool | None:
    """True if both have the same sides and relation signs, as in "f(1/2) >= f(x)"; else None."""
    gold, given = RELATION.findall(reference), RELATION.findall(answer)
    if not gold or gold != given or JOINED.search(reference + answer):
        return None
    sides = list(zip(split(reference, RELATION), split(answer, RELATION), strict=False))
    decisions = [compare(*side) for side in sides]
    if all(decisions):
        return True
    constants = all(map(_is_constant, (side for pair in sides for side in pair)))
    return False if constants and False in decisions else None


def _is_constant(text: str) -> bool:
    tree = tree_of(text)
    return tree is not None and not variables(tree) and "call" not in operators(tree)


def _value_of_labelled(reference: str, given: Equation, compare: Compare) -> bool | None:
    """Compare a reference such as "42" with an equation such as "x = 42"."""
    if is_label(given.left) and not _mentions(given.right, given.left):
        return compare(reference, given.right)
    left, right = tree_of(given.left), tree_of(given.right)
    if left is None or right is None or variables(left) | variables(right):
        return None
    true = same_everywhere(left, right)
    plain = (number := read_number(given.right)) is not None and number.plain
    if true and plain:  # 6*7 = 42 states 42
        return compare(reference, given.right)
    return False if true is False else None


def _expression_for_equation(gold: Equation, answer: str, compare: Compare) -> bool | None:
    """Compare an expression with an equation: "5" with "x = 5", or "6/x" with "xy = 6" as the value of y."""
    if is_result(gold.left):
        return compare(gold.right, answer)
    given, left, right = (tree_of(f"({side})") for side in (answer, *gold))
    if given is not None and left is not None and right is not None and variables(given):
        missing = (variables(left) | variables(right)) - variables(given)
        if len(missing) == 1:
            (name,) = missing
            return same_everywhere(replaced(left, name, given), replaced(right, name, given))
    return compare(gold.right, answer) if is_label(gold.left) else None


def _two_equations(gold: Equation, given: Equation, compare: Compare) -> bool | None:
    names = [_function(side.left.removeprefix("only ").replace(" ", "")) for side in (gold, given)]
    if is_label(gold.left) and is_label(given.left):
        one, other = head(gold.left), head(given.left)
        if one and other and one != other:
            same_function = one.opening == other.opening and one.inside.isalpha() and other.inside.isalpha()
            arguments = one.inside, other.inside
            return _with_one_argument(gold.right, given.right, *arguments) if same_function else None
        if names[0] == names[1]:
            return compare(gold.right, given.right)
    sides = (names[0], gold.right, names[1], given.right)
    trees = [tree for side in sides if (tree := tree_of(f"({side})")) is not None]
    if len(trees) < 4:
        return None
    if not variables(trees[2]) | variables(trees[3]) and variables(trees[0]):
        return False if same_everywhere(trees[2], trees[3]) is False else None  # 3 = 2 is never true
    return _same_zeros(("subtract", trees[0], trees[1]), ("subtract", trees[2], trees[3]))


def _function(label: str) -> str:
    """The name of a function of variables, such as x in x(t); any other text is returned unchanged."""
    function = head(label)
    return function.opening if function and function.inside.replace(",", "").isalpha() else label


def _all_equal(sides: list[str]) -> bool:
    """Whether all texts are constants of the same value."""
    trees = [tree_of(side) for side in sides]
    return all(
        one is not None and other is not None and not variables(one) and same_everywhere(one, other)
        for one, other in pairwise(trees)
    )


def _mentions(text: str, label: str) -> bool:
    return len(label) == 1 and bool(re.search(rf"(?<![A-Za-z\\]){re.escape(label)}(?![A-Za-z])", text))


def _with_one_argument(gold: str, given: str, name: str, given_name: str) -> bool | None:
    first, second = tree_of(gold), tree_of(given)
    if first is None or second is None or name in variables(second):
        return None
    return compare_trees(first, replaced(second, given_name, ("name", name)))


def _same_zeros(gold: Tree, given: Tree) -> bool | None:
    """Whether two trees have the same zeros.

    True if one is a multiple of the other, False if a zero of `gold` is not a zero of `given`, else None.
    """
    names = variables(gold)
    if not names or names != variables(given):
        return None
    ratios = []
    for point in points(names):
        first, second = value_at(gold, point), value_at(given, point)
        if first is not None and second is not None and second:
            ratios.append(first / second)
    if len(ratios) >= 3 and max(ratios) - min(ratios) <= 1e-9 * max(map(abs, ratios)):
        return True if ratios[0] else None
    for point in points(names)[:3]:
        for name in sorted(names):
            zero = _zero(gold, dict(point), name)
            value = None if zero is None else value_at(given, zero)
            if value is not None and abs(value) > 1e-6:
                return False
    return None


def _zero(tree: Tree, point: dict[str, float], name: str) -> dict[str, float] | None:
    """Find a zero of the tree near `point` by the secant method in the variable `name`, or return None."""
    before, now = point[name], point[name] + 0.1
    for _ in range(40):
        at_before, at_now = (value_at(tree, {**point, name: value}) for value in (before, now))
        if at_before is None or at_now is None:
            return None
        if abs(at_now) < 1e-12:
            return {**point, name: now}
        if at_now == at_before:
            return None
        before, now = now, now - at_now * (now - before) / (at_now - at_before)
    return None
