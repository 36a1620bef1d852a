"""Reads numbers that are written in words: "twelve boxes", "two thirds", "half a dozen", "cinco", "XIV"."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_WORDS = 10
MAX_LENGTH = 100  # characters

DENOMINATORS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
GROUPS = {"dozen": 12, "score": 20, "gross": 144, "pair": 2}
MULTIPLES = {
    "once": 1, "single": 1, "twice": 2, "double": 2, "thrice": 3, "triple": 3, "quadruple": 4, "unity": 1,
}  # fmt: skip
NOTHING = frozenset({"none", "nil", "nothing", "nought", "naught", "nobody", "no one"})
SIGNS = re.compile(r"(?:minus|negative|moins|menos|meno|min) (?=\S)")
ARTICLE = re.compile(r"(?:an?|one) (?=\S)")
# The languages of the numbers, with words that mark a text in each.
LANGUAGES = {
    "en": "the what is how of many find which are an",
    "fr": "le la les est quel quelle combien des une",
    "es": "el los las es cuál cuánto cuántos cuántas qué una del",
    "de": "der die das ist wie viele welche und ein eine",
    "it": "il gli è quanto quanti quante quale che un",
    "pt": "o os é quanto quantos quantas qual uma do da",
    "nl": "de het is hoeveel wat welke een van",
}
MARKS = {language: frozenset(words.split()) for language, words in LANGUAGES.items()}
# English words that are numbers in another language.
ENGLISH_TOO = (
    "once on do see sei elf tien dos due tre dix cent mil mille sept huit een uno den second non null"
)
ENGLISH = frozenset(ENGLISH_TOO.split())
ROMAN = re.compile(r"(?=[MDCLXVI]{2})M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
ROMAN_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}


def with_digits(text: str, question: str = "") -> str | None:
    """Return a short text with the number word at its start in digits; None if it has none.

    The words after the number stay: "twelve boxes" becomes "12 boxes". A number in another language than
    English counts if it is no English word, or if the question is in that language.
    """
    if len(text) > MAX_LENGTH or any(character.isdigit() for character in text):
        return None
    if ROMAN.fullmatch(text):
        return str(_roman(text))
    words = " ".join(text.casefold().replace("-", " ").strip(" .!").split())
    if words in NOTHING:
        return "0"
    signed = SIGNS.match(words)
    sign, words = ("-", words[signed.end() :]) if signed else ("", words)
    parts = words.split()
    if not parts or len(parts) > MAX_WORDS or len(parts[0]) == len(words) == 1:
        return None
    if parts[-1] == "quarter" and len(parts) < 3 and parts[0] != "one":
        return None  # a part or a coin
    if parts[0] in ENGLISH and not question:
        return None
    own = _in_another_language(parts, question) if _languages_of(question) else None
    digits = own or _english(parts) or _in_another_language(parts, question)
    return None if digits is None else sign + digits


def _english(words: list[str]) -> str | None:
    """Read an English number, fraction or multiple, followed by any words."""
    if words[0] in MULTIPLES:
        return " ".join([str(MULTIPLES[words[0]]), *words[1:]])
    if words[:2] == ["half", "a"] and words[2:3] and words[2] in GROUPS:
        return " ".join([str(GROUPS[words[2]] // 2), *words[3:]])
    if words[0] in ("half", "quarter"):
        words = ["a", *words]
    article = words[0] in ("a", "an") and len(words) > 1
    whole, length = (1, 1) if article else _number(words, "en")
    if article and words[1] in ("hundred", "thousand", "million", "billion"):
        whole, length = _number(["one", *words[1:]], "en")
    if not length:
        return None
    rest = words[length:]
    if rest[:1] and rest[0] in GROUPS:
        return " ".join([str(whole * GROUPS[rest[0]]), *_without_of(rest[1:])])
    if under := _denominator(rest):
        return " ".join([f"{whole}/{under}", *_without_of(rest[1:])])
    if rest[:1] == ["and"] and not article:
        added = rest[2:] if rest[1:2] in (["a"], ["an"]) else rest[1:]
        over, taken = (1, 0) if rest[1:2] in (["a"], ["an"]) else _number(rest[1:], "en")
        if (under := _denominator(added[taken:])) and 0 < over < under:
            return " ".join([f"{whole} {over}/{under}", *added[taken + 1 :]])
    if rest[:1] == ["point"]:
        decimals = [_number([word], "en") for word in rest[1:]]
        if decimals and all(length and 0 <= digit <= 9 for digit, length in decimals):
            return f"{whole}." + "".join(str(digit) for digit, _ in decimals)
    return " ".join([str(whole), *rest]).replace(" percent", "%").replace(" per cent", "%")


def _denominator(words: list[str]) -> int:
    """The denominator that the first word names, as in "thirds"; 0 if it names none."""
    if not words:
        return 0
    return DENOMINATORS.get(words[0], 0) or DENOMINATORS.get(words[0].removesuffix("s"), 0)


def _without_of(words: list[str]) -> list[str]:
    return words[1:] if words[:1] in (["of"], ["a"], ["an"]) else words


def _in_another_language(words: list[str], question: str) -> str | None:
    """Read a number in another language, followed by any words; None if languages disagree."""
    readings = {
        f"{value} {' '.join(words[length:])}".strip()
        for language in _languages(question)
        for value, length in [_number(words, language)]
        if length and (words[0] not in ENGLISH or language in _languages_of(question))
    }
    return readings.pop() if len(readings) == 1 else None


def _languages(question: str) -> Iterator[str]:
    yield from _languages_of(question) or (language for language in MARKS if language != "en")


def _languages_of(question: str) -> list[str]:
    """The languages other than English that have the most marks in the question; empty for English."""
    words = set(re.findall(r"[^\W\d_]+", question[:1_000].casefold()))
    counts = {language: len(words & marks) for language, marks in MARKS.items()}
    most = max(counts.values())
    best = [language for language, count in counts.items() if count == most and most]
    return [] if "en" in best else best


def _number(words: list[str], language: str) -> tuple[int, int]:
    """The value of the longest number at the start of the words, and its length in words; (0, 0) if none."""
    from text_to_num import text2num

    for length in range(min(len(words), MAX_WORDS), 0, -1):
        if words[length - 1] in ("and", "y", "et", "e", "und"):
            continue
        try:
            return text2num(" ".join(words[:length]), language), length
        except ValueError:
            continue
    return 0, 0


def _roman(text: str) -> int:
    values = [ROMAN_VALUES[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
