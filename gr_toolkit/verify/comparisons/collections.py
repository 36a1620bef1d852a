"""Compares lists, sets, tuples and named values, item by item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from gr_toolkit.verify.comparisons import Compare, all_same
from gr_toolkit.verify.comparisons.equations import EQUALS, is_label
from gr_toolkit.verify.comparisons.expressions import tree_of
from gr_toolkit.verify.comparisons.quantities import read_quantity
from gr_toolkit.verify.reading.normalise import spelling
from gr_toolkit.verify.reading.structure import MAX_ITEMS, choices, comma_split, enclosed, split

AND = re.compile(r"\s*[,;]?\s+(?:and|or|&)\s+|\s*\\\\\s*|\s*;\s*|\s*,\s*(?:and|or)\s+", re.IGNORECASE)
# Items with a name: "(a) 0.011", "1) 5", "Minimum: 1", "the partial pressure of ethanol is 30.0 torr".
ENUMERATOR = re.compile(r"^\(?([a-h]|[ivx]{1,4}|\d)\)\s*(?=\S)")
NEXT_ENUMERATOR = re.compile(r"(?<=[\w}°%)])\s+(?=\([b-h]\)\s)")
NAMED = re.compile(r"^([^\W\d][^:=]{0,80}?)\s*(?::|=|\b(?:is|are|was|will be)\b)\s*(?=\S)")
# The order of the items does not matter if the question matches ALL_OF_THEM, or ANY_ORDER and not IN_ORDER.
ALL_OF_THEM = re.compile(
    r"\b(?:find|determine|list|give|name|identify|state|enter|what are) (?:all|every)\b|\bpossible\b"
    r"|by commas",
    re.IGNORECASE,
)
ANY_ORDER = re.compile(
    r"\b(?:roots?|zeros?|solutions?|solve|factors?|divisors?|elements|which|set of|eigenvalues|sides"
    r"|values? of \$?[a-z]\$?(?! and|,)|intersect\w*|what are the|pairs?|triples?|quadruples?|examples?"
    r"|dimensions)\b",
    re.IGNORECASE,
)
IN_ORDER = re.compile(
    r"in (?:the )?(?:\w+ )?order|ascending|descending|increasing|decreasing|rank|arrange|steps"
    r"|(?<!\w)\$?[b-hj-z]\$?,? and \$?[b-hj-z](?!\w)",
    re.IGNORECASE,
)
RELATION = re.compile(r"[<>]|\\(?:le|ge|ne)\b")
DECIMAL_COMMA = re.compile(r"\d,\d")  # "1,5" may be one number
UNIT_VECTOR = re.compile(r"(?<![A-Za-z])[ijk](?![A-Za-z])|\\hat|\\vec")
FOR_ALL = re.compile(
    r"\s*,?\s*\b(?:for (?:all|every|any|some|each)\b[^,;]*?(?=,|;|\band\b|$)|where\b.*$)",
    re.IGNORECASE | re.DOTALL,
)


class Collection(NamedTuple):
    """The items of an answer, the name of each (empty if it has none), and the kind of collection."""

    items: list[str]
    names: list[str]
    kind: str  # tuple | set | list
    brackets: str = ""


def compare_collections(reference: str, answer: str, question: str, compare: Compare) -> bool | None:
    """Return whether two answers of several items are the same; None if undecided, or if neither has several.

    `compare` judges one pair of items. Tuples are compared by position, and items with the same names by
    name. If the order does not matter, as in sets, each item must have a match in the other answer. If the
    order may matter, a different order is undecided.
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
    pairs = zip(gold.names, given.names, strict=True)
    other_names = any(name and other and _key(name) != _key(other) for name, other in pairs)
    in_order = all_same(compare(*pair) for pair in zip(gold.items, given.items, strict=True))
    if (
        in_order
        and len(gold.items) == 2
        and gold.brackets
        and given.brackets
        and gold.brackets != given.brackets
    ):
        return None  # (0, 9) and [0, 9) may be two different intervals
    if other_names:  # the names do not match, so only an item without a match decides
        return False if _each_found(gold.items, given.items, compare) is False else None
    if in_order or "tuple" in (gold.kind, given.kind) or _named_alike(gold, given):
        return in_order
    decision = _each_found(gold.items, given.items, compare)
    of_sets = gold.kind == "set" or any(enclosed(item) for item in gold.items)
    named = any(gold.names) or any(given.names)
    return None if decision and not (of_sets or (not named and _any_order(question))) else decision


def _any_order(question: str) -> bool:
    """Whether the question accepts the items in any order."""
    if "respectively" in question:
        return False
    if ALL_OF_THEM.search(question):
        return True
    return bool(ANY_ORDER.search(question)) and not IN_ORDER.search(question)


def read_collection(text: str) -> Collection | None:
    """Split a normalised answer into its items; None if it is a single value."""
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
        return None  # "38,875 lb" is one quantity
    text = NEXT_ENUMERATOR.sub(", ", text)
    kind = "list"
    if outer:
        kind = "set" if outer.opening in (r"\{", "{") else "tuple"
        text = outer.inside
        if "|" in text and kind == "set":
            return None
    parts = [piece for part in split(text, AND) for piece in comma_split(part)]
    parts = [part for part in parts if part]
    if any(RELATION.search(part) for part in parts):
        return None  # between inequalities, "and" and "or" mean different things
    several = len(parts) > 1 or kind == "set" or any(r"\pm" in part or r"\mp" in part for part in parts)
    if not several or len(parts) > MAX_ITEMS or not parts:
        return None
    names, items = zip(*(_name_and_value(part) for part in parts), strict=True)
    expanded = _expanded(list(items), kind)
    if len(expanded) != len(items):
        names = ("",) * len(expanded)
    if len(expanded) > MAX_ITEMS:
        return None
    if kind != "set" and any(r"\pm" in item or r"\mp" in item for item in items):
        return Collection(expanded, list(names), "set")
    return Collection(expanded, list(names), kind, outer.opening + outer.closing if outer else "")


def _expanded(items: list[str], kind: str) -> list[str]:
    """Expand plus-minus signs: an item to two items, or a tuple to one tuple for each choice of signs."""
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
    """Compare several items with one value.

    The result is False if all are readable and the items are not all equal, else None.
    """
    several, one = (gold, answer) if gold is not None else (given, reference)
    assert several is not None
    if len(set(map(spelling, several.items))) < 2 or (several.kind == "tuple" and gold is not None):
        return None
    texts = reference + " " + answer
    unclear = "," in one or "$" in texts or DECIMAL_COMMA.search(texts) or UNIT_VECTOR.search(one)
    if unclear or not _readable([one, *several.items]) or _adds_up(several.items):
        return None
    return False


def _adds_up(items: Sequence[str]) -> bool:
    """Whether the items may add up to one quantity, as in "1 hour and 30 minutes" or "1 and 1/2"."""
    quantities = [quantity for item in items if (quantity := read_quantity(item))]
    return any(
        quantity.unit or quantity.thing or 0 < quantity.number.value < 1 for quantity in quantities[1:]
    )


def _readable(items: Sequence[str]) -> bool:
    return all(
        read_quantity(item) is not None or tree_of(item) is not None or enclosed(item) is not None
        for item in items
    )


def _repeats(gold: Collection, given: Collection) -> bool:
    """Whether either side lists a value twice, as some answers do for a double root."""
    return any(len(set(map(spelling, side.items))) != len(side.items) for side in (gold, given))


def _named_alike(gold: Collection, given: Collection) -> bool:
    return all(gold.names) and list(map(_key, gold.names)) == list(map(_key, given.names))


def _key(name: str) -> str:
    """Normalise a name: "the Mean" becomes "mean", I_{1} becomes I_1."""
    return spelling(re.sub(r"^(?:the|its)\s+|[{}]", "", name, flags=re.IGNORECASE))


def _in_the_same_order(gold: Collection, given: Collection) -> tuple[Collection, Collection]:
    """Put the answer's items in the reference's order if both use the same names."""
    golds, givens = list(map(_key, gold.names)), list(map(_key, given.names))
    if all(golds) and sorted(golds) == sorted(givens) and len(set(golds)) == len(golds):
        order = [givens.index(name) for name in golds]
        given = given._replace(items=[given.items[place] for place in order], names=gold.names)
    return gold, given


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
