r"""Prepare mathematical texts for math-verify's LaTeX parser, and refuse texts that the parser misreads.

The parser misreads some texts: 2(3) as 5, 1e3 as 3e, \sin x \cdot y as sin(xy), x^T as x, I as the imaginary
unit, 101_2 without its base, and y' without its prime (seen in latex2sympy2_extended 1.11). This module
refuses such texts or rewrites them so that the parser reads them correctly. It also refuses everything that
is not mathematics, especially words and units.
"""

from __future__ import annotations

import re
from math import gcd

from gr_toolkit.verify.reading.normalise import normalise

MAX_CHARS = 1_000  # per text
MAX_DEPTH = 12  # levels of nested brackets; each one doubles the parser's time
FUNCTIONS = (
    "arcsin|arccos|arctan|arccot|arcsec|arccsc|arsinh|arcosh|artanh|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc"
    "|ln|log|exp"
)
KNOWN = re.compile(
    rf"\\|{FUNCTIONS}|frac|sqrt|binom|pi|infty|le|ge|ne|in|cup|cap|setminus|pm|mathbb|emptyset|vec|overline|bar|hat"
    "|alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|vartheta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau"
    "|upsilon|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega|cdot"
    "|sum|prod|int|lim|to"
)
COMMAND = re.compile(r"\\(\\|[A-Za-z]+)")
LETTERS = re.compile(r"(?<![A-Za-z\\])[A-Za-z]+")
MATRIX = re.compile(r"\\(?:begin|end)\{[pb]?matrix\}")
REWRITTEN = [
    (re.compile(r",?\s*\b(?:and|or)\b"), ","),
    (re.compile(r"\*\*"), "^"),
    (re.compile(rf"(?<![A-Za-z\\])(?:{FUNCTIONS}|sqrt|pi)(?![A-Za-z])"), r"\\\g<0> "),
    (re.compile(r"(\\frac|\\sqrt|\\binom)\s+"), r"\1"),
    (re.compile(r"\\frac(\d)(\d)"), r"\\frac{\1}{\2}"),
    # The parser takes a whole number before a bracket for the whole part of a mixed number.
    (re.compile(r"(?<![\d._^])(\d+(?:\.\d+)?)\s*(?=\(|\\binom)"), r"\1\\cdot "),
    (re.compile(r"\)\s*(?=\(|\\frac|\\binom)"), r")\\cdot "),
]
CALL = rf"\\(?:{FUNCTIONS})(?![A-Za-z])(?:[_^](?:\w|\{{[^{{}}]*\}}))*"
AFTER_FRACTION = r"[A-Za-z(]|\\(?!(?:le|ge|ne|in|cup|cap|pm|cdot)\b)[A-Za-z]"
REFUSED = {
    why: re.compile(pattern)
    for why, pattern in {
        "a character that is not mathematics": r"[^ -~]|[\"'`#$%?@~:;]",
        "an environment that is not a matrix": r"\\(?:begin|end)\b",
        "a number in computer notation": r"\d[eE][-+]?\d",
        "a number with an index": r"[\d)]\s*_",
        "a transpose": r"\^\s*\{?\s*T(?![A-Za-z])",
        "two numbers side by side": r"(?<![_^\d])\d[\d.]*\s+[\d.]|[})\]]\s*\d|\d\s*\{|\.\d*\.",
        "a number with more digits than are compared": r"\d{20}|(?<![\d.])(?=\d*\.\d)[\d.]{13}",
        "a number with a comma": r"^[^(\[{]*\d,\d{3}(?!\d)",
        "a fraction with two readings": rf"/\s*(?:\d+(?:\.\d+)?|[A-Za-z])\s*(?:{AFTER_FRACTION})",
        "an argument with two readings": rf"{CALL}(?!\s*\()(?![_^])[^()+=,<>-]*(?:[*/]|\\cdot)",
        "a power of a power without brackets": r"\^\s*(?:\w+|\{[^{}]*\})\s*\^",
        "a value with two readings": r"\|.*\|.*\||\([^()]*,[^()]*\\pm|\([^()]*\\pm[^()]*,",
        "a group without a command": r"(?:^|[^\w\]}_^\\])\{",
    }.items()
}
# Possessive quantifiers: backtracking into words would take exponential time.
QUANTITY = re.compile(r"[-+\d.,\s*^{}()]*\d[\d.,\s*^{}()-]*+(?:[A-Za-z]++[\s*/^\d{}-]*+)++")
UNEVALUATED = [
    re.compile(pattern)
    for pattern in (r"!", r"\\binom", r"\d\s*\^\s*\{[^{}]*\d\s*\^", r"\\sum", r"\\prod", r"\\int", r"\\lim")
]
FRACTION = re.compile(r"(\d*)\s*\\frac\{(\d+)\}\{(\d+)\}|(?<![\d.])()(\d+)\s*/\s*(\d+)(?![\d.])")


class Unreadable(ValueError):
    """A text that is not mathematics, or that the parser would misread."""


def as_latex(text: str) -> str:
    """Return the parser's input for an answer, which may be normalised already. Raises Unreadable."""
    if len(text) > MAX_CHARS:
        raise Unreadable(f"longer than {MAX_CHARS} characters")
    latex = normalise(text).strip("$ ")
    if not latex:
        raise Unreadable("empty")
    for pattern, replacement in REWRITTEN:
        latex = pattern.sub(replacement, latex)
    bare = MATRIX.sub("", latex)
    for why, pattern in REFUSED.items():
        if pattern.search(bare):
            raise Unreadable(why)
    for command in COMMAND.findall(bare):
        if not KNOWN.fullmatch(command):
            raise Unreadable(f"a command that is not understood here: {command}")
    _refuse_words(bare)
    _refuse_depth(latex)
    return latex


def refuse_unevaluated(gold: str, given: str) -> None:
    """Raise Unreadable if `given` contains a calculation that `gold` has carried out.

    Both are LaTeX: `given` is the answer, and `gold` the reference.
    """
    if any(pattern.search(given) and not pattern.search(gold) for pattern in UNEVALUATED):
        raise Unreadable("an operation that the reference has carried out")
    if _unreduced(given) - _unreduced(gold):
        raise Unreadable("a fraction that is not reduced")


def _refuse_words(latex: str) -> None:
    runs = LETTERS.findall(latex)
    for run in runs:
        if "I" in run or (len(run) > 2 and list(run) != sorted(set(run))):  # abc is a product, cab is a word
            raise Unreadable(f"not a product of symbols: {run}")
    if QUANTITY.fullmatch(latex) and any(len(run) > 1 for run in runs):
        raise Unreadable("a number with a unit")


def _refuse_depth(latex: str) -> None:
    depth = 0
    for character in latex:
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            raise Unreadable("brackets nested too deep")


def _unreduced(latex: str) -> set[tuple[int, int]]:
    """The reducible fractions of integers, and the improper fractions in mixed numbers."""
    found = set()
    for groups in FRACTION.findall(latex):
        whole, over, under = groups[:3] if groups[1] else groups[3:]
        if gcd(int(over), int(under)) != 1 or (whole and int(over) >= int(under)):
            found.add((int(over), int(under)))
    return found
