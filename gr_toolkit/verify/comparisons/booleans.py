"""Compares answers to yes-or-no and true-or-false questions."""

from __future__ import annotations

import re
from typing import NamedTuple

from gr_toolkit.verify.comparisons.letters import read_options

MAX_LENGTH = 500  # characters
WORDS = {"yes": True, "true": True, "correct": True, "no": False, "false": False, "incorrect": False}
INITIALS = {"t": True, "f": False, "y": True, "n": False}
WRAPPING = re.compile(r"\\(?:text\w*|math\w*|boxed|fbox|mbox)\s*\{([^{}]*)\}|[*_`$\"“”‘]")
ANSWER = re.compile(
    r"(?:(?:it is|it's|the (?:statement|answer|claim) is|answer:) )?(?P<word>[a-z]+)"
    r"(?P<rest>$|\s*[.,;:!—].*|\s+-\s.*|\s+(?:because|since|as)\b.*)",  # "true north" is not an answer
    re.IGNORECASE | re.DOTALL,
)
# Words that retract the first word or make it conditional.
RETRACTION = re.compile(
    r"\b(?:yes|no|true|false|correct|incorrect|right|wrong|not sure|or|but|however|although|unless|if|only"
    r"|when|except|maybe|perhaps|partly|partially|sometimes|depends|actually)\b|\?",
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
    if (gold.initial or given.initial) and read_options(question):
        return None
    if gold.initial and not TRUE_OR_FALSE.search(question[:MAX_LENGTH]):
        return None
    if gold.yes != given.yes:
        return False
    return None if gold.reasoned else True


def _read(text: str) -> BooleanAnswer | None:
    match = ANSWER.fullmatch(WRAPPING.sub(lambda wrapping: wrapping[1] or "", text).strip())
    if match is None or RETRACTION.search(match["rest"]):
        return None
    word, rest = match["word"].casefold(), match["rest"].strip(".,;:!— -\n")
    if word in INITIALS and not rest:
        return BooleanAnswer(INITIALS[word], initial=True, reasoned=False)
    return BooleanAnswer(WORDS[word], initial=False, reasoned=bool(rest)) if word in WORDS else None
