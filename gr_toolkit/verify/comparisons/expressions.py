"""Compares expressions with variables at sample points: True if all values agree, False if none do."""

from __future__ import annotations

import re
from fractions import Fraction

from gr_toolkit.verify.quantities.quantity import APPROXIMATION, read_quantity
from gr_toolkit.verify.reading.evaluate import operators, points, same_everywhere, value_at, variables
from gr_toolkit.verify.reading.expression import Tree, read
from gr_toolkit.verify.reading.products import compare_products, keeps_order
from gr_toolkit.verify.reading.tokens import Unreadable

NEAR = 0.02  # relative difference; a smaller one may come from differently rounded coefficients
INTEGRATION_CONSTANTS = frozenset({"C", "c", "K", "C_1", "c_1", "C_0", "C_2", "c_2"})
INTEGRAL = re.compile(r"\\int|∫|integra|antiderivative|differential|general solution", re.IGNORECASE)
PERIODS = frozenset("nkmlNK")  # integer variables in families of angles, such as k\pi


def compare_expressions(reference: str, answer: str, question: str) -> bool | None:
    """Return whether two normalised texts are the same expression; None if undecided or unparsable."""
    if read_quantity(reference) is not None and read_quantity(answer) is not None:
        return None
    if keeps_order(reference, question) or keeps_order(answer, question):
        return compare_products(reference, answer, question)
    gold, given = tree_of(reference), tree_of(answer)
    if gold is None or given is None:
        return None
    integral = bool(INTEGRAL.search(question)) if question.strip() else None
    return compare_trees(gold, given, integral=integral)


def tree_of(text: str) -> Tree | None:
    """Parse a text, ignoring a trailing approximation such as `≈ 3.14`; None if it is unreadable."""
    try:
        return read(APPROXIMATION.sub("", text))
    except Unreadable:
        return None


def compare_trees(gold: Tree, given: Tree, *, integral: bool | None = False) -> bool | None:
    """Compare two trees; None if undecided.

    If `integral`, the constants of integration may differ; if it is None, they leave the pair undecided.
    """
    names, given_names = variables(gold), variables(given)
    if not names | given_names and not {"i", "log"} & (operators(gold) | operators(given)):
        return None  # compare_quantities compares real numbers
    if names != given_names:
        return _compare_with_other_names(gold, given)
    if "log" in operators(gold) | operators(given):
        decisions = {same_everywhere(*map(base, (gold, given))) for base in (_natural, _common)}
        return decisions.pop() if len(decisions) == 1 else None
    decision = same_everywhere(gold, given)
    if decision is False:
        constants = names & INTEGRATION_CONSTANTS
        if len(constants) > 1:
            return None
        if integral is not False and any(_differ_by_a_constant(gold, given, name) for name in constants):
            return integral
        if _near_everywhere(gold, given):
            return None
    return decision


def _compare_with_other_names(gold: Tree, given: Tree) -> bool | None:
    """Compare two trees with different variables; None if undecided.

    k\\pi and n\\pi are the same family of angles. A number differs from an expression that takes several
    values, and a family of angles differs from a number.
    """
    names, given_names = variables(gold), variables(given)
    if len(names) == len(given_names) == 1 and names | given_names <= PERIODS and "pi" in operators(gold):
        (name,), (other,) = names, given_names
        return same_everywhere(gold, replaced(given, other, ("name", name)))
    family = bool(names) and names <= PERIODS and "pi" in operators(gold)
    if (not names and _varies(given)) or (family and not given_names):
        return False
    return None


def _varies(tree: Tree) -> bool:
    """Whether an expression takes several values. False for "2.5x", which may mean "2.5 times"."""
    if tree[0] == "multiply" and [part[0] for part in tree[1:] if isinstance(part, tuple)] == [
        "number",
        "name",
    ]:
        return False
    values = [value for point in points(variables(tree)) if (value := value_at(tree, point)) is not None]
    if not values:  # too large at every point, or never real
        return bool(variables(tree))
    return len(values) > 2 and max(values) - min(values) > 1e-6 * max(map(abs, values))


def replaced(tree: Tree, name: str, value: Tree) -> Tree:
    """Return the tree with a value in place of a variable."""
    if tree == ("name", name):
        return value
    return tuple(replaced(part, name, value) if isinstance(part, tuple) else part for part in tree)


def _natural(tree: Tree) -> Tree:
    return tuple(
        _natural(part) if isinstance(part, tuple) else ("ln" if part == "log" else part) for part in tree
    )


def _common(tree: Tree) -> Tree:
    if tree[0] == "log" and isinstance(tree[1], tuple):
        return ("logarithm", ("number", Fraction(10)), _common(tree[1]))
    return tuple(_common(part) if isinstance(part, tuple) else part for part in tree)


def _values(gold: Tree, given: Tree) -> list[tuple[float, float]]:
    """The values of both trees at each sample point at which both are defined."""
    pairs = [
        (value_at(gold, point), value_at(given, point))
        for point in points(variables(gold) | variables(given))
    ]
    return [(first, second) for first, second in pairs if first is not None and second is not None]


def _differ_by_a_constant(gold: Tree, given: Tree, name: str) -> bool:
    """Whether both trees add or subtract `name`, such as C, and otherwise differ by a number."""
    if len(variables(gold)) < 2 or not _has_term(gold, name) or not _has_term(given, name):
        return False
    zero: Tree = ("number", Fraction(0))
    rests = replaced(gold, name, zero), replaced(given, name, zero)
    between = [first - second for first, second in _values(*rests)]
    scale = max((abs(value) for pair in _values(*rests) for value in pair), default=0.0)
    return len(between) >= 3 and max(between) - min(between) <= 1e-9 * scale


def _has_term(tree: Tree, name: str) -> bool:
    """Whether a sum has a term that is the variable `name` alone, which occurs nowhere else."""
    if tree == ("name", name) or repr(tree).count(repr(("name", name))) > 1:
        return tree == ("name", name)
    sums = tree[0] in ("add", "subtract", "negate")
    return sums and any(_has_term(part, name) for part in tree[1:] if isinstance(part, tuple))


def _near_everywhere(gold: Tree, given: Tree) -> bool:
    """Whether the values are close and a tree has decimals, so that a coefficient may be rounded."""
    if not _has_decimals(gold) and not _has_decimals(given):
        return False
    values = _values(gold, given)
    return all(abs(first - second) <= NEAR * abs(first) for first, second in values)


def _has_decimals(tree: Tree) -> bool:
    if tree[0] == "number" and isinstance(tree[1], Fraction):
        return tree[1].denominator != 1
    return any(_has_decimals(part) for part in tree[1:] if isinstance(part, tuple))
