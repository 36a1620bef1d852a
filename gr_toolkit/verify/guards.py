"""Guards: answers that are never correct, and doubts about a yes of the rules.

An answer that a guard refuses is wrong, not undecided. Otherwise a model that learns by reinforcement could
avoid a wrong verdict by hedging, because trainers leave undecided answers out.

All texts are normalised, unless a function says otherwise.
"""

from __future__ import annotations

import re
from collections import Counter

from gr_toolkit.verify.comparisons import Compare
from gr_toolkit.verify.comparisons.booleans import compare_booleans
from gr_toolkit.verify.comparisons.collections import are_values, read_collection
from gr_toolkit.verify.comparisons.equations import read_equation
from gr_toolkit.verify.comparisons.expressions import tree_of
from gr_toolkit.verify.comparisons.intervals import read_intervals
from gr_toolkit.verify.comparisons.letters import compare_letters
from gr_toolkit.verify.comparisons.matrices import read_matrix
from gr_toolkit.verify.forgery import is_forged
from gr_toolkit.verify.quantities.quantity import read_quantity
from gr_toolkit.verify.reading.evaluate import complex_value_at, operators, variables
from gr_toolkit.verify.reading.normalise import normalise, spelling
from gr_toolkit.verify.reading.structure import split
from gr_toolkit.verify.reading.value_words import is_talk

MAX_QUESTION = 2_000  # characters that are searched for the answer
MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,40}>|\\(?:boxed|text|[a-z]*space|quad)\b|```\w*")
NOTHING = re.compile(r"""[\s.,;:!?'"_\-(){}\[\]$`\\#|*~&]*""")
EMPTY_BRACES = re.compile(r"\\?\{\s*\\?\}")  # may be the empty set
NONE = re.compile(r"\b(?:no|none|nothing|empty|null|void)\b|\\emptyset|^0$", re.IGNORECASE)
UNCERTAIN = re.compile(
    r"\b(?:either|maybe|perhaps|possibly|probably|not sure|unsure|unless|might|could be)\b"
    r"|\bi (?:think|guess)\b|\?",
    re.IGNORECASE,
)
NUMBERS = re.compile(r"\d+(?:\.\d+)?(?:\s+\d+(?:\.\d+)?)+")
MAX_NUMBER = 200  # characters of an answer that is a number
MAX_WORDS = 8  # words of three letters and more in such an answer
LONG_WORD = re.compile(r"(?<![\\\w])[A-Za-z]{3,}")
OR = re.compile(r"\s*,?\s*\bor\b\s*", re.IGNORECASE)
ALTERNATIVE = re.compile(r"\s*[,;]\s*|\s+\bor\b\s*", re.IGNORECASE)
MAX_ALTERNATIVES = 8
LEAD = re.compile(r"^(?:it is|it's|either|maybe|perhaps|probably|i think)\s+", re.IGNORECASE)
WORD = re.compile(r"\w+|[-+*/^=<>]")
RELATION = re.compile(r"\\(?:le|ge|ne|approx)\b|<=|>=|[<>=]")
NOT_A_VALUE = re.compile(
    r"\bnan\b|\\frac\s*\{[^{}]{1,20}\}\s*\{\s*0\s*\}|/\s*0(?![\d.])|\\infty\s*-\s*\\infty", re.IGNORECASE
)
WITHOUT_VALUE = re.compile(
    r"\\infty|infinit|undefined|nan\b|not (?:defined|exist)|indeterminate|\bdne\b|diverg|unbounded",
    re.IGNORECASE,
)
# A calculation that LaTeX or words announce and that is not carried out.
ANNOUNCED = re.compile(r"\\(?:i*int|oint|sum|prod|lim|det|Gamma|[bp]?mod)(?![A-Za-z])|\bmod\b")
TASK = re.compile(
    r"(?:compute|simplify|expand|evaluate|calculate|convert|determine|find|solve|factor\w*)\b(?!.*\bis\b)",
    re.IGNORECASE,
)
ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "sqrt", "negate", "number"})
# Words of a question that asks to rewrite a value or an expression in another form.
REWRITE = re.compile(
    r"\b(?:factor(?:i[sz]\w+|ed|ing)?\b(?! of)|expand|simplify|simplest form|lowest terms|rationali[sz]e"
    r"|rewrite"
    r"|convert|scientific notation|standard form"
    r"|(?:as|in|to|into) an? (?:fraction|decimal|percent\w*|mixed number|improper fraction|product))\b",
    re.IGNORECASE,
)
DECIMAL = re.compile(r"-?\d*\.\d+")  # a rounding of it is no conversion
MIN_ECHO = 20  # characters; a shorter piece of a question may be its answer
ECHO = 0.6  # a piece of at least this share of the question repeats it
PART = re.compile(r"\d+(?:\.\d+)?|\\?[A-Za-z]+|[-+*/^]")


def never_right(question: str, reference: str, answer: str, compare: Compare) -> str:
    """Return why the answer is wrong whatever it means, or an empty text.

    `compare` judges one alternative of an answer that names several.
    """
    if _is_nothing(reference, answer):
        return "the answer has no letter or digit"
    if is_forged(answer, f"{question} {reference}"):
        return "the answer is written like a verdict or a part of the prompt"
    if is_talk(answer) and not is_talk(reference):
        return "the answer talks about the task"
    if _is_echo(question, answer):
        return "the answer repeats the question"
    if not is_typed(reference):
        return "the answer hedges" if _names_others(reference, answer, compare) else ""
    if NOT_A_VALUE.search(answer) and not WITHOUT_VALUE.search(reference):
        return "the answer is not a value"
    if _is_tautology(answer):
        return "the answer is always true"
    if read_quantity(reference) is not None and _is_no_number(answer):
        return "the answer is not one number"
    if hedges(reference, answer, compare):
        return "the answer hedges"
    if _is_unfinished(reference, answer):
        return "the calculation is not carried out"
    return ""


def is_typed(reference: str) -> bool:
    """Whether the reference is a value that the rules can read: a number, a letter, an expression, a list."""
    if any(compare(reference, reference) for compare in (compare_letters, compare_booleans)):
        return True
    reads = (read_quantity, tree_of, read_equation, read_intervals, read_matrix)
    if any(read(reference) is not None for read in reads):
        return True
    collection = read_collection(reference)
    return collection is not None and are_values(collection.items)


def hedges(reference: str, answer: str, compare: Compare) -> bool:
    """Whether the answer to a question with one value is uncertain or names several different values."""
    if UNCERTAIN.search(answer) and not UNCERTAIN.search(reference):
        return True
    if OR.search(reference) or read_collection(reference) is not None or read_intervals(reference):
        return False
    alternatives = split(answer, OR)
    return len(alternatives) > 1 and not all(compare(reference, one) for one in alternatives)


def doubt(question: str, reference: str, answer: str) -> str:
    """Return why a yes to the answer is doubtful, or an empty text if it is not.

    A yes is doubtful if the answer stands in the question or lacks the form that is asked for.
    """
    asked = normalise(question[:MAX_QUESTION])
    if _stands_in(asked, answer) and not _same_digits(reference, answer) and not DECIMAL.fullmatch(answer):
        return "the answer stands in the question"
    if REWRITE.search(asked) and _shape(reference) != _shape(answer) and not _same_digits(reference, answer):
        return "the question asks for a form, and the answer has another"
    return ""


def repeats(question: str, answer: str) -> bool:
    """Whether the answer repeats what the question asks to rewrite or to calculate."""
    asked = normalise(question[:MAX_QUESTION])
    if REWRITE.search(asked) and len(answer) > 1:
        return _without_spaces(answer) in _without_spaces(asked) and bool(_stands_in(asked, answer))
    return False


def _is_nothing(reference: str, answer: str) -> bool:
    """Whether the answer has no letter, digit or sign, as "{}", "$" or "<b></b>"; the reference has one."""
    if not NOTHING.fullmatch(MARKUP.sub("", answer)) or NOTHING.fullmatch(reference):
        return False
    return not (EMPTY_BRACES.fullmatch(answer) and NONE.search(reference))


def _is_echo(question: str, answer: str) -> bool:
    """Whether the answer is most of the question, or little more than the question."""
    asked, given = (" ".join(WORD.findall(text.casefold())) for text in (question[:MAX_QUESTION], answer))
    if len(given) < MIN_ECHO or len(asked) < MIN_ECHO:
        return False
    return (given in asked and len(given) >= ECHO * len(asked)) or (
        asked in given and len(asked) >= ECHO * len(given)
    )


def _names_others(reference: str, answer: str, compare: Compare) -> bool:
    """Whether the answer names the reference, which is no value, and something else beside it."""
    if OR.search(reference) or not OR.search(answer):
        return False
    alternatives = [LEAD.sub("", part).strip() for part in ALTERNATIVE.split(answer)[:MAX_ALTERNATIVES]]
    return len(alternatives) > 1 and any(compare(reference, one) for one in alternatives if one)


def _is_no_number(answer: str) -> bool:
    """Whether a text is several numbers in a row, or symbols without words that are longer than a number."""
    if NUMBERS.fullmatch(answer) and read_quantity(answer) is None:
        return True
    return len(answer) > MAX_NUMBER and len(LONG_WORD.findall(answer)) <= MAX_WORDS


def _is_tautology(answer: str) -> bool:
    """Whether both sides of a relation are the same, as in x = x, 0 = 0 or x > x."""
    sides = split(answer, RELATION)
    return len(sides) == 2 and bool(sides[0]) and spelling(sides[0]) == spelling(sides[1])


def _is_unfinished(reference: str, answer: str) -> bool:
    """Whether the answer is a calculation and the reference is its result, or could be."""
    if TASK.match(answer) and not TASK.match(reference):
        return True
    result = tree_of(reference)
    if ANNOUNCED.search(answer) and not ANNOUNCED.search(reference) and read_equation(answer) is None:
        return result is not None or read_quantity(reference) is not None
    gold = read_quantity(reference)
    given = tree_of(answer)
    if gold is None or not gold.number.plain or given is None or variables(given):
        return False
    value = complex_value_at(given, {})
    if value is None:  # such as a tower of powers
        return True
    number = read_quantity(answer)
    if number is not None and number.number.plain:
        return False
    # A rounded reference may have an exact root as its answer: 2.83 and 2 sqrt{2}.
    return operators(given) <= (ARITHMETIC - {"sqrt"} if gold.number.last else ARITHMETIC)


def _stands_in(asked: str, answer: str) -> re.Match[str] | None:
    if len(answer) < 2:
        return None
    return re.search(rf"(?<![\w.,]){re.escape(answer)}(?![\w°%]|[.,]\d)", asked)


def _same_digits(reference: str, answer: str) -> bool:
    """Whether both texts are the same number, written in digits, such as 1.0 and 1."""
    one, other = read_quantity(reference), read_quantity(answer)
    if one is None or other is None:
        return False
    literals = one.number.digits and other.number.digits and one.percent == other.percent
    return bool(literals) and one.unit == other.unit and one.number.exact == other.number.exact


def _shape(text: str) -> Counter[str]:
    """Count the numbers, names and operators of a text, ignoring their order."""
    return Counter(PART.findall(text.replace(r"\frac", "/")))


def _without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)
