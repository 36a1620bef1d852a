"""Lists, sets, tuples and named values, item by item."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

from verify.comparisons.equations import EQUALS, is_label
from verify.comparisons.expressions import tree_of
from verify.comparisons.quantities import read_quantity
from verify.normalise import spelling
from verify.structure import MAX_ITEMS, choices, comma_split, enclosed, split

Compare = Callable[[str, str], bool | None]

AND = re.compile(r"\s*[,;]?\s+(?:and|or|&)\s+|\s*\\\\\s*|\s*;\s*|\s*,\s*(?:and|or)\s+", re.IGNORECASE)
# "(a) 0.011", "1) 5", "Minimum: 1", "the partial pressure of ethanol is 30.0 torr"
ENUMERATOR = re.compile(r"^\(?([a-h]|[ivx]{1,4}|\d)\)\s*(?=\S)")
NEXT_ENUMERATOR = re.compile(r"(?<=[\w}°%)])\s+(?=\([b-h]\)\s)")
NAMED = re.compile(r"^([^\W\d][^:=]{0,80}?)\s*(?::|=|\b(?:is|are|was|will be)\b)\s*(?=\S)")
# The function of a list: (f(n), g(n)) = (n, 1)
# Where the question names what it wants in an order, a list in another order may say something else.
IN_ORDER = re.compile(
    r"respectively|\b(?:find|determine|what are|values? of|solve for|compute|calculate)\b[^.?]{0,40}?"
    r"(?<!\w)\$?[b-hj-z]\$?,? and \$?[b-hj-z](?!\w)",
    re.IGNORECASE,
)
DECIMAL_COMMA = re.compile(r"[+-]?[\d.]+,\d+")  # may be one number
FOR_ALL = re.compile(
    r"\s*,?\s*\b(?:for (?:all|every|any|some|each)\b[^,;]*?(?=,|;|\band\b|$)|where\b.*$)",
    re.IGNORECASE | re.DOTALL,
)


class Collection(NamedTuple):
    """The items of an answer, their names (empty where they have none), and whether their order matters."""

    items: list[str]
    names: list[str]
    kind: str  # tuple | set | list
    brackets: str = ""


def compare_collections(reference: str, answer: str, question: str, compare: Compare) -> bool | None:
    """Whether two answers of several parts are the same; None if neither has parts or it cannot be told.

    `compare` judges items. The order counts in tuples, where parts have names, and where the question says
    so; otherwise each item of one must be found in the other.
    """
    gold, given = read_collection(reference), read_collection(answer)
    if gold is None and given is None:
        return None
    if gold is None or given is None:
        return _one_against_several(reference, answer, gold, given)
    if gold.kind != given.kind and "tuple" in (gold.kind, given.kind):
        other = given if gold.kind == "tuple" else gold
        if other.kind == "set" or any(enclosed(item) for item in other.items):
            return None
    gold, given = _in_the_same_order(gold, given)
    if len(gold.items) != len(given.items):
        return False if _readable(gold.items + given.items) and not _repeats(gold, given) else None
    if any(
        len(name) == len(other) == 1 and name != other
        for name, other in zip(gold.names, given.names, strict=True)
    ):
        return None  # x and y are two things
    in_order = _all(compare(*pair) for pair in zip(gold.items, given.items, strict=True))
    if (
        in_order
        and len(gold.items) == 2
        and gold.brackets
        and given.brackets
        and gold.brackets != given.brackets
    ):
        return None  # (0, 9) may be an interval, and [0, 9) another
    if in_order or "tuple" in (gold.kind, given.kind) or _named_alike(gold, given):
        return in_order
    decision = _each_found(gold.items, given.items, compare)
    if decision and gold.kind == "list" and not any(enclosed(item) for item in gold.items):
        order_may_count = any(gold.names) != any(given.names) or IN_ORDER.search(question)
        return None if order_may_count else True
    return decision


def read_collection(text: str) -> Collection | None:
    """The parts of a normalised answer; None if it is one thing."""
    text = FOR_ALL.sub("", text)
    sides = split(text, EQUALS)
    if len(sides) == 2 and enclosed(sides[0]) and enclosed(sides[1]):
        text = sides[1]  # (x, y) = (1, 2)
    elif len(sides) == 2 and is_label(sides[0]) and "," not in sides[0]:
        outer = enclosed(sides[1])
        listed = AND.search(sides[1]) is None and len(comma_split(sides[1])) > 1
        if listed or (outer and "," in outer.inside):
            text = sides[1]  # x = 1, 2
    outer = enclosed(text)
    if outer is None and read_quantity(text) is not None:
        return None  # "38,875 lb"
    text = NEXT_ENUMERATOR.sub(", ", text)
    kind = "list"
    if outer:
        kind = "set" if outer.opening in (r"\{", "{") else "tuple"
        text = outer.inside
        if "|" in text and kind == "set":
            return None
    parts = [piece for part in split(text, AND) for piece in comma_split(part)]
    parts = [part for part in parts if part]
    several = len(parts) > 1 or kind == "set" or any(r"\pm" in part or r"\mp" in part for part in parts)
    if not several or len(parts) > MAX_ITEMS or not parts:
        return None
    names, items = zip(*(_name_and_value(part) for part in parts), strict=True)
    expanded = _expanded(list(items), kind)
    if len(expanded) != len(items):
        names = ("",) * len(expanded)
    if len(expanded) > MAX_ITEMS:
        return None
    if kind == "tuple" and len(expanded) > 1 and any(r"\pm" in item for item in items):
        return Collection(expanded, list(names), "list")
    return Collection(expanded, list(names), kind, outer.opening + outer.closing if outer else "")


def _expanded(items: list[str], kind: str) -> list[str]:
    """Items with plus-minus signs as two; a tuple with such signs as all the tuples that it stands for."""
    if kind == "tuple" and any(r"\pm" in item for item in items):
        return [f"({', '.join(chosen)})" for chosen in product(*(list(choices(item)) for item in items))]
    return [choice for item in items for choice in choices(item)]


def _name_and_value(part: str) -> tuple[str, str]:
    enumerated = ENUMERATOR.match(part)
    if enumerated:
        return enumerated[1], part[enumerated.end() :]
    named = NAMED.match(part)
    if named and len(split(part, EQUALS)) <= 2:
        return " ".join(named[1].split()), part[named.end() :].strip()
    return "", part


def _one_against_several(
    reference: str, answer: str, gold: Collection | None, given: Collection | None
) -> bool | None:
    """No if both sides are mathematics and one of them is several different values."""
    several, one = (gold, answer) if gold is not None else (given, reference)
    assert several is not None
    if len(set(map(spelling, several.items))) < 2 or (several.kind == "tuple" and gold is not None):
        return None
    unclear = (
        "," in one or "$" in reference + answer or any(map(DECIMAL_COMMA.fullmatch, (reference, answer)))
    )
    if unclear or not _readable([one, *several.items]):
        return None
    return False


def _readable(items: Sequence[str]) -> bool:
    return all(
        read_quantity(item) is not None or tree_of(item) is not None or enclosed(item) is not None
        for item in items
    )


def _repeats(gold: Collection, given: Collection) -> bool:
    """Whether one names a value twice: a double root may be written once."""
    return any(len(set(map(spelling, side.items))) != len(side.items) for side in (gold, given))


def _named_alike(gold: Collection, given: Collection) -> bool:
    return all(gold.names) and gold.names == given.names


def _in_the_same_order(gold: Collection, given: Collection) -> tuple[Collection, Collection]:
    """Both sides by name, where both give the same names in another order."""
    if (
        all(gold.names)
        and sorted(gold.names) == sorted(given.names)
        and len(set(gold.names)) == len(gold.names)
    ):
        order = [given.names.index(name) for name in gold.names]
        given = given._replace(items=[given.items[place] for place in order], names=gold.names)
    return gold, given


def _all(decisions: object) -> bool | None:
    found = list(decisions)  # type: ignore[call-overload]
    if False in found:
        return False
    return None if None in found else True


def _each_found(gold: list[str], given: list[str], compare: Compare) -> bool | None:
    """Whether each item has a partner of its own; no if one can have none."""
    left = list(given)
    unsure = False
    for item in gold:
        decisions = [compare(item, other) for other in left]
        if True in decisions:
            del left[decisions.index(True)]
        elif None in decisions or any(compare(item, other) is not False for other in given):
            unsure = True
        else:
            return False
    return None if unsure else True
