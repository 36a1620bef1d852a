"""Splits a normalised expression into numbers, names, commands and symbols."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise


class Unreadable(ValueError):
    """The text is not an expression that the parser understands."""


FUNCTION_NAMES = "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth sech csch"
FUNCTION_NAMES += " arcsinh arccosh arctanh ln log exp sqrt abs min max"
FUNCTIONS = frozenset(FUNCTION_NAMES.split())
ALIASES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
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
VOWEL = re.compile("[aeiouy]", re.IGNORECASE)
NUMBER = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?|\.\d+"
WORD_INDEX = r"_\s*(?:\{\s*[A-Za-z0-9, ]{1,20}\}|[A-Za-z]{2,10}(?![A-Za-z]))"
TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<index>{WORD_INDEX})|(?P<number>{NUMBER})|\\(?P<command>[A-Za-z]+)"
    r"|(?P<word>[A-Za-zα-ωΑ-Ω]+)'*"
    r"|(?P<symbol>\*\*|\\[{}]|[-+*/^!()\[\]{}|_:°%,&])"
)


def tokens(text: str) -> Iterator[str]:
    """Yield the tokens of a text: numbers, commands with their backslash, known words, letters and symbols.

    Raises Unreadable if the text has a character or a word that does not belong in an expression.
    """
    position = 0
    mathematics = bool(re.search(r"[\d+*/^=\\()_!-]", text)) or len(text.strip()) == 1
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
        elif match["index"]:  # a word as an index, as in v_{max}
            yield from ("_", "{", re.sub(r"[_{}\s]", "", match["index"]), "}")
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
    product = ascending or not VOWEL.search(word)  # xyz or mgh, which is no word
    if word in WORDS or len(word) > 4 or (len(word) > 2 and not product):
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
