"""Texts that math-verify's parser would misread: each is refused with its reason, or rewritten."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.symbolic.latex import MAX_CHARS, MAX_DEPTH, Unreadable, as_latex, refuse_unevaluated

REFUSED = [
    ("", "empty"),
    ("$ $", "empty"),
    ("x" + "+1" * (MAX_CHARS // 2), "longer than"),
    ("x > 50%", "character"),
    ("x'", "character"),
    ("2:5", "character"),
    ("x; y", "character"),
    ("ж + 1", "character"),
    (r"\begin{vmatrix}1\end{vmatrix}", "environment"),
    (r"\begin{cases}1\end{cases}", "environment"),
    ("1e3", "computer notation"),
    ("1E-3x", "computer notation"),
    ("101_2", "index"),
    ("(a+b)_2", "index"),
    ("x^T", "transpose"),
    ("x^{T}", "transpose"),
    ("2 3", "side by side"),
    ("(2)3", "side by side"),
    ("2{x}", "side by side"),
    ("1.2.5", "side by side"),
    ("1" * 20, "more digits"),
    ("12345678901.5", "more digits"),
    ("1,234", "comma"),
    ("1/2x", "two readings"),
    (r"1/x\pi", "two readings"),
    ("1/x(y)", "two readings"),
    (r"\sin x \cdot y", "argument with two readings"),
    (r"\ln x * y", "argument with two readings"),
    ("2^3^x", "power of a power"),
    ("2^{3}^x", "power of a power"),
    ("|a|b|c|", "two readings"),
    (r"(\pm 1, 2)", "two readings"),
    (r"(1, \pm 2)", "two readings"),
    ("{x}", "group"),
    ("x + {y}", "group"),
    (r"\nabla x", "not understood"),
    (r"x \otimes y", "not understood"),
    ("I", "symbols: I"),
    ("cab + 1", "symbols: cab"),
    ("aab + 1", "symbols: aab"),
    ("word", "symbols: word"),
    ("5 km", "unit"),
    ("3.2 kg/m", "unit"),
    ("(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1), "nested too deep"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_refused_text(text, reason):
    with pytest.raises(Unreadable, match=reason):
        as_latex(text)


READ = [
    ("x + 1", "x + 1"),
    ("$x$", "x"),
    ("x**2", "x^2"),
    ("1 and 2", "1, 2"),
    ("1, or 2", "1, 2"),
    ("sin x", r"\sin  x"),
    ("arcsec(x)", r"\arcsec (x)"),
    ("2 sqrt(x)", r"2 \sqrt(x)"),
    ("pi/2", r"\pi /2"),
    (r"\frac12", r"\frac{1}{2}"),
    (r"\frac {1}{2}", r"\frac{1}{2}"),
    ("2(3)", r"2\cdot (3)"),
    ("2.5 (x)", r"2.5\cdot (x)"),
    (r"2\binom{5}{2}", r"2\cdot \binom{5}{2}"),
    ("x_2(3)", "x_2(3)"),
    ("(x)(y)", r"(x)\cdot (y)"),
    (r"(x)\frac{1}{2}", r"(x)\cdot \frac{1}{2}"),
    ("abc", "abc"),
    ("5 abc + x", "5 abc + x"),
    (r"1/2 \le x", r"1/2 \le x"),
    (r"1/x \cup y", r"1/x \cup y"),
    ("(1,234)", "(1,234)"),
    ("123456789.12", "123456789.12"),
    ("1" * 19, "1" * 19),
    (r"\begin{bmatrix}1\\2\end{bmatrix}", r"\begin{bmatrix}1\\2\end{bmatrix}"),
    (r"\sin(x) * y", r"\sin(x) * y"),
    ("(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH, "(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH),
]


@pytest.mark.parametrize(("text", "latex"), READ)
def test_text_that_the_parser_reads(text, latex):
    assert as_latex(text) == latex


COMMANDS = """
arcsin arccos arctan arccot arcsec arccsc arsinh arcosh artanh sinh cosh tanh sin cos tan cot sec csc ln
log exp alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho
sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega pi
infty
"""


@pytest.mark.parametrize("command", COMMANDS.split())
def test_known_command(command):
    assert as_latex(f"1 + \\{command} x") == f"1 + \\{command} x"
    with pytest.raises(Unreadable, match="not understood"):
        as_latex(f"1 + \\{command}q x")


LEFT_TO_THE_CHECKER = [
    ("120", "5!"),
    ("10", r"\binom{5}{2}"),
    ("512", "2^{3^2}"),
    ("x", r"\sum_{k=1}^{1} x"),
    ("x", r"\prod_{k=1}^{1} x"),
    ("x", r"\int_0^x 1 dt"),
    ("x", r"\lim_{t \to 0} x"),
    (r"\frac{1}{2}", r"\frac{2}{4}"),
    ("1/2", "2/4"),
    ("5/2", r"1\frac{3}{2}"),
]


@pytest.mark.parametrize(("reference", "answer"), LEFT_TO_THE_CHECKER)
def test_answer_may_leave_only_what_the_reference_leaves(reference, answer):
    with pytest.raises(Unreadable):
        refuse_unevaluated(reference, answer)
    refuse_unevaluated(answer, answer)
    refuse_unevaluated(answer, reference)


@pytest.mark.parametrize("answer", [r"\frac{3}{2}", r"1\frac{1}{2}", "3/2", "2^3", "0.2/4", "x/2"])
def test_reduced_fractions_and_powers_are_accepted(answer):
    refuse_unevaluated("x", answer)
