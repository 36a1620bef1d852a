"""Decides answers by the kind of the reference.

An answer without any value of its kind is wrong. A letter, an integer, a yes or no is always decided if the
answer type is given and the reference has it.
"""

from __future__ import annotations

import re
from fractions import Fraction

from gr_toolkit.verify.comparisons.booleans import closed_boolean, compare_booleans
from gr_toolkit.verify.comparisons.letters import closed_letter, compare_letters, shares_words
from gr_toolkit.verify.guards import is_typed
from gr_toolkit.verify.quantities.quantity import read_quantity
from gr_toolkit.verify.question.options import read_options
from gr_toolkit.verify.reading.number_words import with_digits
from gr_toolkit.verify.reading.value_words import may_denote_value

LETTER, INTEGER, BOOLEAN = "multiple choice", "integer", "boolean"
# Types whose answers are numbers. The names are those of WebInstruct-verified (arXiv 2505.14652).
NUMBERS = frozenset({INTEGER, "float", "percentage", "fraction"})
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
DIGIT = re.compile(r"\d")
MAX_PLAIN_WORDS = 300  # characters
PLAIN_WORDS = re.compile(r"(?:[^\W\d_]|[ .,;:!'’-])+")
# Text in which a name is called or accessed, and characters or names that may denote a number.
CODE = re.compile(r"[A-Za-z_]{3,}\(|\.[A-Za-z_]{3,}|\(\)")
VALUE = re.compile(r"\d(?!\w*\W*[A-Za-z]{3,}\()|\\|\b(?:sin|cos|tan|log|ln|exp|sqrt|pi|abs|min|max)\b")
# Words that may decide a question with two answers, and words that may denote mathematics.
POLARITY = re.compile(
    r"\b(?:yes|no|not|never|true|false|correct|incorrect|right|wrong|always|is|are|does|do|can|will|has|have"
    r"|cannot|none|agree\w*|indeed)\b|n['’]t\b",
    re.IGNORECASE,
)
MATHEMATICAL_WORD = re.compile(
    r"\b(?:plus|minus|times|over|squared|cubed|root|power|equals?|less|greater|more|between|from|to"
    r"|infinit\w*|sum"
    r"|product|matrix|identity|function|line|constant|variable|all|any|every|real|integers?|numbers?|even|odd"
    r"|positive|negative|sine|cosine|log\w*|exponential|linear|set|empty|no|none|undefined|exist\w*"
    r"|converges?"
    r"|diverges?|increasing|decreasing)\b",
    re.IGNORECASE,
)


def other_kind(gold: str, given: str, question: str = "") -> bool:
    """Whether the reference is a value and the answer is plain words that cannot denote one of its kind."""
    if not 2 < len(given) <= MAX_PLAIN_WORDS:
        return False
    if CODE.search(given) and not VALUE.search(given):
        return read_quantity(gold) is not None
    if not PLAIN_WORDS.fullmatch(given) or may_denote_value(given):
        return False
    if compare_letters(gold, gold, question):
        return not shares_words(given, read_options(question).texts.values())
    if compare_booleans(gold, gold, question) is not None:
        return not POLARITY.search(given)
    is_number = read_quantity(gold) is not None
    return is_number or (is_typed(gold) and not MATHEMATICAL_WORD.search(given))


def by_closed_type(answer_type: str, reference: str, answer: str, question: str) -> bool | None:
    """Decide an answer that the comparisons leave open, by the type of the reference, in any case of letters.

    Both texts are normalised. A letter, an integer or a boolean is always decided. For the other types of
    numbers, an answer without a number is wrong. The result is None for all other types, and if the reference
    does not have the type.
    """
    kind = answer_type.strip().casefold()
    if kind == LETTER:
        return closed_letter(reference, answer, question)
    if kind == BOOLEAN:
        return closed_boolean(reference, answer)
    if kind == INTEGER and (gold := _integer(reference)) is not None:
        return _stated_integer(answer, question) == gold
    number_reference = kind in NUMBERS and read_quantity(reference) is not None
    return False if number_reference and not DIGIT.search(answer) and not may_denote_value(answer) else None


def _integer(text: str) -> Fraction | None:
    """The whole number that a text is, with or without a unit; else None."""
    quantity = read_quantity(text)
    exact = quantity.number.exact if quantity else None
    return exact if exact is not None and exact.denominator == 1 else None


def _stated_integer(answer: str, question: str) -> Fraction | None:
    """The only whole number in an answer, in digits or in words; None if there is no such number."""
    text = answer if DIGIT.search(answer) else (with_digits(answer, question) or "")
    if (whole := _integer(text)) is not None:
        return whole
    numbers = {Fraction(found.replace(",", "")) for found in NUMBER.findall(text)}
    return numbers.pop() if len(numbers) == 1 else None
