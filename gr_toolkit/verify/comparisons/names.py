"""Compares names and short phrases by spelling, and chemical formulas by what they denote."""

from __future__ import annotations

import re
import unicodedata

from gr_toolkit.verify.reading.chemistry import compare_chemistry
from gr_toolkit.verify.reading.normalise import GENOTYPE

MAX_LENGTH = 500

WRAPPING = re.compile(
    r"\\(?:text\w*|math(?:rm|bf|it|sf)|ce|mbox)\s*\{([^{}]*)\}|\\(?=[&,;:! ])|\*\*|__|[`\"“”„«»]"
)
# A text is mathematics if it has a minus sign, a function's argument, a factorial, a difference or a charge.
MATHEMATICS = re.compile(r"(?:^|\s)-\s*\d|\w\(|\d!|(?<!\w)\w!|\d-\d|\w-(?!\w)")
PUNCTUATION = frozenset(" \t\n.,;:!?()-…")
TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,:]\d+)*")
ARTICLE = re.compile(r"\b(?:[Tt]he|[Aa]n|a)\b|^A(?= [a-z]{2})")
# Other two-letter words keep their case, because they may be symbols: Co and CO, Pa and pa.
SMALL_WORD = re.compile("of|in|on|to|by|is|or|my|we|it|he|be|do|if|so|up|et|de|la|el|le", re.IGNORECASE)
NEGATION = re.compile("not?|never|without|nor|neither|cannot", re.IGNORECASE)
ABBREVIATED = re.compile(r"(.+?)\s*\(([A-Za-z][A-Za-z.]{1,9})\)")
ACCENT = re.compile(r"(?<=[A-Za-z]{2})[\u0300-\u036f]+|(?<=[A-Za-z])[\u0300-\u036f]+(?=[A-Za-z])")
GREEK = {code: unicodedata.name(chr(code)).split()[-1].casefold() for code in range(0x3B1, 0x3CA)}


def compare_names(reference: str, answer: str, question: str = "") -> bool | None:
    """Return True if the names differ only in spelling, such as case, articles or accents; otherwise None.

    For chemical formulas and reactions, the result is that of `compare_chemistry`, which may be False.
    """
    decision = compare_chemistry(reference, answer, question)
    if decision is not None:
        return decision
    gold = name_key(reference)
    return True if gold is not None and gold == name_key(answer) else None


def name_key(text: str) -> str | None:
    """Return a key that all spellings of a name share; None if the text is not words.

    The key keeps everything that may change the meaning: word order, "or" and "not", digits and charges, and
    the case of possible symbols.
    """
    if len(text) > MAX_LENGTH:
        return None
    bare = WRAPPING.sub(lambda wrapping: wrapping[1] or "", text).strip().rstrip(".")
    return _words_key(_without_abbreviation(bare))


def _without_abbreviation(text: str) -> str:
    """Remove the abbreviation after a name: (FFQ) after Food Frequency Questionnaire."""
    match = ABBREVIATED.fullmatch(text)
    if match is None:
        return text
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", match[1])).casefold()
    return match[1] if match[2].replace(".", "").casefold() == initials else text


def _words_key(text: str) -> str | None:
    text = _plain_letters(re.sub("['’]", "", text).replace("&", " and "))
    if MATHEMATICS.search(text) or not PUNCTUATION.issuperset(TOKEN.sub("", text)):
        return None
    text = re.sub(r"(?<=[^\W\d_])\.(?=[^\W\d_]\b)", "", ARTICLE.sub(" ", text))  # U.S. becomes US
    tokens = [token for token in TOKEN.findall(text) if token not in ("and", "And")]  # "AND" is a gate
    if not any(len(token) > 1 and token.isalpha() for token in tokens):
        return None
    pairs = zip(["", *tokens[:-1]], tokens, strict=True)
    words = [_fold_case(token, after_number=before[-1:].isdigit()) for before, token in pairs]
    # Words are joined (co-worker, coworker) unless one is a number, a single letter or a negation.
    apart = [not word.isalpha() or len(word) == 1 or bool(NEGATION.fullmatch(word)) for word in words]
    return "".join(f" {word} " if alone else word for word, alone in zip(words, apart, strict=True))


def _fold_case(token: str, after_number: bool) -> str:
    """Return the token in lower case, unless it may be a symbol: 5 mJ is not 5 MJ, type A is not type a."""
    if GENOTYPE.fullmatch(token):
        return token
    is_word = token in (token.lower(), token.upper(), token.capitalize())
    if SMALL_WORD.fullmatch(token) or (is_word and len(token) >= (5 if after_number else 3)):
        return token.casefold()
    return token


def _plain_letters(text: str) -> str:
    """Remove accents from Latin words, and spell out lower-case Greek letters: alpha for α."""
    without_accents = ACCENT.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", without_accents).translate(GREEK)
