"""What a question says about the precision and the scale of a number: rounded, counted, a percentage."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

MAX_CHARS = 4_000  # from the end of the question

ROUNDED = re.compile(
    r"\bround(?:ed|ing)?\b|\bnearest\b|\bapproximat\w*|\bestimat\w*|\babout how\b|\broughly\b"
    r"|\bdecimal places?\b"
    r"|\bdecimals\b|\bsignificant (?:figures?|digits?)\b|\b[1-6] (?:d\.?p|s\.?f)\b",
    re.IGNORECASE,
)
EXACT = re.compile(
    r"\bhow many\b|\b(?:the|total|smallest|largest|least|greatest) (?:\w+ )?(?:number|integer|digit"
    r"|remainder|year)\b"
    r"|\bremainder\b|\binteger\b|\bwhole number\b|\bwhat year\b|\bwhich year\b|\bcount\b|\bexact\w*"
    r"|\bevaluate\b"
    r"|\bcompute\b|\bfind \$?[A-Za-z](?:\s*[-+*]\s*[A-Za-z]){0,3}\$?\s*(?:[.?]|$)|\bgcd\b|\blcm\b|\bprime\b",
    re.IGNORECASE,
)
# A count of things that are measured, not counted: "how many meters".
MEASURED = re.compile(
    r"\bhow many (?:\w+ )?(?:kilo|centi|milli|micro)?(?:met(?:er|re)|lit(?:er|re)|gram|joule|watt|volt"
    r"|newton|pascal"
    r"|calorie|mole|second|minute|hour|degree|radian|inch|feet|foot|mile|yard|pound|ounce|gallon|kg|km|cm"
    r"|mm|mL|hz)",
    re.IGNORECASE,
)
PERCENT = re.compile(r"%|\bper ?cent(?:age)?s?\b", re.IGNORECASE)
ASKS_PERCENT = re.compile(
    r"\b(?:what|which|how (?:many|much)|(?:a|the|as a|in) )\s?(?:is the )?per ?cent(?:age)?\b", re.I
)
PROPORTION = re.compile(
    r"\b(?:probabilit\w+|fraction|proportion|chance|as a decimal|likelihood|odds|ratio)\b", re.I
)
DIFFERENCE = re.compile(
    r"\b(?:differen(?:ce|tial)|change[sd]?|rise[sn]?|rose|raised?|drop(?:s|ped)?|falls?|fell|increase[sd]?"
    r"|decrease[sd]?"
    r"|elevat\w+|depress\w+|by how m(?:any|uch)|(?:warm|cold|hott|cool)er|gradient|interval|range|swing)\b"
    r"|\\Delta\s*\{?T|Δ\s*T|\bdelta\W?T\b",
    re.IGNORECASE,
)


class Asked(NamedTuple):
    """What a question asks for: a rounded or an exact number, a percentage or a proportion, a difference."""

    rounded: bool
    exact: bool
    percent: bool
    proportion: bool
    difference: bool


@lru_cache(maxsize=256)
def asked_precision(question: str) -> Asked:
    """Read the end of a question, where it asks."""
    text = question[-MAX_CHARS:]
    rounded = bool(ROUNDED.search(text))
    return Asked(
        rounded=rounded,
        exact=bool(EXACT.search(text)) and not rounded and not MEASURED.search(text),
        percent=bool(ASKS_PERCENT.search(text)),
        proportion=bool(PROPORTION.search(text)),
        difference=bool(DIFFERENCE.search(text)),
    )
