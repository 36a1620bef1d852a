"""Splits a normalised expression into numbers, names, commands and symbols."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise


class Unreadable(ValueError):
    """The text is not an expression that the parser understands."""


FUNCTION_NAMES = "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp sqrt abs min max"
FUNCTIONS = frozenset(FUNCTION_NAMES.split())
ALIASES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "Sin": "sin",
    "Cos": "cos",
    "Ln": "ln",
    "Log": "log",
}
GREEK_LETTERS = "αβγδεζηθικλμνξρστφχψωΓΔΘΛΞΣΦΨΩ"
GREEK_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega
Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega
"""
GREEK = dict(zip(GREEK_LETTERS, GREEK_NAMES.split(), strict=True))
SPELT = frozenset(GREEK.values()) | {"varepsilon", "vartheta", "varphi", "hbar", "ell", "varrho"}
CONSTANTS = {"pi": "pi", "infty": "infinity", "infinity": "infinity", "inf": "infinity", "e": "e", "i": "i"}
# Two-letter words, which are not products of two variables.
TWO_LETTER_WORDS = "is of to or in if at no as an by it on do so up we he us be am pm go my me ok Co Mr Dr"
WORDS = frozenset(TWO_LETTER_WORDS.split())
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?|\.\d+"
TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<number>{NUMBER})|\\(?P<command>[A-Za-z]+)|(?P<word>[A-Za-zα-ωΑ-Ω]+)'*"
    r"|(?P<symbol>\*\*|\\[{}]|[-+*/^!()\[\]{}|_:°%,&])"
)


def tokens(text: str) -> Iterator[str]:
    """Yield the tokens of a text: numbers, commands with their backslash, known words, letters and symbols.

    Raises Unreadable if the text has a character or a word that does not belong in an expression.
    """
    position = 0
    mathematics = bool(re.search(r"[\d+*/^=\\()-]", text)) or len(text.strip()) == 1
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise Unreadable(text[position])
        if match["word"]:
            if not mathematics:
                raise Unreadable(match["word"])
            after_letter = text[match.end() : match.end() + 1]
            if after_letter.isdigit() and match["word"] not in FUNCTIONS:
                raise Unreadable(f"{match.group()}{after_letter}")
            yield from _letters(match["word"], match.group()[len(match["word"]) :])
        elif match["command"]:
            yield "\\" + match["command"]
        elif match["number"]:
            yield match["number"].replace(",", "")
        elif match["symbol"]:
            yield "^" if match["symbol"] == "**" else match["symbol"]
        elif position and text[position - 1].isdigit() and text[match.end() : match.end() + 1].isdigit():
            yield " "  # "2 1/2" is a mixed number, "1 2" is unreadable
        position = match.end()


def _letters(word: str, primes: str) -> Iterator[str]:
    """Yield a known name in its usual spelling, or the letters of a short word: x and y for "xy"."""
    if word in FUNCTIONS or word in ALIASES or word in SPELT or word in CONSTANTS:
        yield ALIASES.get(word, word) + primes
        return
    ascending = all(0 < ord(after) - ord(letter) <= 2 for letter, after in pairwise(word))
    if word in WORDS or len(word) > 4 or (len(word) > 2 and not ascending):
        known = next(
            (name for name in ("sqrt", "sin", "cos", "tan", "ln", "log", "pi") if word.endswith(name)), ""
        )
        if not known or len(word) - len(known) > 2:
            raise Unreadable(word)
        word = word.removesuffix(known)
        yield from word
        yield known
        return
    yield from (GREEK.get(letter, letter) for letter in word[:-1])
    yield GREEK.get(word[-1], word[-1]) + primes
