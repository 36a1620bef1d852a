"""Decoys: references of the same kind that a correct answer does not match.

A verifier model that accepts an answer for the reference and for a decoy does not judge the answer. Published
verifiers accept up to 28 % of such answers (arXiv 2505.22203).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import partial

from gr_toolkit.verify.comparisons.booleans import compare_booleans
from gr_toolkit.verify.comparisons.dates import compare_dates
from gr_toolkit.verify.comparisons.letters import compare_letters
from gr_toolkit.verify.guards import is_typed
from gr_toolkit.verify.question.options import read_options
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import MAX_CHARS, decide_by_rules
from gr_toolkit.verify.verdict import Item

# A number that is no exponent, no index and no base of a power.
NUMBER = re.compile(
    r"(?<![\d.^_])(?<![\^_][{-])(?<![\^_]\{-)(?:\d{1,3}(?:,\d{3})++|\d++)(?:\.\d++)?+(?!\d|\s*\^)"
)
MAX_DIGITS = 15  # digits of a changed number; the rest is left out
FACTORS = (3, 7, 11)
BOOLEANS = ("Yes", "No", "True", "False")
DATES = ("3 May 1742", "19 November 1863", "27 January 2011", "8 August 1588")
EXPRESSIONS = ("17", "3x^2 - 7", r"\frac{5}{13}", "y = 4x - 9", "(2, 11)")
FORMULAS = ("Fe_2O_3", "NaHCO_3", "C_6H_{12}O_6", "KMnO_4", "PbSO_4")
# Things that hardly any question asks for, so that no phrase is a synonym of a reference.
PHRASES = (
    "a municipal bond", "the second trombone", "a lease of farmland", "Norwegian folk tales",
    "a wicker basket", "beeswax candles", "the harbour master", "a ferry timetable", "marble columns",
    "a census of households", "cast-iron stoves", "Renaissance tapestries", "a queue of parcels",
    "sheepdog training",
)  # fmt: skip
SENTENCES = (
    "The glacier retreats because summer melt exceeds winter snowfall.",
    "Copyright protects an expression and not the underlying idea.",
    "Bees convey the direction of flowers through a waggle dance.",
    "A central bank raises interest rates to slow inflation.",
    "The poem contrasts rural childhood with industrial cities.",
    "Vaccines train lymphocytes before any infection occurs.",
)
FORMULA = re.compile(r"(?=.*\d)[A-Z][a-z]?[\w(){}^+-]*")
ELEMENT = re.compile("[A-Z][a-z]?")
MAX_PHRASE = 4  # words
WORD = re.compile(r"[^\W\d_]{4,}")
LETTER = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])")


def decoy(item: Item) -> str | None:
    """Return a decoy for an item, always the same for the same texts; None if there is none.

    The rules know that the decoy differs from the answer; if they cannot read the answer, that it differs
    from the reference. Formulas differ in their elements, and prose has no longer word in common.
    """
    second_choice = None
    for candidate in _candidates(item):
        for_reference = decide_by_rules(item._replace(answer=candidate)).correct
        for_answer = decide_by_rules(item._replace(reference=candidate)).correct
        if for_answer is False and for_reference is not True:
            return candidate
        if second_choice is None and for_answer is None and for_reference is False:
            second_choice = candidate
    return second_choice or (_other_formula(item) if FORMULA.fullmatch(item.reference) else _unrelated(item))


def _candidates(item: Item) -> Iterator[str]:
    """Yield references of the same kind as the item's, in an order that its texts determine."""
    if len(item.reference) > MAX_CHARS or FORMULA.fullmatch(item.reference):
        return
    reference = normalise(item.reference)
    if compare_letters(reference, reference, item.question):
        yield from _other_letters(item)
    elif compare_booleans(reference, reference, item.question) is not None:
        yield from BOOLEANS
    elif compare_dates(reference, reference, item.question):
        yield from _turned(DATES, item)
    elif is_typed(reference):
        yield from _changed(item.reference)
        yield from _turned(EXPRESSIONS, item)


def _other_letters(item: Item) -> list[str]:
    """The letters of options that the reference does not name."""
    letters = list(read_options(item.question).texts) or list("ABCDE")
    named = {letter.upper() for letter in LETTER.findall(item.reference)}
    return _turned([letter for letter in letters if letter.upper() not in named], item)


def _other_formula(item: Item) -> str:
    """A chemical formula with other elements than the reference's and the answer's."""
    known = [set(ELEMENT.findall(text)) for text in (item.reference, item.text)]
    return next(formula for formula in _turned(FORMULAS, item) if set(ELEMENT.findall(formula)) not in known)


def _changed(reference: str) -> Iterator[str]:
    """Yield the reference with all its numbers changed. One of several numbers may be the whole answer."""
    for factor in FACTORS:
        changed = NUMBER.sub(partial(_other_number, factor=factor), reference)
        if changed != reference:
            yield changed


def _other_number(found: re.Match[str], factor: int) -> str:
    """Another number with as many decimals, and with the same thousands separators."""
    number = found.group()
    value = float(number.replace(",", "")[:MAX_DIGITS]) * factor + factor
    separator = "," if "," in number else ""
    return f"{value:{separator}.{len(number.partition('.')[2])}f}"


def _unrelated(item: Item) -> str | None:
    """A phrase or a sentence, as long as the reference, that shares no longer word with the item's texts."""
    words = set(WORD.findall(f"{item.question} {item.reference} {item.text}".casefold()))
    for pool in (SENTENCES, PHRASES) if len(item.reference.split()) > MAX_PHRASE else (PHRASES, SENTENCES):
        for candidate in _turned(pool, item):
            if words.isdisjoint(WORD.findall(candidate.casefold())):
                return candidate
    return None


def _turned(pool: Sequence[str], item: Item) -> list[str]:
    """The pool, turned to a start that the item's texts determine."""
    if not pool:
        return []
    texts = "\0".join((item.question, item.reference, item.text))
    start = int.from_bytes(hashlib.sha256(texts.encode("utf-8", "replace")).digest()[:4], "big") % len(pool)
    return [*pool[start:], *pool[:start]]
