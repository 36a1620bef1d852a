"""Compares matrices and vectors, entry by entry."""

from __future__ import annotations

import re

from gr_toolkit.verify.comparisons import Compare, all_same
from gr_toolkit.verify.reading.structure import BRACKETS, comma_split, enclosed, split

ENVIRONMENT = re.compile(
    r"^\\begin\s*\{([pbvBV]?matrix|smallmatrix|array)\}\s*(?:\{[lcr| ]*\})?"
    r"((?:(?!\\end\b).)*)\\end\s*\{\1\}$",
    re.DOTALL,
)
ROW = re.compile(r"\\\\(?:\[\w*\])?|\\cr\b")
CELL = re.compile(r"&")
VECTORS = ("(", "[", r"\langle")
DETERMINANTS = frozenset({"vmatrix", "Vmatrix"})
MAX_ENTRIES = 400


def compare_matrices(reference: str, answer: str, compare: Compare) -> bool | None:
    """Return whether two matrices or vectors are the same; None if neither is a matrix, or if undecided.

    `compare` judges the entries. A vector may be written as a column, a row, a tuple or a list. Matrices of
    different shapes are different.
    """
    gold, given = read_matrix(reference), read_matrix(answer)
    if gold is None and given is None:
        return None
    gold, given = gold or _read_vector(reference), given or _read_vector(answer)
    if gold is None or given is None:
        return None
    if _is_vector(gold) and _is_vector(given):
        gold, given = ([[entry for row in matrix for entry in row]] for matrix in (gold, given))
    if [len(row) for row in gold] != [len(row) for row in given]:
        return False
    return all_same(
        compare(first, second)
        for row, other in zip(gold, given, strict=True)
        for first, second in zip(row, other, strict=True)
    )


def read_matrix(text: str) -> list[list[str]] | None:
    """Return the rows of a LaTeX matrix or a list of lists; None if the text is neither."""
    outer = enclosed(text)
    if outer and outer.inside.startswith(r"\begin"):
        text = outer.inside  # without the parentheses around \begin{matrix} ... \end{matrix}
    environment = ENVIRONMENT.match(text)
    if environment:
        if environment[1] in DETERMINANTS:
            return None
        rows = [split(row, CELL) for row in split(environment[2], ROW) if row]
    elif outer and outer.opening == "[" and outer.inside.startswith("["):
        inner = [enclosed(row) for row in comma_split(outer.inside)]
        if any(row is None for row in inner):
            return None
        rows = [comma_split(row.inside) for row in inner if row is not None]
    else:
        return None
    if not rows or len({len(row) for row in rows}) != 1 or len(rows) * len(rows[0]) > MAX_ENTRIES:
        return None
    return rows if all(entry for row in rows for entry in row) else None


def _read_vector(text: str) -> list[list[str]] | None:
    """Read a tuple or a list as one row; None if the text is neither."""
    outer = enclosed(text)
    if outer is None or outer.opening not in VECTORS or BRACKETS[outer.opening] != outer.closing:
        return None
    entries = comma_split(outer.inside)
    return [entries] if len(entries) > 1 and all(entries) else None


def _is_vector(matrix: list[list[str]]) -> bool:
    return len(matrix) == 1 or len(matrix[0]) == 1
