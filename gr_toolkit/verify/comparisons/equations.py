"""Compares equations: a name with a value ("x = 2"), a function ("f(x) = 2x"), or any two sides."""

from __future__ import annotations

import re
from typing import NamedTuple

from gr_toolkit.verify.comparisons import Compare
from gr_toolkit.verify.comparisons.expressions import compare_trees, replaced, tree_of
from gr_toolkit.verify.reading.evaluate import points, same_everywhere, value_at, variables
from gr_toolkit.verify.reading.expression import Tree
from gr_toolkit.verify.reading.structure import split

EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
# The name of an answer: x, x_1, m_{\max}, f(x), f^{-1}(x), (x, y, z), \angle ABC, "Cost".
LABEL = re.compile(
    r"(?:only\s+)?(?:\\?[A-Za-z]+'*(?:\s*_\s*(?:\{[^{}]*\}|\\?\w+))?(?:\^\{?-1\}?|\^\{?\([0-9a-z]+\)\}?)?"
    r"(?:\s*\(\s*[^()=]{0,20}\s*\))?|\\angle\s*[A-Z]{1,3}|\\overline\{[^{}]*\}|[A-Za-z ]{3,40}"
    r"|\|\s*[A-Z]{2}\s*\||\\frac\s*\{\s*[A-Z]{1,3}\s*\}\s*\{\s*[A-Z]{1,3}\s*\}"
    r"|[A-Z]{1,3}(?:_\{?\w+\}?)?\s*[:/]\s*[A-Z]{1,3}(?:_\{?\w+\}?)?)"
)
JOINED = re.compile(r"\b(?:and|or)\b")
DENIAL = re.compile(r"\b(?:not|wrong|no|never)\b", re.IGNORECASE)
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
    if len(sides) == 1 and is_label(text.partition(r"\approx")[0]):
        left, _, right = text.partition(r"\approx")  # the right side keeps the sign: its value is rounded
        sides = [left.strip(), rf"\approx {right.strip()}"]
    if (
        len(sides) != 2
        or not all(sides)
        or any(re.search(r"[<>]|\\(?:le|ge|ne|in)\b", side) for side in sides)
    ):
        return None
    return Equation(*sides)


def _same_relations(reference: str, answer: str, compare: Compare) -> bool | None:
    """True if both have the same sides and relation signs, as in "f(1/2) >= f(x)"; else None."""
    gold, given = RELATION.findall(reference), RELATION.findall(answer)
    if not gold or gold != given or JOINED.search(reference + answer):
        return None
    sides = zip(split(reference, RELATION), split(answer, RELATION), strict=False)
    return True if all(compare(*side) for side in sides) else None


def _value_of_labelled(reference: str, given: Equation, compare: Compare) -> bool | None:
    """Compare a reference such as "42" with an equation such as "x = 42"."""
    if is_label(given.left) and not _mentions(given.right, given.left):
        return compare(reference, given.right)
    left, right = tree_of(given.left), tree_of(given.right)
    if left is None or right is None or variables(left) | variables(right):
        return None
    false = same_everywhere(left, right) is False
    return False if false else None  # 41 = 42 is false; 6*7 = 42 may contain the answer


def _expression_for_equation(gold: Equation, answer: str, compare: Compare) -> bool | None:
    """Compare an expression with an equation: "5" with "x = 5", or "6/x" with "xy = 6" as the value of y."""
    given, left, right = (tree_of(f"({side})") for side in (answer, *gold))
    if given is not None and left is not None and right is not None and variables(given):
        missing = (variables(left) | variables(right)) - variables(given)
        if len(missing) == 1:
            (name,) = missing
            return same_everywhere(replaced(left, name, given), replaced(right, name, given))
    return compare(gold.right, answer) if is_label(gold.left) else None


def _two_equations(gold: Equation, given: Equation, compare: Compare) -> bool | None:
    if is_label(gold.left) and is_label(given.left):
        names = [" ".join(side.replace("only", "").split()) for side in (gold.left, given.left)]
        same_name = names[0].replace(" ", "") == names[1].replace(" ", "")
        if same_name:
            return compare(gold.right, given.right)
        bound = [_argument(name) for name in names]
        if all(bound) and names[0].partition("(")[0] == names[1].partition("(")[0]:
            return _with_one_argument(gold.right, given.right, *bound)
    sides = [tree for side in (*gold, *given) if (tree := tree_of(f"({side})")) is not None]
    if len(sides) < 4:
        return None
    return _same_zeros(("subtract", sides[0], sides[1]), ("subtract", sides[2], sides[3]))


def is_label(text: str) -> bool:
    """Whether a text, as the left side of an equation, is just a name for the right side."""
    return bool(LABEL.fullmatch(text.strip())) and not DENIAL.search(text)


def _mentions(text: str, label: str) -> bool:
    return len(label) == 1 and bool(re.search(rf"(?<![A-Za-z\\]){re.escape(label)}(?![A-Za-z])", text))


def _argument(label: str) -> str:
    inside = re.search(r"\(\s*([A-Za-z])\s*\)$", label)
    return inside[1] if inside else ""


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
