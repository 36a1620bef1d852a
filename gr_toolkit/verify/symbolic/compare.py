r"""What a worker does: compares two LaTeX texts by sympy.

math-verify's reader turns each whole text into one sympy object, and the two are the same if they have the
same shape and their values agree wherever both are real.

The reader is called without math-verify's search for expressions in prose, because that search takes the
last of several, drops units, falls back on equal strings, and hands plain arithmetic to sympy's parse_expr,
which is eval. The LaTeX reader hands text to sympy only as digits and as the names of symbols (so read in
math-verify 0.9 and latex2sympy2_extended 1.11).
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

EQUAL = "equal"  # the reply for two that are the same
IMAGINARY = re.compile(r"(?<![A-Za-z\\])i(?![A-Za-z])")
MIN_POINTS = 3  # points at which both have a value
TOLERANCE = 1e-20  # relative, as is
DECIMAL_TOLERANCE = 1e-12  # where there is a decimal fraction, which is read with 15 digits


class Rules(NamedTuple):
    """Whether a value that is not real counts, and whether the order of a bare list does."""

    real: bool
    ordered: bool


def _compare(gold: str, given: str) -> str:
    real = not (IMAGINARY.search(gold) or IMAGINARY.search(given))
    rules = Rules(real, ordered=not re.search(r"\\\{|\\pm", gold))
    try:
        return EQUAL if _same(_read(gold, real), _read(given, real), rules) else "not shown to be equal"
    except MemoryError:
        raise  # the worker is thrown away
    except Exception as error:
        return f"cannot be read or compared: {(str(error).splitlines() or [type(error).__name__])[0]}"


@lru_cache(maxsize=256)  # a reference comes once for every sample
def _read(latex: str, real: bool) -> Basic:
    from latex2sympy2_extended import NormalizationConfig, latex2sympy, normalize_latex
    from latex2sympy2_extended.latex2sympy2 import ConversionConfig

    spelling = NormalizationConfig(malformed_operators=True, boxed="none")
    named = latex if real else IMAGINARY.sub("I", latex)  # "i" is a name to the reader
    return latex2sympy(
        normalize_latex(named, spelling),
        is_real=real or None,
        normalization_config=None,
        conversion_config=ConversionConfig(lowercase_symbols=False),
    )


def _same(gold: Basic, given: Basic, rules: Rules) -> bool:
    """Whether two objects that the reader made have the same shape and the same values."""
    from sympy import Expr, MatrixBase, Set, Tuple

    if gold.has(*_unfinished()) and gold.dummy_eq(given):  # the same sum over another letter
        return True
    gold, given = _worked_out(gold), _worked_out(given)
    gold, given = _without_name(gold, given), _without_name(given, gold)
    golds, givens = _relations(gold), _relations(given)
    if golds and givens:
        turned = [link.reversed for link in givens[::-1]]
        return _same_chain(golds, givens, rules) or _same_chain(golds, turned, rules)
    gold, given = _as_set(gold), _as_set(given)
    containers = (MatrixBase, Tuple, Set)
    if isinstance(gold, containers) or isinstance(given, containers):
        return _same_container(gold, given, rules)
    return isinstance(gold, Expr) and isinstance(given, Expr) and _same_value(gold, given, rules)


def _worked_out(tree: Basic) -> Basic:
    """With its sums, products, integrals and limits in closed form, where they have one."""
    return tree.doit() if tree.has(*_unfinished()) else tree


def _unfinished() -> tuple[type[Basic], ...]:
    from sympy import Integral, Limit, Product, Sum

    return Integral, Limit, Product, Sum


def _without_name(tree: Basic, other: Basic) -> Basic:
    """The right side of x = 5, f(x) = 2x or (p, q) = (3, 2) where the other text is a value alone."""
    from sympy import Eq

    named = isinstance(tree, Eq) and not _relations(other) and _is_name(tree.lhs)
    return tree.rhs if named and not (tree.rhs.has(tree.lhs) or other.has(tree.lhs)) else tree


def _is_name(tree: Basic) -> bool:
    from sympy.core.function import AppliedUndef

    if parts := _elements(tree):
        return all(map(_is_name, parts))
    return isinstance(tree, AppliedUndef) or bool(tree.is_Symbol)


def _relations(tree: Basic) -> list[Relational]:
    """The links of a < b < c, in order; none if it is no relation."""
    from sympy import And
    from sympy.core.relational import Relational

    links = list(getattr(tree, "_unsorted_args", tree.args)) if isinstance(tree, And) else [tree]
    return links if all(isinstance(link, Relational) for link in links) else []


def _is_solved(relation: Relational) -> bool:
    """Whether it says what one name is, or between which numbers: x = 2, 1 < x."""
    sides = [(relation.lhs, relation.rhs), (relation.rhs, relation.lhs)]
    return any(_is_name(name) and not value.free_symbols for name, value in sides)


def _as_set(tree: Basic) -> Basic:
    """The numbers that a solved inequality leaves."""
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
    """Whether the two sides differ by the same in both, but for a factor; an inequality's is positive."""
    from sympy import Expr

    expressions = all(isinstance(side, Expr) for side in (gold.lhs, gold.rhs, given.lhs, given.rhs))
    if _is_solved(gold) or not expressions:  # 2x = 4 leaves to the checker what x = 2 has worked out
        return _same(gold.lhs, given.lhs, rules) and _same(gold.rhs, given.rhs, rules)
    if not gold.free_symbols or not given.free_symbols:
        return False
    difference, other = gold.lhs - gold.rhs, given.lhs - given.rhs
    pairs = list(values(difference, other, rules.real))
    if len(pairs) < MIN_POINTS or any(left == 0 or right == 0 for left, right in pairs):
        return False  # what always holds says nothing
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
        # (1, 2) is a pair or an interval, and neither is a list that may be in another order.
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
    """What a list, a pair or a vector holds, in the order it is written."""
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
        return False  # the reference has carried the arithmetic out
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
    """Whether it is a number as one writes it: 3, -0.5, 2/3, 6.6*10^-34; but not 2*3."""
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
