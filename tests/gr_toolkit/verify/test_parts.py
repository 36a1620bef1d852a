"""Answers of several parts: lists, sets, tuples, intervals, matrices, equations; and expressions."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import first_decision

LISTS = [
    ("1, -2", "-2, 1", None),
    (r"\{1, -2\}", "-2, 1", True),
    ("1, -2", "-2, 2", False),
    ("1, 2", "1", False),
    ("1,2", "1", None),  # perhaps 1.2
    ("42", "41, 42", False),
    ("42", "41 or 42", False),
    (r"1 \pm \sqrt{19}", r"1 + \sqrt{19}, 1 - \sqrt{19}", True),
    (r"3 \pm 2 \sqrt{2}", r"3 + 2\sqrt{2}, 3 + 4\sqrt{3}", False),
    ("(1, 2)", "(2, 1)", False),
    ("(6,3),(9,3)", "(9, 3), (6, 3)", True),
    ("(6,3),(9,3)", "(9, 3), (3, 6)", False),
    (r"(\pm 1, 0)", "(1, 0), (-1, 0)", True),
    ("7, 4", r"7 \text{ goats and } 4 \text{ toys}", None),
    ("7, 4", "7, 3", False),
    ("x = 1, y = 2", "y = 2, x = 1", True),
    ("a=2, b=3", "a=3, b=2", False),
    ("x = 4 + 8t, y = 1 + 2t, z = 17 - t", "4 + 8t, 1 + 2t, 17 - t", True),
    ("x = 4 + 8t, y = 1 + 2t, z = 17 - t", "4 + 8t, 17 - t, 1 + 2t", None),
    ("1, 2, 3", "(x, y, z) = (1, 2, 3)", True),
    (
        "30.0 torr, 26.3 torr",
        "The partial pressure of ethanol is 30.0 torr and the partial pressure of 1-propanol is 26.32 torr.",
        True,
    ),
    ("(a) 0.15, (b) 0.148", "(a) .15 (b) .148", True),
    ("1234.5", "1.234,5", True),
    ("1234", "12,34", None),
    ("(312,123,231)", "(312, 123, 231)", True),
    ("(312,123,231)", "(312, 123, 213)", False),
    ("Matthew, Mark, Luke", "Matthew, Mark, and Luke", True),
    (r"\{1,2\}", r"\{1,2,3\}", False),
    (r"\pm 2021", "{-2021, 2021}", True),
    ("x = 2, y = 3", "x = 2, z = 3", None),
    ("AB=4,CD=5", "4, 5", True),
]

INTERVALS = [
    (r"(-\infty,-5)", "k < -5", True),
    ("(3,4]", r"3 < \lambda \leq 4", True),
    (r"\{x | -1 < x < 1\}", "(-1, 2)", False),
    (r"\{x|-2<x<3\}", "(-2, 3)", True),
    (r"x \in [-2,7]", "[-2, 7]", True),
    (r"x \in [-2,7]", "[-2, 6]", False),
    ("[0, 5]", "(0, 5)", None),  # often a mistake in the reference
    ("(-∞, -3) ∪ (3, +∞)", r"(-\infty, -3) \cup (3, \infty)", True),
    ("(0,1) ∪ (2,3)", "(2,3) ∪ (0,1)", True),
    ("(0,1) ∪ (2,3)", "(0,1)", False),
    (r"\{x | x < \frac{3}{2}\} - \{-6\}", r"(-\infty, -6) \cup (-6, \dfrac{3}{2})", True),
    ("x ≠ 2", r"(-\infty, 2) \cup (2, \infty)", True),
    (r"4 < m \le 8 \text{ or } 10 \le m < 12", r"(4, 8] \cup [10, 12)", True),
    ("x > 2", "x > x", None),
    ("x > 2", "x < 2", False),
    ("3 > x", "x < 3", True),
    ("42", "41 < x < 43", False),
    ("(0, 1)", "0 < f(x) < 1", True),
    (r"\{-1\} \cup [0,7)", r"[0,7) \cup \{-1\}", True),
]

MATRICES = [
    (r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}", r"\begin{bmatrix} 0.2 \\ -3.6 \end{bmatrix}", True),
    (r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}", r"\begin{pmatrix} 0.2 \\ 3.6 \end{pmatrix}", False),
    (r"\begin{pmatrix} -7 \\ 16 \\ 5 \end{pmatrix}", "(-7,16,7)", False),
    ("[-2, 3, 1, 0]", r"\begin{bmatrix} -2 \\ 3 \\ 1 \\ 0 \end{bmatrix}", True),
    ("[[1, 2], [3, 4]]", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", True),
    ("[[1, 2], [3, 4]]", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}", False),
    (r"\begin{pmatrix}1&2&3\\4&5&6\end{pmatrix}", r"\begin{pmatrix}1&2\\3&4\\5&6\end{pmatrix}", False),
    ("-2", r"\det\begin{pmatrix}1&2\\3&4\end{pmatrix}", None),
]

EQUATIONS = [
    ("f(x)=2x", "f(x) = 2 x", True),
    ("f(x)=2x", "f(x) = x", False),
    ("f(z)=z", "f(x)=x", True),
    ("f(z)=z", "f(x)=x+1", False),
    ("N=n", "n", True),
    ("k=3", "3", True),
    ("k=3", "4", False),
    ("42", "x=42", True),
    ("3.42", r"x \approx 3.42", True),
    ("42", r"x \approx 42", None),
    (r"V_1:V_2 = 11:21", "11:21", True),
    ("42", "41=42", False),
    ("42", "42=41", False),
    ("x=2", "y=2", None),
    ("x=2", r"x\neq 2", False),
    ("x=1", "1=1", None),
    ("y=2x+1", "y=y", None),
    (r"m_{\max}=n^{2}-n-1", "n^2 - n - 1", True),
    ("xy = 6", r"\frac{6}{x}", True),
    ("xy = 6", r"\frac{6}{x+1}", False),
    ("y + 1 = -(2x - 1)^2.", "-4x^2 + 4x - 2", True),
    (r"\rho\sin\theta = \sqrt{3}", r"\sqrt{3} \csc \theta", True),
    (r"\rho\sin\theta = \sqrt{3}", r"\sqrt{3} \sin \theta", False),
    (r"x = k\pi", r"n\pi", True),
    (r"x = k\pi", r"2n\pi", False),
    ("x + y = 3", "2x + 2y = 6", True),
    ("x + y - z + 2 = 0", "5x - 7y + 11z + 4 = 0", False),
    ("x+y=3", "x+y=z", None),
    ("f(-3/4) ≥ f(a^2)", r"f\left(-\frac{3}{4}\right) \geq f(a^2)", True),
    ("f(-3/4) ≥ f(a^2)", r"f\left(-\frac{3}{4}\right) \leq f(a^2)", None),
]

EXPRESSIONS = [
    ("2x+1+x^2", "y = x^2+2x+1", True),
    ("x^2+2x+1", "x^3+2x+1", False),
    ("y^2+2y+1", "x^2+2x+1", None),
    ("(r+5)(r+5)", "(r+5)^2", True),
    (r"-x + \arctan(x) + C", r"\arctan(x) - x + C", True),
    (r"x^2 + C", "x^2 + 1 + C", None),  # an integral may be asked for
    (r"x^2 + C", "2x^2 + C", False),
    (r"\sqrt{a^2 b^2+b^2 c^2+c^2 a^2}", r"\sqrt{a^2b^2 + 2a^2c^2 + 2b^2c^2}", False),
    (r"\frac{\log 2}{\log 2-\log 3}", r"-\frac{\ln 2}{\ln 3-\ln 2}", True),
    (r"\log 5", r"\ln 5", None),
    ("1.5 + 5.5(-1)^n", r"\dfrac{3 + 11(-1)^n}{2}", True),
    (r"42.4 \sin 157t", r"42.426 \sin 157t", None),
    ("5", "x", False),
    ("5", "2x+1", False),
    ("5", "2.5x", None),  # perhaps two and a half times
    (r"\frac{\pi}{6} + \pi k", r"\frac{\pi}{6}", False),
    ("19", "The maximum number of points in the domain is 19.", True),
    ("11.25", "The mean velocity is $(2, 11)$.", False),
    ("1-\\frac{1}{\\mathrm{e}}", "1+\\frac{1}{e}", False),
]


@pytest.mark.parametrize(
    ("reference", "answer", "expected"), LISTS + INTERVALS + MATRICES + EQUATIONS + EXPRESSIONS
)
def test_parts(reference, answer, expected):
    assert first_decision(normalise(reference), normalise(answer), "")[1] is expected


def test_order_of_a_list_matters_if_the_question_names_it():
    question = "Find the numbers of goats and toys, respectively."
    assert first_decision("7, 4", "7, 4", question)[1] is True
    assert first_decision("7, 4", "4, 7", question)[1] is False
    assert first_decision("7, 4", "4, 7", "What are the roots?")[1] is True
