"""Reads what a response says after it stated an answer: that it is wrong, and which value replaces it."""

from __future__ import annotations

import re

from gr_toolkit.verify.extraction.phrases import sentence
from gr_toolkit.verify.extraction.statements import Statement

INTERJECTION = r"(?:oh|ah|hmm+|no|nope|oops|sorry|but|so|actually|wait|hold on|edit|update|correction)"
CLAUSE_END = r"(?=[\s*$]*(?:[.,;:!?)\n—–-]|\Z|\b(?:so|because|since|as|and|but)\b))"
NOT_RIGHT = (
    r"(?:wrong|incorrect|mistaken|false|a mistake|an error"
    r"|not (?:quite |the )?(?:right|correct|true|it|answer|right answer|correct answer))"
)
# A sentence that takes back what was stated directly before it.
DENIAL = re.compile(
    rf"[\s.,;:!?*$)\]}}\\]*(?:{INTERJECTION}\b[,.!—\s-]{{0,5}}){{0,3}}"
    r"(?:(?:(?:that|this|it|my (?:previous )?answer|the (?:above|previous|last)(?: answer| result)?)"
    r"(?:(?:(?:\s(?:is|was|seems|looks|must be)|['’]s)(?:\s(?:all|just|clearly|actually|completely))*\s"
    rf"{NOT_RIGHT})"
    r"|\s(?:can ?not|can['’]t) be (?:right|correct|true)|\s(?:isn|wasn)['’]t (?:quite )?(?:right|correct)"
    r"|\s(?:does not|doesn['’]t|did not|didn['’]t) (?:look|seem|sound|feel) (?:right|correct))"
    rf"|(?:is|was)\s{NOT_RIGHT}){CLAUSE_END}"
    r"|i (?:made|have made|think i made) (?:a|an)\s(?:\w+\s)?(?:mistake|error|slip)\b"
    r"|scratch that\b|i take (?:that|it) back\b"
    r"|(?:please )?(?:ignore|disregard) (?:that|this|it|the above|my (?:previous )?answer)\b)",
    re.IGNORECASE,
)
# The start of second thoughts, which may confirm the answer or not.
HESITATION = re.compile(
    rf"(?:\A|[.!?\n)\]}}$])[ \t*]{{0,10}}(?:{INTERJECTION}[,.! ]\s{{0,3}}){{0,3}}"
    r"(?:(?:wait|hold on|hang on|on second thought|oops|my mistake|my bad)\b"
    r"|let me (?:redo|reconsider|rethink|start over)\b)",
    re.IGNORECASE,
)
CONFIRMATION = re.compile(
    r"\b(?:yes|correct|right|confirm\w*|indeed|consistent|match(?:es)?|checks? out|verified|holds|fine|good"
    r"|great|same|ok(?:ay)?)\b|[✓✔]",
    re.IGNORECASE,
)
LETTER = r"\(?[A-HJ]\)?(?=[.,;!\s]*(?:\n|\Z)|[.,;!])"
# The words before a value that replaces the one stated before: "Wait, 42", "no, it should be 42".
CORRECTION = re.compile(
    rf"\b(?:wait|no|sorry|correction|actually|rather|i mean(?:t)?|oops|edit|update|make (?:that|it)"
    rf"|on second thought|scratch that)\b[,:.!\s-]{{0,5}}(?:{INTERJECTION}\b[,:.!\s]{{0,4}}){{0,3}}"
    r"(?:(?:it|that|this|the (?:\w+ )?(?:answer|result|value))(?:['’]s|\s(?:is|was|should (?:be|have been)"
    rf"|must be|equals))\s)?(?=[-+]?[$\\(]{{0,2}}\d|\\|{LETTER})"
    r"|\b(?:it|that|the (?:\w+ )?(?:answer|result|value)) should (?:be|have been)\s",
    re.IGNORECASE,
)
# A value that ends the response, after second thoughts: "It is 51.", "The sum is therefore 42."
NEW_VALUE = re.compile(
    r"(?:\b(?:is|are|gives?|equals?|get|was|makes)\b|=)\s*(?:then|thus|therefore|now|actually|really)?\s*"
    r"(\$?[-+−]?\d[\d.,/]*(?:\s?%|\s[a-z]{1,12})?\$?)[\s.!*)]*\Z",
    re.IGNORECASE,
)
INSTEAD_OF = re.compile(r",?\s(?:not|instead of|rather than)\s", re.IGNORECASE)
MAX_CORRECTION = 60  # characters
ENDING = 200  # characters at the end that are searched for a new value


def correction(text: str) -> Statement | None:
    """Return the last value in a text that replaces the one stated before the text, or None."""
    last = next(reversed(list(CORRECTION.finditer(text))), None)
    stated, end = sentence(text, last.end(), len(text)) if last else ("", 0)
    value = INSTEAD_OF.split(stated, maxsplit=1)[0]
    value = value.partition("=")[2].strip() if value.count("=") == 1 else value
    if not last or not 0 < len(value) <= MAX_CORRECTION:
        return None
    return Statement(last.start(), end, value, "phrase")


def reconsidered(content: str, rest: str) -> str | None:
    """Return a stated content as the text after it leaves it: the new value, or None if it is retracted."""
    hesitation = HESITATION.search(rest)
    denied = DENIAL.match(rest) or (hesitation and DENIAL.match(rest, hesitation.start()))
    if not denied and hesitation is None:
        return content
    thoughts = rest[hesitation.end() if hesitation else 0 :]
    if not denied and (CONFIRMATION.search(thoughts) or thoughts.rstrip(" \n.!*$)").endswith(content)):
        return content
    new = NEW_VALUE.search(rest, max(0, len(rest) - ENDING))
    return new[1].strip("$").rstrip(".,") if new else None
