"""The rules of the cascade: the typed comparisons, cheapest first, and the guards.

A comparison of spellings may decide yes, but never no; formulas are parsed. A comparison that parses both
operands may decide yes or no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gr_toolkit.verify.comparisons.booleans import compare_booleans
from gr_toolkit.verify.comparisons.collections import compare_collections, read_collection
from gr_toolkit.verify.comparisons.dates import compare_dates
from gr_toolkit.verify.comparisons.equations import JOINED, compare_equations, read_equation
from gr_toolkit.verify.comparisons.expressions import compare_expressions, tree_of
from gr_toolkit.verify.comparisons.intervals import compare_intervals, read_intervals
from gr_toolkit.verify.comparisons.letters import compare_letters, compare_with_options
from gr_toolkit.verify.comparisons.matrices import compare_matrices
from gr_toolkit.verify.comparisons.names import compare_names
from gr_toolkit.verify.comparisons.quantities import compare_quantities, within_tolerance
from gr_toolkit.verify.guards import OR, doubt, is_typed, never_right, repeats
from gr_toolkit.verify.kinds import by_closed_type, other_kind
from gr_toolkit.verify.quantities.quantity import read_quantity
from gr_toolkit.verify.question.options import read_options
from gr_toolkit.verify.reading.normalise import normalise, spelling
from gr_toolkit.verify.reading.number_words import with_digits
from gr_toolkit.verify.reading.products import keeps_order, normalise_for
from gr_toolkit.verify.reading.structure import split
from gr_toolkit.verify.reading.value_words import value_of
from gr_toolkit.verify.verdict import Item, Verdict

RULES_VERSION = 2  # part of each cache key: increment it if a rule changes
MAX_CHARS = 2_000  # a longer text is not a final answer, and no rule reads it
MAX_TYPED = 200  # characters of a reference for which an answer of more than MAX_CHARS is wrong
MAX_SYMBOLIC = 500  # characters; longer texts skip symbolic mathematics
MAX_NESTING = 3  # levels, as in a list of tuples of intervals
EMPTY_SET = frozenset({"{}", r"\{\}", r"\emptyset", "theemptyset", "emptyset"})
UNREADABLE = re.compile("[\u202a-\u202e\u2066-\u2069\u20e3]")  # characters that change how a text looks
# Subject and verb before a value, such as "The volume of the cube is" in "The volume of the cube is 27".
SENTENCE = re.compile(
    r"^(?:the|its|their|our)\s(?:(?!\s(?:is|are|was)\s)[^.=:;\n]){2,100}?"
    r"\s(?:is|are|was|equals)\s(?:equal to\s)?(?=[-+$\\(\[]|\d)"
    r"(?!.*\s(?:is|are|was)\s)",  # no match if a second verb follows: each value keeps its subject
    re.IGNORECASE,
)
WORDS_AND_FORMULA = re.compile(r"[A-Z][A-Za-z ,':-]{2,80}\s(?:\$([^$]{1,300})\$|\\\((.{1,300}?)\\\))[.!]?")
DENIAL = re.compile(r"\b(?:no|not|never|except|unless|or|wrong|incorrect|false)\b|n['’]t\b", re.IGNORECASE)
MAX_SENTENCE = 200  # characters
DIGIT = re.compile(r"\d")
# Rules for answers that are choices. A choice may occur in the question, so it raises no doubt.
CHOICES = frozenset({"text", "letters", "booleans", "names", "options"})

Rule = Callable[[str, str, str], bool | None]


def decide_by_rules(item: Item, binding: bool = True) -> Verdict:
    """Return the verdict of the first rule that decides, or undecided. Any text yields a verdict.

    The item's answer is the answer itself, not a completion. If `binding`, an answer that a guard refuses is
    wrong; else it is undecided.
    """
    reference, answer = item.reference, item.text
    if not reference.strip():
        return _undecided("the reference is empty")
    if reference.strip() == answer.strip():
        return Verdict(True, "text", None, "the same text")
    if not answer.strip():
        return Verdict(False, "no answer", None, "the answer is empty")
    if max(len(reference), len(answer)) > MAX_CHARS:
        return _too_long(reference, binding)
    if not is_prose(reference):
        answer = formula_after_words(answer)
    gold, given = (normalise_for(item.question, text) for text in (reference, answer))
    if UNREADABLE.search(gold + given):
        return _undecided("characters that change how the text looks")
    question = item.question
    name, decision = _by_type(item, gold, given)
    if name == "text" or decision is False:
        return Verdict(decision, name, None, f"{given!r} against {gold!r}")
    refusal = never_right(question, gold, given, lambda one, other: first_decision(one, other, question)[1])
    if refusal:
        return _refusal(refusal, binding)
    if decision is None:
        return _undecided("every rule abstained")
    objection = None if name in CHOICES else objection_to_yes(item, binding)
    return objection or Verdict(decision, name, None, f"{given!r} against {gold!r}")


def is_prose(reference: str) -> bool:
    """Whether a reference is words without any formula or number."""
    return not re.search(r"[\d$\\=<>^]", reference)


def formula_after_words(answer: str) -> str:
    """The formula of an answer that is a few plain words and then one formula: "We find that $x < 3$."."""
    match = WORDS_AND_FORMULA.fullmatch(answer.strip())
    return (match[1] or match[2]) if match and not DENIAL.search(answer) else answer


def _undecided(reason: str) -> Verdict:
    return Verdict(None, "rules", None, reason)


def _too_long(reference: str, binding: bool) -> Verdict:
    """The verdict on a pair with more than MAX_CHARS: wrong if the reference is a short value."""
    if binding and len(reference) <= MAX_TYPED and is_typed(normalise(reference)):
        return Verdict(False, "guard", None, f"an answer of more than {MAX_CHARS:,} characters")
    return _undecided(f"no rule reads more than {MAX_CHARS:,} characters")


def objection_to_yes(item: Item, binding: bool = True) -> Verdict | None:
    """Return the verdict on an answer of equal value that repeats the question or lacks the asked form."""
    gold, given = (normalise_for(item.question, text) for text in (item.reference, item.text))
    if repeats(item.question, given):
        return _refusal("the answer repeats the question", binding)
    reason = doubt(item.question, gold, given)
    return _undecided(reason) if reason else None


def _refusal(reason: str, binding: bool) -> Verdict:
    return Verdict(False, "guard", None, reason) if binding else _undecided(reason)


def _by_type(item: Item, gold: str, given: str) -> tuple[str, bool | None]:
    """Compare with the tolerance and the type of the item, if it has them. Return rule and decision."""
    if item.tolerance is not None:
        decision = within_tolerance(gold, given, item.tolerance)
        if decision is not None:
            return "tolerance", decision
    name, decision = first_decision(gold, given, item.question)
    if decision is None and item.answer_type:
        return "type", by_closed_type(item.answer_type, gold, given, item.question)
    return name, decision


def first_decision(gold: str, given: str, question: str) -> tuple[str, bool | None]:
    """Compare normalised texts. Return the deciding rule and its decision, which is None if all abstain."""
    gold = _one_of_equal(gold)
    name, decision = _as_written(gold, given, question)
    if decision is not None:
        return name, decision
    for (one, other), understood in _in_digits(gold, given, question):
        name, decision = _as_written(one, other, question)
        if decision or (understood and decision is False):
            return "words", decision
    if other_kind(gold, given, question):
        return "kind", False
    decision = compare_with_options(gold, given, question, _compare_alone)
    return ("rules" if decision is None else "options"), decision


def _one_of_equal(gold: str) -> str:
    """The first value of a reference that gives one quantity in two ways, as "5 m or 500 cm"."""
    first, *others = split(gold, OR)
    same = others and all(compare_quantities(first, other, "") for other in others)
    return first if same else gold


def _as_written(gold: str, given: str, question: str) -> tuple[str, bool | None]:
    spelt = spelling(gold), spelling(given)
    if spelt[0] == spelt[1] or EMPTY_SET.issuperset(map(_without_spaces, spelt)):
        return "text", True
    if given == f"{gold}!" and not gold[:2].isalpha():  # a factorial or an exclamation mark
        return "rules", None
    if len(given) <= MAX_SENTENCE and not SENTENCE.match(gold):
        given = SENTENCE.sub("", given, count=1)
    is_choice = bool(read_options(question).texts) and compare_letters(gold, gold, question)
    for name, rule in (WHOLE if is_choice else WHOLE | PARTS).items():
        decision = rule(gold, given, question)
        if decision is not None:
            return name, decision
    return ("rules", None) if is_choice else compare_compound(gold, given, question)


def _in_digits(gold: str, given: str, question: str) -> Iterator[tuple[tuple[str, str], bool]]:
    """Yield the pair with the number words of one text in digits, if only the other text has digits.

    The second item is whether a different value is surely wrong: "fifteen" is not 16, but words that denote a
    value in one sense may denote another.
    """
    for words, other in ((given, gold), (gold, given)):
        if DIGIT.search(words) or not (DIGIT.search(other) or r"\infty" in other):
            continue
        readings = [(with_digits(words, question), True), (value_of(words, question), False)]
        for reading, understood in readings:
            if reading is not None:
                yield ((gold, reading) if words is given else (reading, given)), understood


def _compare_alone(gold: str, given: str) -> bool | None:
    return _as_written(gold, given, "")[1]


def _without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)


def compare_compound(gold: str, given: str, question: str, nesting: int = 0) -> tuple[str, bool | None]:
    """Compare matrices, intervals, lists or equations by parts. Return the deciding rule and its decision."""

    def compare(part: str, other: str) -> bool | None:
        if spelling(part) == spelling(other):
            return True
        for part_rule in PARTS.values():
            decision = part_rule(part, other, question)
            if decision is not None:
                return decision
        return compare_compound(part, other, question, nesting + 1)[1] if nesting < MAX_NESTING else None

    rules: dict[str, Callable[[], bool | None]] = {
        "matrices": lambda: compare_matrices(gold, given, compare),
        "intervals": lambda: compare_intervals(gold, given, compare),
        "collections": lambda: compare_collections(gold, given, question, compare),
        "equations": lambda: compare_equations(gold, given, compare),
    }
    for name, rule in rules.items():
        decision = rule()
        if decision is not None:
            return name, decision
    return "rules", None


def worth_symbolic(reference: str, answer: str, question: str = "") -> bool:
    """Whether both texts are mathematics that commutes, and the rules fail to read one or both."""
    if max(len(reference), len(answer)) > MAX_SYMBOLIC:
        return False
    texts = [normalise_for(question, text) for text in (reference, answer)]
    if JOINED.findall(texts[0]) != JOINED.findall(texts[1]):
        return False  # inequalities joined by "and" differ from inequalities joined by "or"
    if any(keeps_order(text, question) for text in texts):
        return False
    mathematics = all(MATHEMATICS.search(text) and not PROSE.search(text) for text in texts)
    return mathematics and not all(map(_is_read, texts))


def _is_read(text: str, nesting: int = 0) -> bool:
    """Whether the rules can read every part of a normalised text."""
    if read_quantity(text) or tree_of(text) or read_intervals(text):
        return True
    collection = read_collection(text)
    parts = read_equation(text) or (collection.items if collection else None)
    return nesting < MAX_NESTING and bool(parts) and all(_is_read(part, nesting + 1) for part in parts or ())


MATHEMATICS = re.compile(r"[=^\\+*/<>]|\d|(?<=\w)-")
PROSE = re.compile(r"(?<![\\A-Za-z])(?!(?:sin|cos|tan|log|exp|sqrt|min|max|and|or)\b)[A-Za-z]{3,}")

WHOLE: dict[str, Rule] = {
    "letters": compare_letters,
    "booleans": compare_booleans,
    "dates": compare_dates,
}
PARTS: dict[str, Rule] = {
    "quantities": compare_quantities,
    "expressions": compare_expressions,
    "names": compare_names,
}
