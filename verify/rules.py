"""The cheap rules of the cascade. Each says yes, no, or abstains (None); the first that does not decides.

A generic match may only say yes; no is left to comparisons that understand what they compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from verify.normalise import normalise
from verify.numbers import compare_numbers, parse_quantity
from verify.verdict import Verdict

MAX_ANSWER = 2_000  # characters; a longer "answer" is not a final answer, and no rule reads it
ONE_LETTER = re.compile(r"\(?([a-j])\)?", re.IGNORECASE)
# The letter alone or before the option's text, which names no other option and takes nothing back.
LETTER = re.compile(
    r"(?:option )?(?:\(?([a-j])\)?|\(?([a-j])[).:] (?!.*\b(?:or|not|wrong|incorrect|[b-j])\b).*)",
    re.IGNORECASE | re.DOTALL,
)
# Words that may stand for a number, in an answer without a digit.
NUMBER_WORD = re.compile(
    r"\b(?:zero|no\b|none|nil|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty"
    r"|fifty|hundred|thousand|[mb]illion|dozen|half|halves|third|quarter|fourth|fifth|single|double|triple"
    r"|twice|once|pair|pi\b|infinit|\w+teen)",
    re.IGNORECASE,
)
PLAIN_WORDS = re.compile(r"[a-z .,'’-]*[a-z]{3}[a-z .,'’-]*", re.IGNORECASE)
BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}


def decide_by_rules(reference: str, answer: str) -> Verdict:
    """The verdict of the first rule that does not abstain. Total: any text in, a verdict out."""
    if not reference.strip() or len(reference) > MAX_ANSWER:
        return Verdict(None, "rules", "no short reference answer")
    if not answer.strip() or len(answer) > MAX_ANSWER:
        return Verdict(False, "no answer", "empty" if not answer.strip() else "too long for an answer")
    gold, given = normalise(reference), normalise(answer)
    for name, rule in RULES.items():
        decision = rule(gold, given)
        if decision is not None:
            return Verdict(decision, name, f"{given!r} against {gold!r}", 1.0)
    return Verdict(None, "rules", "every rule abstained")


def same_text(reference: str, answer: str) -> bool | None:
    """Yes if the two are one text after normalisation; never no."""
    return True if reference == answer else None


def same_letter(reference: str, answer: str) -> bool | None:
    """The option letter of a multiple-choice question."""
    gold, given = ONE_LETTER.fullmatch(reference), LETTER.fullmatch(answer)
    if gold is None or given is None:
        return None
    return gold[1].casefold() == (given[1] or given[2]).casefold()


def same_boolean(reference: str, answer: str) -> bool | None:
    """Yes and true are one answer, no and false the other."""
    gold, given = BOOLEANS.get(reference.casefold()), BOOLEANS.get(answer.casefold())
    return None if gold is None or given is None else gold == given


def other_kind(reference: str, answer: str) -> bool | None:
    """No if a number is asked for and the answer is plain words without one; never yes."""
    if parse_quantity(reference) is None or not PLAIN_WORDS.fullmatch(answer):
        return None
    return None if NUMBER_WORD.search(answer) else False


RULES: dict[str, Callable[[str, str], bool | None]] = {
    "text": same_text,
    "letter": same_letter,
    "boolean": same_boolean,
    "number": compare_numbers,
    "kind": other_kind,
}
