"""Answers to yes-or-no and true-or-false questions."""

from __future__ import annotations

import re
from typing import NamedTuple

from gr_toolkit.verify.comparisons.letters import read_options

MAX_LENGTH = 500
WORDS = {"yes": True, "true": True, "correct": True, "no": False, "false": False, "incorrect": False}
INITIALS = {"t": True, "f": False, "y": True, "n": False}
WRAPPING = re.compile(r"\\(?:text\w*|math\w*|boxed|fbox|mbox)\s*\{([^{}]*)\}|[*_`$\"“”‘]")
ANSWER = re.compile(
    r"(?:(?:it is|it's|the (?:statement|answer|claim) is|answer:) )?(?P<word>[a-z]+)"
    r"(?P<rest>$|\s*[.,;:!—].*|\s+-\s.*|\s+(?:because|since|as)\b.*)",  # "true north" says nothing
    re.IGNORECASE | re.DOTALL,
)
# What takes the first word back, or puts a condition on it.
TAKEN_BACK = re.compile(
    r"\b(?:yes|no|true|false|correct|incorrect|right|wrong|not sure|or|but|however|although|unless|if|only"
    r"|when|except|maybe|perhaps|partly|partially|sometimes|depends|actually)\b|\?",
    re.IGNORECASE,
)
TRUE_OR_FALSE = re.compile(r"\btrue\b.{0,20}\bfalse\b|\bT\s*/\s*F\b|\byes\b.{0,10}\bno\b", re.IGNORECASE)


class Saying(NamedTuple):
    """What an answer says, whether by an initial alone, and whether a reason follows."""

    yes: bool
    initial: bool
    reasoned: bool


def compare_booleans(reference: str, answer: str, question: str = "") -> bool | None:
    """Whether the two say yes or no alike; None if either does not say so for certain.

    Only a bare reference can be met; one with its reason ("No, because ...") can only be missed.
    """
    if max(len(reference), len(answer)) > MAX_LENGTH:
        return None
    gold, given = _read(reference), _read(answer)
    if gold is None or given is None:
        return None
    # An F may be an option, or a force.
    if (gold.initial or given.initial) and read_options(question):
        return None
    if gold.initial and not TRUE_OR_FALSE.search(question[:MAX_LENGTH]):
        return None
    if gold.yes != given.yes:
        return False
    return None if gold.reasoned else True


def _read(text: str) -> Saying | None:
    match = ANSWER.fullmatch(WRAPPING.sub(lambda wrapping: wrapping[1] or "", text).strip())
    if match is None or TAKEN_BACK.search(match["rest"]):
        return None
    word, rest = match["word"].casefold(), match["rest"].strip(".,;:!— -\n")
    if word in INITIALS and not rest:
        return Saying(INITIALS[word], initial=True, reasoned=False)
    return Saying(WORDS[word], initial=False, reasoned=bool(rest)) if word in WORDS else None
