"""Compares answers to yes-or-no and true-or-false questions."""

from __future__ import annotations

import re
from typing import NamedTuple

from gr_toolkit.verify.question.options import read_options

MAX_LENGTH = 500  # characters
YES = "yes true correct sí sì oui vrai ja wahr richtig sim verdadero verdadeiro vero waar да 是 对 正确"
NO = "no false incorrect non faux nein falsch não nee falso onwaar нет 否 不是 错 错误 不正确"
WORDS = dict.fromkeys(YES.split(), True) | dict.fromkeys(NO.split(), False)
INITIALS = {"t": True, "f": False, "y": True, "n": False}
WRAPPING = re.compile(r"\\(?:text\w*|math\w*|boxed|fbox|mbox)\s*\{([^{}]*)\}|[*_`$\"“”‘]")
ANSWER = re.compile(
    r"(?:(?:it is|it's|the (?:statement|answer|claim) is|answer:) )?(?P<word>[^\W\d_]+)"
    r"(?P<rest>$|\s*[.,;:!—].*|\s+-\s.*|\s+(?:because|since|as)\b.*)",  # "true north" is not an answer
    re.IGNORECASE | re.DOTALL,
)
# Words that retract the first word or make it conditional.
RETRACTION = re.compile(
    r"\b(?:yes|no|true|false|correct|incorrect|right|wrong|not sure|or|but|however|although|unless|if|only"
    r"|when|except|maybe|perhaps|partly|partially|sometimes|depends|actually)\b|\?",
    re.IGNORECASE,
)
POLARITY = re.compile(rf"\b(not |n['’]t )?({'|'.join(WORDS)})\b", re.IGNORECASE)
# Words that make the yes or no of a sentence conditional, or negate it from afar.
CONDITION = re.compile(
    r"\b(?:if|only|unless|except|when|maybe|perhaps|part(?:ly|ially)|sometimes|depends|not|never|cannot|wrong"
    r"|however|but)\b|n['’]t\b|\?",
    re.IGNORECASE,
)
TRUE_OR_FALSE = re.compile(r"\btrue\b.{0,20}\bfalse\b|\bT\s*/\s*F\b|\byes\b.{0,10}\bno\b", re.IGNORECASE)


class BooleanAnswer(NamedTuple):
    """A yes or a no, whether it is written as an initial only, and whether a reason follows."""

    yes: bool
    initial: bool
    reasoned: bool


def compare_booleans(reference: str, answer: str, question: str = "") -> bool | None:
    """Return whether both mean yes or both mean no; None if either is uncertain.

    If the reference has a reason ("No, because ..."), the result is False or None, never True.
    """
    if max(len(reference), len(answer)) > MAX_LENGTH:
        return None
    gold, given = _read(reference), _read(answer)
    if gold is None or given is None:
        return None
    # "F" may be the letter of an option, or a force.
    if (gold.initial or given.initial) and read_options(question).texts:
        return None
    if gold.initial and not TRUE_OR_FALSE.search(question[:MAX_LENGTH]):
        return None
    if gold.yes != given.yes:
        return False
    return None if gold.reasoned else True


def closed_boolean(reference: str, answer: str) -> bool | None:
    """Decide an answer to a question with two answers in any case; None if the reference is neither."""
    gold, given = _read(reference), _read(answer)
    if gold is None:
        return None
    if given is not None:
        return gold.yes == given.yes
    answer = answer[:MAX_LENGTH]
    stated = {bool(match[1]) != WORDS[match[2].casefold()] for match in POLARITY.finditer(answer)}
    return stated == {gold.yes} and not CONDITION.search(POLARITY.sub("", answer))


def _read(text: str) -> BooleanAnswer | None:
    match = ANSWER.fullmatch(WRAPPING.sub(lambda wrapping: wrapping[1] or "", text).strip())
    if match is None or RETRACTION.search(match["rest"]):
        return None
    word, rest = match["word"].casefold(), match["rest"].strip(".,;:!— -\n")
    if word in INITIALS and not rest:
        return BooleanAnswer(INITIALS[word], initial=True, reasoned=False)
    return BooleanAnswer(WORDS[word], initial=False, reasoned=bool(rest)) if word in WORDS else None
