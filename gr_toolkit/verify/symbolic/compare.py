r"""The worker's program: compare two LaTeX texts with sympy.

math-verify's parser turns each whole text into one sympy object. Two objects are equal if they have the same
shape and their values agree wherever both are real.

The parser is called without math-verify's search for expressions in prose. That search takes the last of
several expressions, drops units, falls back to equal strings, and passes plain arithmetic to sympy's
parse_expr, which calls eval. The LaTeX parser passes text to sympy only as digits and symbol names (checked
in the source of math-verify 0.9 and latex2sympy2_extended 1.11).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gr_toolkit.verify.symbolic.points import values
from gr_toolkit.verify.symbolic.workers import serve

if TYPE_CHECKING:
    from sympy import Basic, Expr
    from sympy.core.relational import Relational

EQUAL = "equal"  # the reply for two equal texts
IMAGINARY = re.compile(r"(?<![A-Za-z\\])i(?![A-Za-z])")
MIN_POINTS = 3  # sample points at which both expressions must have a value
TOLERANCE = 1e-20  # relative, for exact operands
DECIMAL_TOLERANCE = 1e-12  # relative, if an operand is a decimal fraction; the parser keeps 15 digits


class Rules(NamedTuple):
    """Whether values must be real, and whether the order of a list without braces matters."""

    real: bool
    ordered: bool


def _compare(gold: str, given: str) -> str:
    real = not (IMAGINARY.search(gold) or IMAGINARY.search(given))
    rules = Rules(real, ordered=not re.search(r"\\\{|\\pm", gold))
    try:
        return EQUAL if _same(_parse(gold, real), _parse(given, real), rules) else "not shown to be equal"
    except MemoryError:
        raise  # ends the worker, which the pool replaces
    except Exception as error:
        return f"cannot be read or compared: {(str(error).splitlines() or [type(error).__name__])[0]}"


@lru_cache(maxsize=256)  # the same reference recurs for every sample
def _parse(latex: str, real: bool) -> Basic:
    from latex2sympy2_extended import NormalizationConfig, latex2sympy, normalize_latex
    from latex2sympy2_extended.latex2sympy2 import ConversionConfig

    spelling = NormalizationConfig(malformed_operators=True, boxed="none")
    named = latex if real else IMAGINARY.sub("I", latex)  # the parser takes "i" for a symbol
    return latex2sympy(
        normalize_latex(named, spelling),
        is_real=real or None,
        normalization_config=None,
        conversion_config=ConversionConfig(lowercase_symbols=False),
    )


def _same(gold: Basic, given: Basic, rules: Rules) -> bool:
    """Whether two parsed objects have the same shape and the same values."""
    from sympy import Expr, MatrixBase, Set, Tuple

    if gold.has(*_unevaluated_types()) and gold.dummy_eq(given):  # the same sum with another index
        return True
    gold, given = _evaluated(gold), _evaluated(given)
    gold, given = _without_name(gold, given), _without_name(given, gold)
    golds, givens = _relations(gold), _relations(given)
    if golds and givens:
        reversed_links = [link.reversed for link in givens[::-1]]
        return _same_chain(golds, givens, rules) or _same_chain(golds, reversed_links, rules)
    gold, given = _as_set(gold), _as_set(given)
    containers = (MatrixBase, Tuple, Set)
    if isinstance(gold, containers) or isinstance(given, containers):
        return _same_container(gold, given, rules)
    return isinstance(gold, Expr) and isinstance(given, Expr) and _same_value(gold, given, rules)


def _evaluated(tree: Basic) -> Basic:
    """The tree with its sums, products, integrals and limits in closed form, if they have one."""
    return tree.doit() if tree.has(*_unevaluated_types()) else tree


def _unevaluated_types() -> tuple[type[Basic], ...]:
    from sympy import Integral, Limit, Product, Sum

    return Integral, Limit, Product, Sum


def _without_name(tree: Basic, other: Basic) -> Basic:
    """The right side of a tree such as x = 5, f(x) = 2x or (p, q) = (3, 2) if `other` is a bare value."""
    from sympy import Eq

    named = isinstance(tree, Eq) and not _relations(other) and _is_name(tree.lhs)
    return tree.rhs if named and not (tree.rhs.has(tree.lhs) or other.has(tree.lhs)) else tree


def _is_name(tree: Basic) -> bool:
    from sympy.core.function import AppliedUndef

    if parts := _elements(tree):
        return all(map(_is_name, parts))
    return isinstance(tree, AppliedUndef) or bool(tree.is_Symbol)


def _relations(tree: Basic) -> list[Relational]:
    """The links of a < b < c, in order; empty if the tree is not a relation."""
    from sympy import And
    from sympy.core.relational import Relational

    links = list(getattr(tree, "_unsorted_args", tree.args)) if isinstance(tree, And) else [tree]
    return links if all(isinstance(link, Relational) for link in links) else []


def _is_solved(relation: Relational) -> bool:
    """Whether the relation states the value or a bound of one name, such as x = 2 or 1 < x."""
    sides = [(relation.lhs, relation.rhs), (relation.rhs, relation.lhs)]
    return any(_is_name(name) and not value.free_symbols for name, value in sides)


def _as_set(tree: Basic) -> Basic:
    """The solution set if the tree is a solved inequality in one name; else the tree."""
    from sympy import And, Eq

    links = _relations(tree)
    solved = links and all(_is_solved(link) and not isinstance(link, Eq) for link in links)
    return And(*links).as_set() if solved and len(And(*links).free_symbols) == 1 else tree


def _same_chain(golds: list[Relational], givens: list[Relational], rules: Rules) -> bool:
    return len(golds) == len(givens) and all(
        type(gold) is type(given) and _same_relation(gold, given, rules)
        for gold, given in zip(golds, givens, strict=True)
    )


def _same_relation(gold: Relational, given: Relational, rules: Rules) -> bool:
    """Whether two relations are the same.

    A solved relation needs equal sides. In all others, left minus right may differ by a constant factor, a
    positive one for inequalities.
    """
    from sympy import Expr

    expressions = all(isinstance(side, Expr) for side in (gold.lhs, gold.rhs, given.lhs, given.rhs))
    if _is_solved(gold) or not expressions:  # x = 2 is solved, while 2x = 4 leaves work to the checker
        return _same(gold.lhs, given.lhs, rules) and _same(gold.rhs, given.rhs, rules)
    if not gold.free_symbols or not given.free_symbols:
        return False
    difference, other = gold.lhs - gold.rhs, given.lhs - given.rhs
    pairs = list(values(difference, other, rules.real))
    if len(pairs) < MIN_POINTS or any(left == 0 or right == 0 for left, right in pairs):
        return False  # too few values, or an identity, which carries no information
    ratio = pairs[0][1] / pairs[0][0]
    directed = gold.rel_op not in ("==", "!=")
    return all(_close(right, ratio * left, _tolerance(gold, given)) for left, right in pairs) and bool(
        ratio > 0 or not directed
    )


def _same_container(gold: Basic, given: Basic, rules: Rules) -> bool:
    from sympy import FiniteSet, Interval, MatrixBase, Set

    if isinstance(gold, MatrixBase) and isinstance(given, MatrixBase) and gold.shape != given.shape:
        return False
    if isinstance(gold, Interval) and isinstance(given, Interval):
        ends = (gold.left_open, gold.right_open) == (given.left_open, given.right_open)
        return ends and _all_same([gold.start, gold.end], [given.start, given.end], rules)
    golds, givens = _elements(gold), _elements(given)
    if golds and givens:
        unordered = isinstance(gold, FiniteSet) and not (rules.ordered and all(map(_is_plain, golds)))
        if unordered and isinstance(given, FiniteSet):
            return _same_in_some_order(golds, givens, rules)
        # (1, 2) is a pair or an interval; neither equals an unordered list.
        list_and_pair = {FiniteSet, Interval} <= {
            kind for tree in (gold, given) for kind in type(tree).__mro__
        }
        return not unordered and not list_and_pair and _all_same(golds, givens, rules)
    if not isinstance(gold, Set) or not isinstance(given, Set):
        return False
    gold, given = gold.doit(), given.doit()
    if gold.is_Union and given.is_Union:
        golds, givens = (sorted(union.args, key=lambda part: float(part.inf)) for union in (gold, given))
        return _all_same(golds, givens, rules)
    return bool(gold == given)


def _elements(tree: Basic) -> list[Basic]:
    """The elements of a list, pair, vector or matrix, in the written order; empty for other trees."""
    from sympy import FiniteSet, Interval, MatrixBase, Tuple

    if isinstance(tree, MatrixBase):
        return list(tree.flat())
    if isinstance(tree, Interval):
        return [tree.start, tree.end] if tree.left_open and tree.right_open else []
    if isinstance(tree, FiniteSet):
        return list(getattr(tree, "_unsorted_args", tree.args))
    return list(tree.args) if isinstance(tree, Tuple) else []


def _all_same(golds: Sequence[Basic], givens: Sequence[Basic], rules: Rules) -> bool:
    return len(golds) == len(givens) and all(
        _same(gold, given, rules) for gold, given in zip(golds, givens, strict=True)
    )


def _same_in_some_order(golds: Sequence[Basic], givens: list[Basic], rules: Rules) -> bool:
    for gold in golds:
        partner = next((given for given in givens if _same(gold, given, rules)), None)
        if partner is None:
            return False
        givens.remove(partner)
    return not givens


def _same_value(gold: Expr, given: Expr, rules: Rules) -> bool:
    from sympy import nan, oo, zoo

    if gold.has(oo, -oo, zoo, nan) or given.has(oo, -oo, zoo, nan):
        return bool(gold == given) and gold in (oo, -oo)
    if _is_plain(gold) and not _is_plain(given):
        return False  # the answer contains arithmetic that the reference has carried out
    if gold.is_Rational and given.is_Rational:
        return bool(gold == given)
    pairs = list(values(gold, given, rules.real))
    enough = MIN_POINTS if gold.free_symbols | given.free_symbols else 1
    tolerance = _tolerance(gold, given)
    return len(pairs) >= enough and all(_close(left, right, tolerance) for left, right in pairs)


def _tolerance(*trees: Basic) -> float:
    from sympy import Float

    return DECIMAL_TOLERANCE if any(tree.has(Float) for tree in trees) else TOLERANCE


def _is_plain(tree: Basic) -> bool:
    """Whether the tree is a single number, such as 3, -0.5, 2/3 or 6.6*10^-34, but not 2*3."""
    from sympy import Integer, Mul

    factors = [factor for factor in Mul.make_args(tree) if factor != -1]
    powers = [
        factor for factor in factors if factor.is_Pow and factor.base == Integer(10) and factor.exp.is_Integer
    ]
    numbers = [factor for factor in factors if factor.is_Number]
    return len(numbers) <= 1 and len(powers) <= 1 and len(numbers) + len(powers) == len(factors)


def _close(left: Expr, right: Expr, tolerance: float) -> bool:
    return bool(abs(left - right) <= tolerance * max(abs(left), abs(right)))


if __name__ == "__main__":
    serve(_compare, "x+1", "1+x")
