r"""Finds the formula around a box: `\frac{\boxed{3}}{4}`, `2\sqrt{\boxed{5}}`, `(\boxed{3}, \boxed{4})`."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_BOXES = 20  # in one formula
MAX_SIDE = 60  # characters before or after a box that are searched for the rest of its formula

SYMBOLS = r"pi|theta|phi|alpha|beta|gamma|lambda|omega|Omega|mu|hbar|infty|circ|degree"
FUNCTIONS = r"log|ln|lg|exp|sin|cos|tan|cot|sec|csc"
STRUCTURES = r"[dtc]?frac|sqrt|[dt]?binom|overline|vec|hat|bar"
RELATIONS = r"approx|simeq|equiv|leq?|geq?|lt|gt|neq?|sim|to|in|implies|iff|[Rr]ightarrow|mapsto"
TOKEN = re.compile(
    r"(?P<box>\\(?:boxed|fbox)\s*\{)"
    # Mathematics that ends and goes on with a product is one formula: $\boxed{4.2}$ $\times 10^5$.
    r"|(?P<space>(?:[^\S\n]|~|\\[,;:! ]|\\displaystyle(?![A-Za-z])"
    r"|\$[^\S\n]+\$(?=\s*(?:\\times|\\cdot|×)))+)"
    r"|(?P<emphasis>\*\*+|__+)"
    r"|(?P<math>\$\$?|\\[()\[\]]|\\\\|&)"
    rf"|(?P<relation>[=<>≈≃≡≤≥≠→⇒∈]|\\(?:{RELATIONS})(?![A-Za-z]))"
    r"|(?P<sign>[-+−–±∓]|\\(?:pm|mp)(?![A-Za-z]))"
    r"|(?P<operator>[*/×·÷^_]|(?<=\}):(?=\\boxed)|x(?=\s?10\s?\^)|\\(?:times|cdot|div)(?![A-Za-z]))"
    r"|(?P<currency>\\\$|[€£¥₹])"
    r"|(?P<postfix>°|\\?%|!)"
    r"|(?P<open>(?:\\left\s?)?(?:[(\[{]|\\\{))|(?P<close>(?:\\right\s?)?(?:[)\]}]|\\\}))|(?P<comma>,)"
    rf"|(?P<command>\\(?:{SYMBOLS}|{FUNCTIONS}|{STRUCTURES})(?![A-Za-z])|[π√∞])"
    r"|(?P<exponent>(?<=\})[eE][-+]?\d+(?!\w))"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<letter>[A-Za-z](?![A-Za-z])(?!\s+[^\W\d_]{2}))"
    r"|(?P<other>\w+|.|\n)"
)
OPENS_STRUCTURE = re.compile(rf"(?:\\(?:{STRUCTURES})\s*(?:\[\w{{1,3}}\])?|[\^_}}])\s*\Z")
CLOSERS = {"(": (")", "]"), "[": (")", "]"), "{": ("}",), "\\{": ("\\}",)}
SIZED = re.compile(r"\\(?:left|right)\s?")
BOX = re.compile(r"\s?\\boxed")
OPERANDS = {"number", "letter", "command", "postfix", "currency", "close"}
DASHES = "-−–"
STARTS_WITH_DIGIT = re.compile(r"\\(?:boxed|fbox)\s*\{\s*\d")


class Side(NamedTuple):
    """The part of a formula before its box, from `begins`."""

    begins: int
    opened: list[str]  # the brackets that are still open at the box, from the outside to the inside
    stop: str  # what stands before: relation | math (a delimiter) | prose


def formula(text: str, box: tuple[int, int], floor: int, ends: dict[int, int]) -> tuple[int, int, bool]:
    """Return where the formula around a box begins and ends, and whether a relation stands before it.

    It begins at `floor` or later, and may include other boxes: those that begin and end as in `ends`.
    """
    before = _before(text, box[0], max(floor, box[0] - MAX_SIDE))
    end = _after(text, box[1], before, ends)
    if end is None:  # a bracket that opens before the box does not close
        before = before._replace(begins=box[0], opened=[])
        end = _after(text, box[1], before, ends)
    return before.begins, end or box[1], before.stop == "relation"


def _before(text: str, at: int, floor: int) -> Side:
    """Read a formula backwards from the box that begins at `at`, as far as `floor`."""
    tokens = list(TOKEN.finditer(text, floor, at))
    stop = _stop(tokens)
    begins, opened, listed = at, list[str](), -1
    pending: re.Match[str] | None = None  # a sign or an operator whose left operand is not read yet
    tight = True  # no space stands before what was read last
    index = len(tokens) - 1
    while index >= 0:
        token = tokens[index]
        kind = token.lastgroup
        if kind == "space":
            tight = False
        elif kind in ("operator", "comma", "sign"):
            is_dash = token[0] in DASHES and stop == "prose" and not tight
            if is_dash or (pending and pending.lastgroup != "sign"):
                break
            begins = pending.start() if pending else begins
            listed = begins if kind == "comma" and listed < 0 else listed
            pending, tight = token, True
        elif kind == "open":
            if token[0] == "{" and not _opens_structure(text, token.start()):
                break
            opened.insert(0, SIZED.sub("", token[0]))
            begins, listed, pending, tight = token.start(), -1, None, True
        else:
            first = _group_start(tokens, index) if kind == "close" else index
            two_numbers = kind == "number" and begins == at and STARTS_WITH_DIGIT.match(text, at)
            if first is None or kind not in OPERANDS or (two_numbers and not pending):
                break
            if not _joined(token, pending, opened, stop, tight=tight):
                break
            index, begins, pending, tight = first, tokens[first].start(), None, True
        index -= 1
    begins = listed if listed >= 0 else _with_sign(text, begins, stop, pending)
    return Side(at, [], stop) if text[begins] == "{" else Side(begins, opened, stop)


def _joined(
    token: re.Match[str], pending: re.Match[str] | None, opened: list[str], stop: str, *, tight: bool
) -> bool:
    """Whether an operand belongs to the formula after it. `tight` says that no space separates them."""
    if stop != "prose" or opened or token.lastgroup in ("command", "currency"):
        return True
    if tight:
        return pending is not None or token[0] not in ")]"  # "(a)" before a box is a label
    return pending is not None and pending[0] not in DASHES


def _opens_structure(text: str, brace: int) -> bool:
    """Whether the brace at this position opens an argument of a fraction, a root or a power."""
    return bool(OPENS_STRUCTURE.search(text[max(0, brace - 12) : brace]))


def _with_sign(text: str, begins: int, stop: str, pending: re.Match[str] | None) -> int:
    """Where a formula begins if the sign before it belongs to it, unlike a dash or a bullet in prose."""
    if pending is None or pending.lastgroup != "sign":
        return begins
    start = pending.start()
    is_sign = stop != "prose" or (
        pending[0] != "–" and pending.end() == begins and (start == 0 or text[start - 1] in " \n\t*:(")
    )
    return start if is_sign else begins


def _stop(tokens: list[re.Match[str]]) -> str:
    """What stands before the formula that these tokens end with."""
    for token in reversed(tokens):
        if token.lastgroup in ("relation", "math"):
            return token.lastgroup
        if token.lastgroup in ("other", "emphasis"):
            break
    return "prose"


def _group_start(tokens: list[re.Match[str]], index: int) -> int | None:
    """The index of the bracket that opens the group that ends at `index`; None if it holds prose."""
    depth = 0
    for position in range(index, -1, -1):
        kind = tokens[position].lastgroup
        if kind in ("other", "math", "emphasis"):
            return None
        depth += (kind == "close") - (kind == "open")
        if depth == 0:
            return position
    return None


def _after(text: str, at: int, before: Side, ends: dict[int, int]) -> int | None:
    """Return where a formula ends that goes on at `at`; None if an open bracket does not close."""
    closers = [CLOSERS[bracket] for bracket in before.opened]
    end = None if closers else at
    pending, tight = False, True
    position, limit, more = at, at + MAX_SIDE, MAX_BOXES
    while position < limit:
        token = TOKEN.match(text, position)
        if token is None:
            break
        kind = token.lastgroup
        position = token.end()
        if kind == "space":
            tight = False
            continue
        if not _continues(text, token, at, pending=pending, tight=tight, closers=closers, stop=before.stop):
            break
        if kind == "box":
            if token.start() not in ends or not more:
                break
            position, more = ends[token.start()], more - 1
            limit = position + MAX_SIDE
        elif kind == "open":
            closers.append(CLOSERS[SIZED.sub("", token[0])])
        elif kind == "close":
            closers.pop()
        pending, tight = kind in ("operator", "sign", "comma"), True
        if not closers and not pending:
            end = position
    return end


def _continues(
    text: str,
    token: re.Match[str],
    at: int,
    *,
    pending: bool,
    tight: bool,
    closers: list[tuple[str, ...]],
    stop: str,
) -> bool:
    """Whether a token after a box goes on with its formula. `pending` says that an operand must follow."""
    kind, symbol = token.lastgroup, SIZED.sub("", token[0])
    inside = pending or bool(closers)
    if kind == "close":
        return bool(closers) and symbol in closers[-1] and not pending
    if kind == "open":
        if symbol == "{":
            return token.start() > at and _opens_structure(text, token.start())
        return inside or (tight and (symbol != "[" or stop != "prose"))
    if kind == "sign":
        return tight or inside or stop == "math" or symbol not in DASHES or bool(BOX.match(text, token.end()))
    if kind == "postfix":
        return not pending and (symbol != "!" or (tight and stop == "math"))
    return {
        "operator": not pending,
        "comma": bool(closers) and not pending,
        "box": inside,
        "number": inside,
        "letter": inside or tight,
        "exponent": tight,
        "command": True,
    }.get(kind or "", False)
