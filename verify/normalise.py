"""Brings two spellings of one answer to one form, without ever changing its meaning."""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]")
# NFKC would turn these into plain digits ("10²" into "102", "2½" into "21/2"), so they are spelt out first.
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
VULGAR_FRACTION = re.compile("[¼-¾⅐-⅞]")
SYMBOLS = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "’": "'", "∞": "\\infty"}
)
WRAPPER = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mathsf|operatorname|mbox)\s*\{([^{}]*)\}")
LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
SPACING = re.compile(r"\\[,;:! ]|(?<=\S)~(?=\S)|\\q?quad\b")
SIZING = re.compile(r"\\(?:left|right)\b")
DELIMITED = re.compile(r"\$\$?([^$]*)\$\$?|\\\((.*)\\\)|\\\[(.*)\\\]", re.DOTALL)
TIMES = re.compile(r"\\times\b|\\cdot\b")
# Beside these a/b would no longer be one value: 2\frac{1}{2} is not 21/2.
BINDS_BEFORE, BINDS_AFTER = re.compile(r"[\w^/.)}\]]"), re.compile(r"[\w^!({\\]")
WORD = re.compile(r"(?<![\\\w])[^\W\d_]{3,}")
LONG_WORD = re.compile(r"(?<![\\\w])[^\W\d_]{5,}")


def normalise(answer: str) -> str:
    """A comparable form: Unicode and LaTeX variants, case of words, spacing and a final full stop removed."""
    text = INVISIBLE.sub("", answer)
    text = SUPERSCRIPT_RUN.sub(lambda run: "^{" + run.group().translate(SUPERSCRIPTS) + "}", text)
    text = VULGAR_FRACTION.sub(_latex_fraction, text)
    text = unicodedata.normalize("NFKC", text).translate(SYMBOLS).strip()
    if delimited := DELIMITED.fullmatch(text):
        text = next(group for group in delimited.groups() if group is not None).strip()
    text = SIZING.sub("", SPACING.sub(" ", text))
    text = WRAPPER.sub(r"\1", text)
    text = LATEX_FRACTION.sub(_plain_fraction, text)
    text = TIMES.sub("*", text).replace("\\%", "%").replace("^{\\circ}", "°").replace("^\\circ", "°")
    text = re.sub(r"\^\{(\w)\}", r"^\1", text)
    text = re.sub(r"\s+", " ", text).strip().rstrip(".")
    return _fold_case(text) or answer.strip()


def _latex_fraction(vulgar: re.Match[str]) -> str:
    over, _, under = unicodedata.normalize("NFKC", vulgar.group()).partition("⁄")
    return f"\\frac{{{over}}}{{{under}}}"


def _plain_fraction(fraction: re.Match[str]) -> str:
    over, under = fraction.group(1).strip(), fraction.group(2).strip()
    simple = re.fullmatch(r"-?(?:\d+|\w)", over) and re.fullmatch(r"\d+|\w", under)
    text, start, end = fraction.string, fraction.start(), fraction.end()
    binds = BINDS_BEFORE.match(text[start - 1 : start]) or BINDS_AFTER.match(text[end : end + 1])
    return f"{over}/{under}" if simple and not binds else f"({over})/({under})"


def _fold_case(text: str) -> str:
    """Lower case in words alone: MJ is not mJ, X is not x, and Co is not CO."""
    words = LONG_WORD if re.search(r"\d", text) else WORD
    return words.sub(lambda word: word.group().casefold() if _is_word(word.group()) else word.group(), text)


def _is_word(letters: str) -> bool:
    return letters.islower() or letters.istitle() or letters.isupper()
