"""The rules of the cascade: guards first, then the typed comparisons, cheapest first.

A comparison of spellings may decide yes, but never no. A comparison that parses both operands may decide yes
or no.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from gr_toolkit.verify.comparisons.booleans import compare_booleans
from gr_toolkit.verify.comparisons.collections import compare_collections, read_collection
from gr_toolkit.verify.comparisons.dates import compare_dates
from gr_toolkit.verify.comparisons.equations import JOINED, compare_equations, read_equation
from gr_toolkit.verify.comparisons.expressions import compare_expressions, tree_of
from gr_toolkit.verify.comparisons.intervals import compare_intervals, read_intervals
from gr_toolkit.verify.comparisons.letters import compare_letters, compare_with_options
from gr_toolkit.verify.comparisons.matrices import compare_matrices
from gr_toolkit.verify.comparisons.names import compare_names
from gr_toolkit.verify.comparisons.quantities import compare_quantities, read_quantity
from gr_toolkit.verify.reading.normalise import normalise, spelling
from gr_toolkit.verify.verdict import Verdict

RULES_VERSION = 1  # part of each cache key: increment it if a rule changes
MAX_CHARS = 2_000  # a longer text is not a final answer, and no rule reads it
MAX_SYMBOLIC = 500  # characters; longer texts skip symbolic mathematics
MAX_NESTING = 3  # levels, as in a list of tuples of intervals
PUNCTUATION_ONLY = re.compile(r"""[\s.,;:!?'"_-]*""")
EMPTY_SET = frozenset({"{}", r"\{\}", r"\emptyset", "theemptyset", "emptyset"})
UNREADABLE = re.compile("[\u202a-\u202e\u2066-\u2069\u20e3]")  # characters that change how a text looks
HEDGE = re.compile(
    r"\b(?:or|either|maybe|perhaps|possibly|probably|not sure|unsure|unless|might|could be)\b"
    r"|\bi (?:think|guess)\b|\?",
    re.IGNORECASE,
)
# Subject and verb before a value, such as "The volume of the cube is" in "The volume of the cube is 27".
SENTENCE = re.compile(
    r"^(?:the|its|their|our)\s(?:(?!\s(?:is|are|was)\s)[^.=:;\n]){2,100}?"
    r"\s(?:is|are|was|equals)\s(?:equal to\s)?(?=[-+$\\(\[]|\d)"
    r"(?!.*\s(?:is|are|was)\s)",  # no match if a second verb follows: each value keeps its subject
    re.IGNORECASE,
)
MAX_SENTENCE = 200  # characters
MAX_PLAIN_WORDS = 100  # characters
PLAIN_WORDS = re.compile(r"[a-z .,'’-]*[a-z]{3}[a-z .,'’-]*", re.IGNORECASE)
# Words that may denote a number, in an answer without a digit.
NUMBER_WORD = re.compile(
    r"\b(?:zero|no\b|none|nil|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty"
    r"|fifty|hundred|thousand|[mb]illion|dozen|half|halves|first|second|third|quarter|\w+ths?\b|single|double"
    r"|triple|twice|once|pair|pi\b|infinit|\w+teen|unity|both|nothing|free|all|rest|right|straight|empty|never|same"
    r"|[IVX]+\b)",
    re.IGNORECASE,
)
# A calculation that is not carried out. An answer with such a calculation repeats the question if the answer
# occurs there.
UNEVALUATED = re.compile(r"\\(?:sum|int|oint|iint|prod|lim|det|sqrt|frac|binom|log|ln)\b|[*^/!+]|(?<=\w)\s*-")

# Rules for answers that are choices. A choice may occur in the question, so it raises no objection.
CHOICES = frozenset({"text", "letters", "booleans", "names", "options"})
# Words of a question that asks to rewrite an expression in another form.
REWRITE = re.compile(
    r"\b(?:factor(?!ial)\w*|expand|simplif\w+|rationali[sz]e|rewrite|scientific notation|standard form"
    r"|as an? (?:fraction|decimal|percent\w*|mixed number|improper fraction|product))\b",
    re.IGNORECASE,
)
PART = re.compile(r"\d+(?:\.\d+)?|\\?[A-Za-z]+|[-+*/^]")

Rule = Callable[[str, str, str], bool | None]


def decide_by_rules(question: str, reference: str, answer: str) -> Verdict:
    """Return the verdict of the first rule that decides, or undecided. Any text yields a verdict."""
    if not reference.strip():
        return Verdict(None, "rules", None, "the reference is empty")
    if reference.strip() == answer.strip():
        return Verdict(True, "text", 1.0, "the same text")
    if not answer.strip():
        return Verdict(False, "no answer", 1.0, "the answer is empty")
    if max(len(reference), len(answer)) > MAX_CHARS:
        return Verdict(None, "rules", None, f"no rule reads more than {MAX_CHARS:,} characters")
    gold, given = normalise(reference), normalise(answer)
    if not PUNCTUATION_ONLY.fullmatch(gold) and PUNCTUATION_ONLY.fullmatch(given):
        return Verdict(False, "no answer", 1.0, "the answer has no letter or digit")
    if UNREADABLE.search(gold + given):
        return Verdict(None, "rules", None, "characters that change how the text looks")
    name, decision = first_decision(gold, given, question)
    if decision is None:
        return Verdict(None, "rules", None, "every rule abstained")
    if decision and name not in CHOICES:
        doubt = objection(question, gold, given)
        if doubt:
            return Verdict(None, "rules", None, doubt)
    return Verdict(decision, name, 1.0, f"{given!r} against {gold!r}")


def first_decision(gold: str, given: str, question: str) -> tuple[str, bool | None]:
    """Compare normalised texts. Return the deciding rule and its decision, which is None if all abstain."""
    spelt = spelling(gold), spelling(given)
    if spelt[0] == spelt[1] or EMPTY_SET.issuperset(_without_spaces(text) for text in spelt):
        return "text", True
    if given == f"{gold}!":  # ambiguous: a factorial or an exclamation mark
        return "rules", None
    if len(given) <= MAX_SENTENCE and not SENTENCE.match(gold):
        given = SENTENCE.sub("", given, count=1)
    for name, rule in (WHOLE | PARTS).items():
        decision = rule(gold, given, question)
        if decision is not None:
            return name, decision
    name, decision = compare_compound(gold, given, question)
    if decision is None and other_kind(gold, given):
        return "kind", False
    if decision is None:
        by_option = compare_with_options(gold, given, question, _compare_alone)
        return ("rules" if by_option is None else "options"), by_option
    return name, decision


def _compare_alone(gold: str, given: str) -> bool | None:
    return first_decision(gold, given, "")[1]


def objection(question: str, gold: str, given: str) -> str:
    """Return why a yes is doubtful, or an empty text if it is not.

    A yes is doubtful if the answer hedges, repeats the question or lacks the form that is asked for.
    """
    if HEDGE.search(given) and not HEDGE.search(gold):
        return "the answer hedges"
    asked = normalise(question[:MAX_CHARS])
    if UNEVALUATED.search(given) and _without_spaces(given) in _without_spaces(asked):
        return "the answer repeats the question"
    stands = re.search(rf"(?<![\w.,]){re.escape(given)}(?![\w°%]|[.,]\d)", asked)
    if stands and len(given) > 1 and not _same_digits(gold, given):
        return "the answer stands in the question"
    if REWRITE.search(asked) and _shape(gold) != _shape(given):
        return "the question asks for a form, and the answer has another"
    return ""


def _same_digits(gold: str, given: str) -> bool:
    """Whether both texts are the same number, written in digits, such as 1.0 and 1."""
    one, other = read_quantity(gold), read_quantity(given)
    if one is None or other is None:
        return False
    literals = one.number.digits and other.number.digits and one.percent == other.percent
    return bool(literals) and one.number.exact == other.number.exact


def _shape(text: str) -> Counter[str]:
    """Count the numbers, names and operators of a text, ignoring their order."""
    return Counter(PART.findall(text.replace(r"\frac", "/")))


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


def other_kind(gold: str, given: str) -> bool:
    """Whether the reference is a number and the answer is plain words without a number."""
    words = len(given) <= MAX_PLAIN_WORDS and PLAIN_WORDS.fullmatch(given) and not NUMBER_WORD.search(given)
    return bool(words and read_quantity(gold))


def worth_symbolic(reference: str, answer: str) -> bool:
    """Whether both texts are mathematics and the rules fail to read one or both."""
    if max(len(reference), len(answer)) > MAX_SYMBOLIC:
        return False
    texts = [normalise(text) for text in (reference, answer)]
    if JOINED.findall(texts[0]) != JOINED.findall(texts[1]):
        return False  # inequalities joined by "and" differ from inequalities joined by "or"
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
