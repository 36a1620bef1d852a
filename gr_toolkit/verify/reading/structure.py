"""The outermost structure of a normalised answer: brackets, list items, plus-minus signs and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

from gr_toolkit.verify.reading.normalise import spelling

BRACKETS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\langle": r"\rangle"}
CLOSING = frozenset(BRACKETS.values())
BRACKET = r"\\[{}]|\\[lr]angle\b|\\begin\b|\\end\b|[()\[\]{}]"
ANY_BRACKET = re.compile(BRACKET)
THOUSANDS = re.compile(r"(?<![\d,.])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)")
MAX_ITEMS = 64

# Items with a name: "(a) 0.011", "1) 5", "Minimum: 1", "the partial pressure of ethanol is 30.0 torr".
ENUMERATOR = re.compile(r"^\(?([a-h]|[ivx]{1,4}|\d)\)\s*(?=\S)")
NEXT_ENUMERATOR = re.compile(r"(?<=[\w}°%)])\s+(?=\([b-h]\)\s)")
NAMED = re.compile(r"^([^\W\d][^:=]{0,80}?)\s*(?::|=|\b(?:is|are|was|will be)\b)\s*(?=\S)")
FOR_ALL = re.compile(
    r"\s*,?\s*\b(?:for (?:all|every|any|some|each)\b[^,;]*?(?=,|;|\band\b|$)|where\b.*$)",
    re.IGNORECASE | re.DOTALL,
)

SIGN = re.compile(r"\\[pm][mp](?![A-Za-z])")
INEQUALITY = re.compile(r"[<>]|\\(?:le|ge|ne)\b")
EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
WITH_INDEX = r"\\?[A-Za-z]+'*(?:\s*_\s*(?:\{[^{}]*\}|\\?\w+))?(?:\^\{?-1\}?|\^\{?\([0-9a-z]+\)\}?)?"
# The name of an answer: x, x_1, m_{\max}, f^{-1}, \angle ABC, AB:BC, |AB|, "Cost".
NAME = re.compile(
    rf"{WITH_INDEX}|\\angle\s*[A-Z]{{1,3}}|\\(?:overline|d?dot|bar)\{{[^{{}}]*\}}|[A-Za-z ]{{3,40}}"
    r"|\|\s*[A-Z]{2}\s*\||\\frac\s*\{\s*[A-Z]{1,3}\s*\}\s*\{\s*[A-Z]{1,3}\s*\}"
    r"|[A-Z]{1,3}(?:_\{?\w+\}?)?\s*[:/]\s*[A-Z]{1,3}(?:_\{?\w+\}?)?"
)
DERIVATIVE = re.compile(
    r"\\frac\s*\{\s*(?:d|\\partial\b)[^{}+*/-]{0,20}\}\s*\{\s*(?:d"
    r"|\\partial\b)[^{}+*/-]{1,20}\}(?:\(\w+\))?|d\w/d\w"
)
# An operation, such as a limit, whose result is the other side.
OPERATION = re.compile(r"\\(?:lim|sum|prod|det|max|min|sup|inf|i*int|oint)(?![A-Za-z])")
INTEGRAL = re.compile(r"\\(?:i*int|oint)(?![A-Za-z])")
DIFFERENTIAL = re.compile(r"d\s*\\?[A-Za-z]+$")
PLUS = re.compile(r"[-+]")
HEAD = re.compile(rf"({WITH_INDEX}|\\mathbb\{{[EP]\}})\s*(?=[(\[])")
FUNCTIONS_OF_SUMS = frozenset("fghFGHPEVT")  # f(x+1) is a function, but x(x+1) is a product
SYMBOLS = re.compile(r"\s*\\?[A-Za-z]+(?:_\{?\w+\}?)?'*(?:\s*[,|]\s*\\?[A-Za-z]+(?:_\{?\w+\}?)?'*)*\s*")
NUMBERS = re.compile(r"\s*[-+]?[\d.]+(?:\s*,\s*[-+]?[\d.]+)*\s*")
DENIAL = re.compile(r"\b(?:not|wrong|no|never)\b", re.IGNORECASE)


class Collection(NamedTuple):
    """The items of an answer, the name of each (empty if it has none), and the kind of collection."""

    items: list[str]
    names: list[str]
    kind: str  # tuple | set | list
    brackets: str = ""


class Enclosed(NamedTuple):
    """Text inside a pair of brackets, which may be of two kinds, as in a half-open interval: [0, 1)."""

    opening: str
    inside: str
    closing: str


def enclosed(text: str) -> Enclosed | None:
    """Return the brackets around the whole text and the text inside; None if no pair encloses all of it."""
    for opening in (r"\{", r"\langle", "(", "[", "{"):
        if text.startswith(opening):
            end = _closing(text, len(opening))
            if end is None or end[1] != len(text):
                return None
            return Enclosed(opening, text[len(opening) : end[0]].strip(), text[end[0] : end[1]].strip())
    return None


def _closing(text: str, start: int) -> tuple[int, int] | None:
    """The span of the bracket that closes the bracket just before `start`, or None."""
    depth = 1
    for match in ANY_BRACKET.finditer(text, start):
        if match.group() in BRACKETS:
            depth += 1
        elif match.group() in CLOSING:
            depth -= 1
            if not depth:
                return match.span()
    return None


def split(text: str, separator: re.Pattern[str]) -> list[str]:
    """Split a text at each separator outside brackets; return the whole text if there is none."""
    if not separator.search(text):
        return [text.strip()]
    parts, depth, start = [], 0, 0
    for match in _separators_and_brackets(separator).finditer(text):
        piece = match.group()
        if piece in BRACKETS or piece == r"\begin":
            depth += 1
        elif piece in CLOSING or piece == r"\end":
            depth = max(0, depth - 1)
        elif not depth and match["separator"]:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    return [*parts, text[start:].strip()]


@cache
def _separators_and_brackets(separator: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(f"{BRACKET}|(?P<separator>{separator.pattern})", separator.flags)


def comma_split(text: str, grouped: bool | None = None) -> list[str]:
    """Split a text at commas and semicolons outside brackets.

    If `grouped`, a comma between a digit and three digits groups thousands: "5, 1,234" is two numbers. If it
    is None, commas group thousands only where the text shows another separator or has a word.
    """
    if grouped is None:
        grouped = groups_thousands(text)
    if not grouped:
        return split(text, COMMA)
    text = THOUSANDS.sub(lambda number: number.group().replace(",", HIDDEN_COMMA), text)
    return [part.replace(HIDDEN_COMMA, ",") for part in split(text, COMMA)]


def groups_thousands(text: str) -> bool:
    """Whether commas in a text group thousands, because it separates its items otherwise or has a word."""
    return OTHER_SEPARATOR.search(text) is not None


COMMA = re.compile(r"\s*[,;]\s*")
HIDDEN_COMMA = "\u2009"  # a space that normalised text does not have
OTHER_SEPARATOR = re.compile(r",\s|;|[A-Za-z]{2}|[$€£]")


def choices(text: str) -> Iterator[str]:
    """Yield the text with the upper sign of each plus-minus, then the lower; unchanged if it has none."""
    if r"\pm" not in text and r"\mp" not in text:
        yield text
        return
    for plus, minus in (("+", "-"), ("-", "+")):
        yield text.replace(r"\pm", plus).replace(r"\mp", minus)


def is_label(text: str) -> bool:
    """Whether the left side of an equation only names the right side: x, f(x), "Cost", a limit."""
    text = text.strip().removeprefix("only ").strip()
    return not DENIAL.search(text) and bool(NAME.fullmatch(text) or is_result(text))


def is_result(text: str) -> bool:
    """Whether a text is a function of arguments, a derivative, or an operation such as a limit."""
    operation = OPERATION.match(text)
    if operation is not None:
        integral = INTEGRAL.match(text) and DIFFERENTIAL.search(text[-10:])
        return integral is not None or len(split(text, PLUS)) == 1
    return bool(DERIVATIVE.fullmatch(text)) or head(text) is not None


def head(text: str) -> Enclosed | None:
    """Read a function with its arguments, such as x(t), P(X=2) or E[X]; None for any other text.

    `opening` is its name, and `inside` its arguments. x(x+1) is a product.
    """
    start = HEAD.match(text)
    outer = enclosed(text[start.end() :]) if start else None
    if start is None or outer is None:
        return None
    name = start[1].strip()
    call = (
        name[0] in FUNCTIONS_OF_SUMS
        or len(name) > 2
        or SYMBOLS.fullmatch(outer.inside)
        or NUMBERS.fullmatch(outer.inside)
    )
    return Enclosed(name, outer.inside, outer.closing) if call and outer.inside else None


def expanded(items: list[str], kind: str) -> list[str]:
    """Expand plus-minus signs: an item to two items, or a tuple to one tuple for each choice of signs."""
    if kind == "tuple" and any(r"\mp" in item for item in items):  # its sign depends on that of \pm
        return [f"({one})" for one in choices(", ".join(items))]
    if kind == "tuple" and any(r"\pm" in item for item in items):
        return [f"({', '.join(chosen)})" for chosen in product(*(list(choices(item)) for item in items))]
    return [choice for item in items for choice in choices(item)]


def name_and_value(part: str) -> tuple[str, str]:
    """Split an item such as "(a) 5" or "Mean: 4" into name and value; the name may be empty."""
    enumerated = ENUMERATOR.match(part)
    if enumerated:
        return enumerated[1], part[enumerated.end() :]
    named = NAMED.match(part)
    if named and len(split(part, EQUALS)) <= 2:
        return " ".join(named[1].split()), part[named.end() :].strip()
    return "", part


def name_key(name: str) -> str:
    """Normalise a name: "the Mean" becomes "mean", I_{1} becomes I_1."""
    return spelling(re.sub(r"^(?:the|its)\s+|[{}]", "", name, flags=re.IGNORECASE))


def collection_of(parts: list[str], kind: str, brackets: str) -> Collection | None:
    """Return the collection with these parts; None if they are a single value or inequalities."""
    if any(INEQUALITY.search(part) for part in parts):
        return None  # between inequalities, "and" and "or" mean different things
    signs = any(map(SIGN.search, parts))
    several = len(parts) > 1 or signs or kind == "set"
    if not parts or not several or len(parts) > MAX_ITEMS:
        return None
    names, items = zip(*(name_and_value(part) for part in parts), strict=True)
    if len(names) > 1 and names[0] and not any(names[1:]):
        names = ("",) * len(names)  # x = 1, 2
    if kind == "tuple" and 2 ** sum(map(bool, map(SIGN.search, items))) > MAX_ITEMS:
        return None
    values = expanded(list(items), kind)
    if len(values) > MAX_ITEMS:
        return None
    if len(values) != len(items):
        names = ("",) * len(values)
    if signs and kind != "set":
        return Collection(values, list(names), "set")
    return Collection(values, list(names), kind, brackets)


def arranged(side: Collection, names: list[str], order: list[str]) -> Collection:
    """Put a collection with these names in another order of the names; unchanged if `order` has others."""
    if not all(names) or len(set(names)) < len(names) or sorted(names) != sorted(order):
        return side
    moved = [names.index(name) for name in order]
    return side._replace(items=[side.items[at] for at in moved], names=[side.names[at] for at in moved])
