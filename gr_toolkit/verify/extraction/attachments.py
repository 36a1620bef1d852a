r"""Widens each box to the whole value that it is a part of: its sign, factor, power, scale and unit.

`x = -\boxed{3}` states -3, `\boxed{9}\pi` states 9π, `\boxed{5} million` states 5 million. Prose around a box
is never a part of the value. Nor is a formula in which the box fills a gap: `3 \times \boxed{4} = 12`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gr_toolkit.verify.extraction.boxes import Box, boxes
from gr_toolkit.verify.extraction.formulas import TOKEN, formula

ISOLATED = re.compile(r"[=<>,]|(?<![\\A-Za-z])[A-Za-z]{3}")  # an equation, a list or a word has no factor
COMPOUND = re.compile(r".[^{(]*[-+−]")
BINDING_BEFORE = re.compile(r"[-−)\]}\w*/×·π√]\s*\Z|\\[A-Za-z]+\s*\Z")
BINDING_AFTER = re.compile(r"\s*(?:[\^_*/×·÷!\w(π√°%]|\\[A-Za-z%])")
BRACKETS = re.compile(r"(?:\\left\s*)?[(\[]\s*\n\s*(?:\\right\s*)?[)\]]")
# Between the sides of a formula and its box: the box fills a gap, if a relation follows the formula.
OPERATION = re.compile(r"(?:.[-+−*/×÷]|[*/×÷^]|\\(?:times|cdot|div)(?![A-Za-z]))")
OPERATION_AFTER = re.compile(r"\s*(?:[-+−*/×÷]|\\(?:times|cdot|div)(?![A-Za-z]))(?!\s*10\s*\^)")
CHAIN = re.compile(r"\s*(?:<|≤|\\leq?|\\lt)\s*[A-Za-z]\s*(?:<|≤|\\leq?|\\lt)\s*(?=\\(?:boxed|fbox))")

MATH_END = re.compile(r"\s?(?:\$\$?|\\\)|\\\])?")
SPACE = r"(?:[^\S\n]|~|\\[,;:! ])*"
SCALE = re.compile(
    rf"{SPACE}(?:(\\?%)|(\\text\s*\{{\s*(?:percent|thousand|million|billion|trillion|dozen)\s*\}}"
    r"|(?:percent|per cent|thousand|million|billion|trillion|dozen|[ap]\.\s?m\.|[ap]m)(?!\w)))"
)
UNIT_WORD = re.compile(
    rf"{SPACE}(?:\\(?:text|mathrm|mbox|rm)\s*\{{[^{{}}]{{1,40}}\}}(?:\s*\^\s*(?:\{{[^{{}}]{{1,4}}\}}|-?\d))?"
    r"|\\(?:mu|Omega)(?![A-Za-z])|[A-Za-zμΩ°][A-Za-zμΩ°/^*·\d-]*)"
)
SENTENCE_END = re.compile(r"\s*(?:\$\$?|\\\)|\\\])?\s*(?:[.,;:!?)\n*]|\\\\|\\boxed|\Z)")
MAX_UNIT_WORDS = 4

PLAIN = r"-?\d+(?![\w%]|[.,]\d)|\(?[A-HJ]\)?(?![\w'])"
OR = r"\$?,?\s(?:or|\\text\s*\{\s*or\s*\})\s(?:maybe\s|perhaps\s|possibly\s)?\$?"
OTHER_AFTER = re.compile(rf"{OR}({PLAIN})")
OTHER_BEFORE = re.compile(rf"(?<![\w.,-])({PLAIN}){OR}\Z")


def widened(text: str, is_unit: Callable[[str], bool]) -> str:
    """Return the text with each box widened to its whole value. Takes time linear in the length of the text.

    `is_unit` says whether a text is a unit of measurement.
    """
    found = boxes(text)
    ends = {box.begins: box.ends for box in found}
    pieces: list[str] = []
    position = 0
    for box in found:
        if box.begins < position:
            continue  # a part of the value before it
        begins, end = _formula(text, box, position, ends)
        value = _value(text, box, begins, end)
        unit, end = _unit(text, end, is_unit)
        value, begins, end = _with_alternatives(text, value + unit, max(begins, position), end)
        if (begins, end) != (box.begins, box.ends):
            pieces += [text[position:begins], rf"\boxed{{{value}}}"]
            position = end
    return "".join([*pieces, text[position:]])


def _formula(text: str, box: Box, position: int, ends: dict[int, int]) -> tuple[int, int]:
    """The span of the formula around a box, or that of the box if it stands alone or fills a gap."""
    alone = (box.begins, box.ends)
    if ISOLATED.search(box.content):
        return alone
    begins, end, after_relation = formula(text, alone, position, ends)
    chain = CHAIN.match(text, end)
    if chain and chain.end() in ends:
        return begins, ends[chain.end()]
    before, after = text[begins : box.begins], text[box.ends : end]
    following = TOKEN.match(text, end + 1 if text[end : end + 1] == " " else end)
    is_left_side = following is not None and following.lastgroup == "relation" and not after_relation
    if is_left_side and (OPERATION.search(before) or OPERATION_AFTER.match(after)):
        return alone
    return alone if BRACKETS.fullmatch(f"{before}\n{after}") else (begins, end)


def _value(text: str, box: Box, begins: int, end: int) -> str:
    """The text of a formula without the command of its box, which gets brackets where they are needed."""
    before, after = text[begins : box.begins], text[box.ends : end].replace("$", "")
    compound = COMPOUND.match(box.content) and not box.content.startswith("\\frac")
    if compound and (BINDING_BEFORE.search(before) or BINDING_AFTER.match(after)):
        return f"{before}({box.content}){after}"
    return before + box.content + after


def _unit(text: str, start: int, is_unit: Callable[[str], bool]) -> tuple[str, int]:
    """The scale and the unit after a formula that ends at `start`, and where they end."""
    scale = SCALE.match(text, _after_math(text, start))
    scaled = (scale[1] or f" {scale[2]}") if scale else ""
    attached, end = scaled, scale.end() if scale else start
    begins = position = _after_math(text, end)
    for _ in range(MAX_UNIT_WORDS):
        word = UNIT_WORD.match(text, position, position + 60)
        if word is None:
            break
        position = word.end()
        unit = re.sub(rf"\A{SPACE}", "", text[begins:position])
        unmistakable = len(unit) > 3 or not unit.isalpha()
        if is_unit(unit) and (unmistakable or SENTENCE_END.match(text, position)):
            attached, end = f"{scaled} {unit}", position
    return attached, end


def _after_math(text: str, position: int) -> int:
    closer = MATH_END.match(text, position)
    return closer.end() if closer else position


def _with_alternatives(text: str, value: str, begins: int, end: int) -> tuple[str, int, int]:
    r"""A letter or a whole number with the other one that "or" joins to it, as in `41 or \boxed{42}`."""
    if not re.fullmatch(PLAIN, value):
        return value, begins, end
    before = OTHER_BEFORE.search(text, max(0, begins - 30), begins)
    after = OTHER_AFTER.match(text, end)
    if before and before[1] != value:
        value, begins = f"{before[1]} or {value}", before.start()
    if after and after[1] != value:
        value, end = f"{value} or {after[1]}", after.end()
    return value, begins, end
