"""TeX in running text: find it by the delimiters that pages use, and write it with standard delimiters."""

from __future__ import annotations

import re

DELIMITER = re.compile(
    r"\\[()\[\]]|\$\$?|\\(?:begin|end)\{[a-z]+\*?\}|\[/?(?:i?tex|latex|math)\]", re.IGNORECASE
)
SIGN = re.compile(r"[\\$\[]")  # a text without any of these has no delimiter
WRAPPED = re.compile(r"\$\$(.*)\$\$|\$([^$]*)\$|\\\((.*)\\\)|\\\[(.*)\\\]", re.DOTALL)
CLOSING = {r"\(": r"\)", r"\[": r"\]", "$$": "$$", "$": "$"}
BBCODE = re.compile(r"\[(\w+)\](.*)\[/\1\]|\$latex\s(.*)\$", re.IGNORECASE | re.DOTALL)
MAX_DOLLARS = 300  # characters between two single dollars; in longer text, they are currency signs


def formula_spans(text: str) -> list[tuple[int, int]]:
    """The start and end of each piece of TeX, including its delimiters; found in one pass over the text."""
    spans: list[tuple[int, int]] = []
    opened: re.Match[str] | None = None
    for mark in DELIMITER.finditer(text):
        closes = opened is not None and mark[0].lower() == (_closing(opened[0]) or "").lower()
        if opened and closes and _is_formula(text[opened.start() : mark.end()]):
            spans.append((opened.start(), mark.end()))
            opened = None
        elif opened is None or opened[0] in ("$", mark[0]):
            opened = mark if _closing(mark[0]) else None
    return spans


def _closing(opening: str) -> str | None:
    if opening.startswith(r"\begin"):
        return opening.replace("begin", "end")
    if opening.startswith("[") and opening[1] != "/":
        return opening.replace("[", "[/")
    return CLOSING.get(opening)


def standard(text: str) -> str:
    """Turn forums' [tex]x[/tex] and WordPress' $latex x$ into \\(x\\); other TeX is unchanged."""
    match = BBCODE.fullmatch(text)
    return delimited(match[2] or match[3] or "", display=False) if match else text


def _is_formula(text: str) -> bool:
    """Whether delimited text is a formula, and not a text between two currency signs.

    Text in single dollars is a formula if it is short, on one line, and without a space at either dollar.
    """
    if not text.startswith("$") or text.startswith("$$"):
        return True
    inner = text[1:-1]
    return 0 < len(inner) <= MAX_DOLLARS and inner == inner.strip() and "\n" not in inner


def delimited(tex: str, display: bool) -> str:
    """Put TeX in \\(...\\) or, for `display`, in \\[...\\], in place of any other delimiters."""
    tex = " ".join(tex.split())
    if wrapped := WRAPPED.fullmatch(tex):
        tex = next(part for part in wrapped.groups() if part is not None)
    tex = tex.strip().removeprefix(r"\displaystyle").strip()
    if tex.startswith(r"{\displaystyle") and tex.endswith("}"):
        tex = tex[len(r"{\displaystyle") : -1].strip()
    return rf"\[{tex}\]" if display else rf"\({tex}\)"
