"""Compares lists, sets, tuples and named values, item by item."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gr_toolkit.verify.comparisons import Compare, all_same
from gr_toolkit.verify.comparisons.expressions import tree_of
from gr_toolkit.verify.quantities.quantity import read_quantity
from gr_toolkit.verify.question.order import Order, asked_names, order_of
from gr_toolkit.verify.reading.normalise import spelling
from gr_toolkit.verify.reading.structure import (
    EQUALS,
    FOR_ALL,
    NEXT_ENUMERATOR,
    SIGN,
    THOUSANDS,
    Collection,
    arranged,
    collection_of,
    comma_split,
    enclosed,
    groups_thousands,
    is_label,
    name_key,
    split,
)

AND = re.compile(r"\s*[,;]?\s+(?:and|or|&)\s+|\s*\\\\\s*|\s*;\s*|\s*,\s*(?:and|or)\s+", re.IGNORECASE)
OR = re.compile(r"\s*,?\s+or\s+", re.IGNORECASE)
INDEX = re.compile(r"_?\d+$")
DECIMAL_COMMA = re.compile(r"\d,\d")  # "1,5" may be one number
UNIT_VECTOR = re.compile(r"(?<![A-Za-z])[ijk](?![A-Za-z])|\\hat|\\vec")


def compare_collections(reference: str, answer: str, question: str, compare: Compare) -> bool | None:
    """Return whether two answers of several items are the same; None if undecided, or if neither has several.

    `compare` judges one pair of items. Tuples are compared by position, and items with the same names by
    name. In another order, the items of a list are the same if the question leaves their order free, and
    different if it binds the order. Where commas may group thousands, a no needs every reading.
    """
    decisions = [
        _compare_read(reference, answer, gold, given, question, compare)
        for gold in _readings(reference)
        for given in _readings(answer)
    ]
    return None if decisions[0] is False and set(decisions) != {False} else decisions[0]


def _compare_read(
    reference: str,
    answer: str,
    gold: Collection | None,
    given: Collection | None,
    question: str,
    compare: Compare,
) -> bool | None:
    if gold is None and given is None:
        return None
    if gold is None or given is None:
        return _one_against_several(reference, answer, gold, given)
    kinds = {gold.kind, given.kind}
    if len(kinds) == 2 and "tuple" in kinds:
        other = given if gold.kind == "tuple" else gold
        if other.kind == "set" or any(enclosed(item) for item in other.items):
            return None
    gold, given = _in_the_same_order(gold, given, question)
    if len(gold.items) != len(given.items):
        return False if are_values(gold.items + given.items) and not _repeats(gold, given) else None
    in_order = all_same(compare(*pair) for pair in zip(gold.items, given.items, strict=True))
    brackets = {gold.brackets, given.brackets}
    if in_order and len(gold.items) == 2 and len(brackets) == 2 and "" not in brackets:
        return None  # (0, 9) and [0, 9) may be two different intervals
    pairs = zip(gold.names, given.names, strict=True)
    if any(name and other and name_key(name) != name_key(other) for name, other in pairs):
        # The names do not match, so only an item without a match decides.
        return False if _each_found(gold.items, given.items, compare) is False else None
    if in_order or "tuple" in kinds:
        return in_order
    found = _each_found(gold.items, given.items, compare)
    meaning: dict[Order, bool | None] = {"free": True, "bound": False, "unknown": None}
    return meaning[_order(gold, given, question)] if found else found


def _order(gold: Collection, given: Collection, question: str) -> Order:
    """Whether the order of the items matters, by their names and by the question."""
    asked = order_of(question, len(gold.items))
    names = {name_key(name) for name in (*gold.names, *given.names)}
    if gold.kind == "set":
        return "free"
    if any(enclosed(item) for item in gold.items) or (len(names) == 1 and names != {""}):
        return "free" if asked != "bound" else "unknown"  # tuples, or values of one name: x = 2 or x = -5
    if names == {""} or len({INDEX.sub("", name) for name in names - {""}}) == 1:
        return asked  # without names, or as x_1 and x_2
    return "bound" if "" not in names or asked == "bound" else "unknown"


def _readings(text: str) -> list[Collection | None]:
    """The readings of an answer, the likelier first: commas may group thousands or separate items."""
    first = read_collection(text)
    if not THOUSANDS.search(text) or enclosed(text) is not None:
        return [first]
    other = read_collection(text, grouped=not groups_thousands(text))
    return [first] if first == other else [first, other]


def read_collection(text: str, grouped: bool | None = None) -> Collection | None:
    """Split a normalised answer into its items; None if it is a single value.

    `grouped` says whether commas group thousands; if it is None, the other separators in the text decide.
    """
    text = FOR_ALL.sub("", text)
    grouped = groups_thousands(text) if grouped is None else grouped
    sides = split(text, EQUALS)
    if len(sides) == 2:
        names, values = (comma_split(outer.inside if (outer := enclosed(side)) else side) for side in sides)
        outer = enclosed(sides[1])
        if (
            len(names) == len(values) > 1
            and all(map(is_label, names))
            and all(values)
            and not SIGN.search(text)
        ):
            return Collection(values, names, *(("tuple", outer[0] + outer[2]) if outer else ("list", "")))
        if outer and (enclosed(sides[0]) or (is_label(sides[0]) and "," in outer.inside)):
            text = sides[1]  # v = (1, 2)
    outer = enclosed(text)
    if outer is None and read_quantity(text) is not None:
        return None  # "38,875 lb" is one quantity
    kind = "list"
    if outer:
        kind = "set" if outer.opening in (r"\{", "{") else "tuple"
        text = outer.inside
        if "|" in text and kind == "set":
            return None
    elif len(split(text, OR)) > 1:
        kind = "set"
    text = NEXT_ENUMERATOR.sub(", ", text)
    parts = [piece for part in split(text, AND) for piece in comma_split(part, grouped) if piece]
    return collection_of(parts, kind, outer.opening + outer.closing if outer else "")


def _one_against_several(
    reference: str, answer: str, gold: Collection | None, given: Collection | None
) -> bool | None:
    """Compare several items with one value.

    The result is False if all are readable and the items are not all equal, else None.
    """
    several, one = (gold, answer) if gold is not None else (given, reference)
    assert several is not None
    if len(set(map(spelling, several.items))) < 2 or (several.kind == "tuple" and gold is not None):
        return None
    texts = reference + " " + answer
    decimal = several.kind != "set" and DECIMAL_COMMA.search(texts)
    unclear = "," in one or "$" in texts or decimal or UNIT_VECTOR.search(one)
    if unclear or not are_values([one, *several.items]) or _adds_up(several.items):
        return None
    return False


def _adds_up(items: Sequence[str]) -> bool:
    """Whether the items may add up to one quantity, as in "1 hour and 30 minutes" or "1 and 1/2"."""
    quantities = [quantity for item in items if (quantity := read_quantity(item))]
    return any(
        quantity.unit or quantity.thing or 0 < quantity.number.value < 1 for quantity in quantities[1:]
    )


def are_values(items: Sequence[str]) -> bool:
    """Whether all items are numbers, expressions or collections of their own."""
    return all(
        read_quantity(item) is not None or tree_of(item) is not None or enclosed(item) is not None
        for item in items
    )


def _repeats(gold: Collection, given: Collection) -> bool:
    """Whether either side lists a value twice, as some answers do for a double root."""
    return any(len(set(map(spelling, side.items))) != len(side.items) for side in (gold, given))


def _in_the_same_order(gold: Collection, given: Collection, question: str) -> tuple[Collection, Collection]:
    """Put the answer in the reference's order, if both have the same names.

    If only one of them has names, put it in the order in which the question asks for these names.
    """
    golds, givens = (list(map(name_key, side.names)) for side in (gold, given))
    if not any(golds) or not any(givens):
        asked = [name_key(name.split()[-1]) for name in asked_names(question, len(golds))]
        return arranged(gold, golds, asked), arranged(given, givens, asked)
    return gold, arranged(given, givens, golds)


def _each_found(gold: list[str], given: list[str], compare: Compare) -> bool | None:
    """Whether each item of `gold` has its own match in `given`; None if undecided."""
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
