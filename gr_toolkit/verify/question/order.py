"""What a question says about the order of the items that it asks for.

A question asks in clauses: "find ...", "what are ...". In each clause, this module reads what is asked for:
the words up to the first verb or preposition, and the words after "of" or "for". Several different names
there bind the order ("the mean and the variance", "the values of a and b"). One name for all items does not
("the roots", "all integers").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

Order = Literal["bound", "free", "unknown"]

MAX_CHARS = 2_000  # from the end of the question
MAX_CLAUSE = 300  # characters
MARKUP = re.compile(r"\$|\\[()\[\],;!]|\\(?:text|mathrm|mathbf|left|right|quad)\b|[{}*]")
SENTENCE = re.compile(r"(?:[^.?!\n;]|\.(?=\S))+")
INTERROGATIVE = r"what|which|who|where|when|how (?:many|much|long|far|old|fast)"
VERB = (
    r"find|determine|compute|calculate|evaluate|give|identify|enter|write|express|provide|solve|arrange"
    r"|select|choose"
    r"|specify|predict|separate"
)
ALSO_NOUN = r"state|list|name|order|place|report|estimate|round|rank|sort|put"
# An interrogative asks at the start of a sentence, or after "and" or a comma; in "for which" it does not.
# A verb that is also a noun asks at the start of a clause.
ASK = re.compile(
    rf"(?:^\s*(?:(?:for|in|at|on|of|from|with|by|to|under)\s)?|[,:)]\s*"
    rf"|\band\s)(?P<interrogative>{INTERROGATIVE})\b"
    rf"|\b(?P<verb>{VERB})\b"
    rf"|(?:^|[,:)]|\b(?:and|then|please|to|must|should)\b)\s*(?P<noun>{ALSO_NOUN})\b(?! (?:to|of)\b)",
    re.IGNORECASE,
)
LEADING = re.compile(
    r"^[\s,:]*(?:(?:for|is|are|was|were|be|will|would|do|does|can|one|out|also|me|us)\b\s*)*", re.IGNORECASE
)
END = re.compile(
    r"\b(?:that|which|such|when|where|whose|with|if|so|to|from|by|between|on|at|in|into|satisf\w+|given"
    r"|using|is|are|was"
    r"|were|be|has|have|does|do|did|will|would|can|must|as|than|after|before|during|under|when|while"
    r"|respectively|there"
    r"|they|it|we|you|makes?)\b|[:?=<>|]|(?<!\S)\(|\\in\b",
    re.IGNORECASE,
)
OF = re.compile(r"\b(?:of|for)\b", re.IGNORECASE)
JOINT = re.compile(r"\s*,\s*(?:and\b|&)?\s*|\s*(?:\band\b|&)\s*", re.IGNORECASE)
NAME = re.compile(r"(?:the |its |their |an? |values? )*\\?[^\W\d][^\s,]*(?: [^\s,]+){0,4}", re.IGNORECASE)
LISTED = re.compile(r"(?<![^\s])\(([^()]{3,80})\)")
SYMBOL = re.compile(r"(?:the )?\\?(?:[A-Za-z]|[a-z]{2,7}(?<=\\[a-z]{2})|(?<=\\)[a-z]{2,7})(?:_\w{1,3})?")
INDEX = re.compile(r"_?\d+$")
PARTICIPLES = re.compile(r"\b(?:is|are|was|were|be|being) \w+ed and \w+ed\W*$", re.IGNORECASE)
GENERIC = re.compile(
    r"\b(?:values?|name|constants?|coefficients?|parameters?|variables?|unknowns?|numbers?|integers?"
    r"|degrees|amounts?|names?"
    r"|lengths?|\w{3,}s)\b",
    re.IGNORECASE,
)
CARDINAL = re.compile(
    r"\b(?:two|three|four|five|six|\d+) (?!.*\b(?:unknowns|constants|coefficients)\b)", re.IGNORECASE
)
# The values tell which is which: the larger one is the maximum.
EXTREME = re.compile(
    r"\b(?:m(?:ax|in)\w*|small\w*|larg\w*|least|great\w*|low\w*|high\w*|short\w*|long\w*)\b", re.I
)

IN_ORDER = re.compile(
    r"\brespectively\b|\b(?:a|de)scending(?:ly)?\b|\bchronological\w*|\balphabetical\w*"
    r"|\b(?:in|into|by) (?:the |an? |their )?(?:(?!first|second|third|zero|any)[\w-]+ ){0,2}order\b"
    r"(?! to\b| of magnitude| reaction| kinetics)"
    r"|\border(?:ed)? (?:pair|triple|list|of (?:the )?(?:events|steps|stages|operations)|from)\b"
    r"|\bfrom (?:the )?(?:least|low\w*|small\w*|short\w*|light\w*|weak\w*|slow\w*|most|larg\w*|great\w*"
    r"|high\w*|long\w*|heav\w*|strong\w*|fast\w*|earl\w*|old\w*|young\w*|left|top|first|start) .{0,40}?\bto\b"
    r"|\b(?:first|next|last|initial) (?:\w+ )?"
    r"(?:two|three|four|five|six|seven|eight|nine|ten|few|several|\d+)\b",
    re.IGNORECASE,
)
ORDERED = re.compile(
    r"rank|arrange|sort|order"
    r"|(?:.* )?(?:sequence|order|steps|stages|phases|path(?:way)?|route|coordinates|vector|permutation)",
    re.IGNORECASE,
)
ANY_ORDER = re.compile(
    r"\b(?:any|no particular) order\b|\border (?:does|is|do) not\b|\border doesn't\b", re.IGNORECASE
)
QUANTIFIER = re.compile(r"\b(?:all|every|possible|any)\b", re.IGNORECASE)
KIND = re.compile(
    r"\b(?:roots?|zero(?:e?s)?|solutions?|factors?|divisors?|multiples|elements?|members|eigenvalues?"
    r"|sides|dimensions"
    r"|set|pairs|triples|quadruples|tuples|examples?|primes|intercepts?|asymptotes|extrema|intersect\w*"
    r"|types|kinds"
    r"|(?:critical|stationary|inflection) (?:points|numbers)|reasons|causes|which|integers|characteristics"
    r"|(?:real|natural|whole|rational|prime|complex|positive|negative|odd|even|two|three|consecutive) numbers"
    r"|features|properties|principles|symptoms|(?:dis)?advantages|components|products|reactants"
    r"|side lengths)\b",
    re.IGNORECASE,
)
BY_COMMAS = re.compile(r"\bby (?:a )?commas?\b|\bcomma[- ]separated\b", re.IGNORECASE)
FIRST_PART = re.compile(r"(?:^|\s)\(?(?:a|i|1)\)\s", re.IGNORECASE)
SECOND_PART = re.compile(r"\s\(?(?:b|ii|2)\)\s", re.IGNORECASE)


class Clause(NamedTuple):
    """One request of a question: its verb or interrogative, the text after it, and what the text names."""

    ask: str
    text: str
    head: str  # "the values" in "find the values of a and b"
    complement: str  # "a and b"


@lru_cache(maxsize=256)
def order_of(question: str, count: int) -> Order:
    """Return whether the question binds the order of `count` items, leaves it free, or says neither.

    A question that gives reasons for both is "unknown".
    """
    text = MARKUP.sub("", question[-MAX_CHARS:])
    if ANY_ORDER.search(text):
        return "free"
    sentences = SENTENCE.findall(text)
    found = {order for sentence in sentences for order in _orders_in(sentence, count)}
    if "bound" in found:
        return "unknown" if "free" in found else "bound"
    if IN_ORDER.search(text) or (FIRST_PART.search(text) and SECOND_PART.search(text)):
        return "unknown"
    return "free" if "free" in found or BY_COMMAS.search(text) else "unknown"


def asked_names(question: str, count: int) -> list[str]:
    """The names of the `count` things that a question asks for, in order; empty if it names no so many."""
    text = MARKUP.sub("", question[-MAX_CHARS:])
    clauses = (clause for sentence in SENTENCE.findall(text) for clause in _clauses(sentence))
    return next(filter(None, (names for clause in clauses for names in _both_names(clause, count))), [])


def _orders_in(sentence: str, count: int) -> Iterator[Order]:
    """Yield what each request of a sentence says about the order."""
    interrogatives = [ask for ask in ASK.finditer(sentence) if ask["interrogative"]]
    if len(interrogatives) == count > 1:  # "which one gains and which one loses"
        yield "bound"
        return
    for clause in _clauses(sentence):
        yield _order_in(clause, count)


def _clauses(sentence: str) -> Iterator[Clause]:
    sentence = " ".join(sentence.split())
    asks = list(ASK.finditer(sentence))
    for place, ask in enumerate(asks, start=1):
        end = asks[place].start() if place < len(asks) else len(sentence)
        rest = sentence[ask.end() : min(end, ask.end() + MAX_CLAUSE)]
        text = rest[LEADING.match(rest).end() :]  # type: ignore[union-attr]  # it also matches nothing
        target = next((part for part in END.split(text) if part.strip(" ,")), "")
        head, complement = (*OF.split(target, maxsplit=1), "")[:2]
        word = (ask["interrogative"] or ask["verb"] or ask["noun"]).casefold()
        yield Clause(word, text, head.strip(" ,"), OF.sub("", complement).strip(" ,"))


def _order_in(clause: Clause, count: int) -> Order:
    if IN_ORDER.search(clause.text) or ORDERED.fullmatch(clause.ask) or ORDERED.fullmatch(clause.head):
        return "bound"
    if clause.ask in ("what", "which", "who") and count == 2 and PARTICIPLES.search(clause.text):
        return "bound"
    names, of_names = _both_names(clause, count)
    if not names and not of_names:
        return "free" if _is_alike(clause) else "unknown"
    last_words = [name.split()[-1] for name in names or of_names]
    symbols = all(map(SYMBOL.fullmatch, last_words))
    alike = KIND.search(clause.head) and (symbols or not names)
    if alike and len({INDEX.sub("", word) for word in last_words}) == 1:
        return "free"  # the roots x_1 and x_2
    doubtful = alike or any(reason.search(clause.head) for reason in (QUANTIFIER, CARDINAL))
    return "unknown" if doubtful or sum(map(bool, map(EXTREME.search, names))) > 1 else "bound"


def _both_names(clause: Clause, count: int) -> tuple[list[str], list[str]]:
    """The names of `count` things at the head of a clause; and, if none are there, those after it."""
    if names := _names(clause.head, count):
        return names, []
    texts = [clause.complement] if clause.ask == "solve" or GENERIC.search(clause.head) else []
    texts += LISTED.findall(clause.text)
    return [], next(filter(None, (_names(text, count) for text in texts)), [])


def _names(text: str, count: int) -> list[str]:
    """The names of `count` different things that a text joins, in order; empty if it joins no such names."""
    parts = [part.strip() for part in JOINT.split(text) if part.strip()]
    different = len({part.casefold() for part in parts}) == count == len(parts)
    return parts if count > 1 and different and all(map(NAME.fullmatch, parts)) else []


def _is_alike(clause: Clause) -> bool:
    """Whether a clause asks for things of one kind or under one name, as the roots or the values of x."""
    alike = any(reason.search(clause.head) for reason in (QUANTIFIER, KIND))
    if clause.ask == "which" or alike or re.search(r"\bintersect", clause.text):
        return True
    if SYMBOL.fullmatch(clause.complement or clause.head):
        return (
            clause.ask == "solve" or not clause.complement or re.search(r"\bvalue", clause.head) is not None
        )
    equations = clause.text.count("=")
    return (
        clause.ask == "solve"
        and "system" not in clause.text
        and equations < 2
        and not JOINT.search(clause.head)
    )
