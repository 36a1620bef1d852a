"""Matrices and vectors: what is read as one, and entry-by-entry comparison."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.matrices import MAX_ENTRIES, compare_matrices, read_matrix
from gr_toolkit.verify.comparisons.quantities import compare_quantities

SQUARE = r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"
ROW = r"\begin{pmatrix}1&2\end{pmatrix}"


def compare(reference: str, answer: str) -> bool | None:
    return compare_quantities(reference, answer, "")


READ = [
    (SQUARE, [["1", "2"], ["3", "4"]]),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", [["1", "2"], ["3", "4"]]),
    (r"\begin{Bmatrix}1&2\end{Bmatrix}", [["1", "2"]]),
    (r"\begin{matrix}1\\2\end{matrix}", [["1"], ["2"]]),
    (r"\begin{smallmatrix}1&2\end{smallmatrix}", [["1", "2"]]),
    (r"\begin{array}{c|c}1&2\\3&4\end{array}", [["1", "2"], ["3", "4"]]),
    (r"(\begin{matrix}1&2\end{matrix})", [["1", "2"]]),
    (r"[ \begin{array}{rl}1&2\end{array} ]", [["1", "2"]]),
    (r"\begin{pmatrix}1&2\\3&4\\\end{pmatrix}", [["1", "2"], ["3", "4"]]),  # a final \\ starts no row
    (r"\begin{pmatrix}1&2\cr 3&4\end{pmatrix}", [["1", "2"], ["3", "4"]]),
    (r"\begin{pmatrix}1&2\\[2pt]3&4\end{pmatrix}", [["1", "2"], ["3", "4"]]),
    (r"\begin{pmatrix}\frac{1}{2}&(3,4)\end{pmatrix}", [[r"\frac{1}{2}", "(3,4)"]]),
    ("[[1, 2], [3, 4]]", [["1", "2"], ["3", "4"]]),
]


@pytest.mark.parametrize(("text", "rows"), READ)
def test_rows_of_a_matrix(text, rows):
    assert read_matrix(text) == rows


NO_MATRIX = [
    r"\begin{vmatrix}1&2\\3&4\end{vmatrix}",  # a determinant is a number
    r"\begin{Vmatrix}1&2\end{Vmatrix}",
    r"\begin{cases}1&2\\3&4\end{cases}",
    f"{ROW}+{ROW}",
    f"2{ROW}",
    f"{ROW}^T",
    r"\begin{pmatrix}1&2\end{bmatrix}",
    r"\begin{pmatrix}1&2\\3\end{pmatrix}",  # rows of different lengths
    r"\begin{pmatrix}1&2\\3&\end{pmatrix}",  # an empty entry
    r"\begin{pmatrix}\end{pmatrix}",
    "[[1, 2], [3]]",
    "[[1, 2], 3]",
    "[[1, ], [3, 4]]",
    "[1, [2, 3]]",
    "((1, 2), (3, 4))",
    "([1, 2], [3, 4])",
    "[1, 2]",
    "(1, 2)",
    "1",
    "",
]


@pytest.mark.parametrize("text", NO_MATRIX)
def test_text_that_is_not_a_matrix(text):
    assert read_matrix(text) is None


@pytest.mark.parametrize(("entries", "is_read"), [(MAX_ENTRIES, True), (MAX_ENTRIES + 1, False)])
def test_size_of_a_matrix_is_limited(entries, is_read):
    text = r"\begin{pmatrix}" + "&".join(["1"] * entries) + r"\end{pmatrix}"
    assert (read_matrix(text) is not None) is is_read
    assert (read_matrix("[" + ", ".join(["[1]"] * entries) + "]") is not None) is is_read


COMPARED = [
    (r"\begin{pmatrix}7&8\end{pmatrix}", "[7,8]", True),
    (r"\begin{pmatrix}7&8\end{pmatrix}", "[7,8)", None),  # a half-open interval
    (r"\begin{pmatrix}7\\8\end{pmatrix}", "(7,8]", None),
    (SQUARE, "[[1, 2], [3, 4.0]]", True),
    (SQUARE, "[[1, 2], [4, 3]]", False),
    (SQUARE, r"\begin{pmatrix}1&3\\2&4\end{pmatrix}", False),  # the transpose
    (SQUARE, "(1, 2, 3, 4)", False),
    (SQUARE, r"\begin{pmatrix}1&2&3&4\end{pmatrix}", False),
    (SQUARE, r"\begin{pmatrix}1&2\\3&x\end{pmatrix}", None),
    (SQUARE, r"\begin{pmatrix}1&9\\3&x\end{pmatrix}", False),  # one wrong entry is enough
    (SQUARE, r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", None),
    (ROW, r"\begin{pmatrix}1\\2\end{pmatrix}", True),  # a row and a column are one vector
    (ROW, "(1, 2)", True),
    (ROW, "[1, 2]", True),
    (ROW, r"\langle 1, 2 \rangle", True),
    (ROW, "(2, 1)", False),
    (ROW, "(1, 2, 3)", False),
    (ROW, r"\{1, 2\}", None),  # a set has no order
    (ROW, "1, 2", None),
    (ROW, "(9, )", None),
    (ROW, "(3)", None),
    (ROW, "5", None),
    ("(1, 2)", "(1, 2)", None),  # tuples are left to the collections
    ("5", "5", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison(reference, answer, expected):
    assert compare_matrices(reference, answer, compare) is expected


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison_is_symmetric(reference, answer, expected):
    assert compare_matrices(answer, reference, compare) is expected
