"""Finds the final answer in a completion: a box, an answer tag, or what follows "the answer is"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Extraction(NamedTuple):
    """The answer that a completion states, and what showed where it stands."""

    answer: str
    found_by: str  # box | tag | phrase, or paper: as General-Reasoner's reward finds it


class Statement(NamedTuple):
    """What a box or a tag holds; it stands from `begins` to `ends` in the text."""

    begins: int
    ends: int
    content: str
    found_by: str


# An end of a message, or the beginning of the next one.
END_OF_MESSAGE = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|end_of_text|end|return)\|>|<\|im_start\|>(?:assistant\b)?"
    r"|</s>|<end_of_turn>|<eos>|<｜end▁of▁sentence｜>"
)

# The backslash before the one of a box does not take it: "\\boxed{42}" is a box whose backslash was doubled.
BRACE = re.compile(
    r"(?P<box>\\(?:boxed|fbox)\s*\{)|(?P<escaped>\\(?!\\(?:boxed|fbox)\s*\{).)|(?P<open>\{)|(?P<close>\})",
    re.DOTALL,
)
# \boxed 42, \boxed\frac{1}{2} and \boxed B, but no box in "with the \boxed command".
UNBRACED = re.compile(
    r"\\(?:boxed|fbox)(?![A-Za-z])\s*("
    r"(?=[^\s{}$\\]{0,40}\d)[^\s{}$\\,;]{1,40}"
    r"|\\(?!boxed|fbox)[A-Za-z]{1,20}(?:\{[^{}]{0,40}\}){0,2}"
    r"|\(?[A-Za-z]\)?(?=[$.,;]|\s*\Z))"
)
TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)

# What may stand between boxes of one statement: \boxed{1} or \boxed{2}; $x = \boxed{1}$, $y = \boxed{2}$.
GAP = r"(?:[\s,;$.*&/~]|\\[()\[\],;:! \\]|\\q?quad)*+"
WORD_BETWEEN = r"(?:\\text\s*\{\s*)?\b(?:and|or)\b(?:\s(?:maybe|possibly|perhaps|also|else)\b)?(?:\s*\})?"
LABEL = r"(?:[A-Za-z]\w{0,3}(?:_\{?\w{1,3}\}?)?\s*=)?"
BETWEEN = re.compile(f"{GAP}(?:{WORD_BETWEEN})?{GAP}{LABEL}{GAP}")
MAX_BETWEEN = 60

NAMED = r"\b(?:answers?|solution|réponse)\b|\b(?:correct|right|best|final)\s(?:option|choice)\b"
OF_WHAT = r"(?:\s+(?:to|of|for)\s[^.:\n]{1,40}?)?"
EQUALS = r"\b(?:is|are|est|would be|must be|should be)\b(?:\s(?:therefore|thus|hence)\b)?\s*:?|:|："
HEADING = r"(?m:^)[#*_ \t]{0,10}(?:final\s)?answer[*_ \t]*(?=\n)"
GSM8K = r"(?m:^)####(?=[^\S\n]*[-+$€£(\\.]{0,4}\d)(?![^\S\n]*\d+[.)]\s)"  # no heading of a section
PHRASE = re.compile(
    rf"(?:(?:{NAMED})[*_\"'”]*{OF_WHAT}\s*(?:{EQUALS})|\banswer\s*=|答案\s*(?:是|为|：|:)+|{HEADING}|{GSM8K})"
    r"[*_]*[^\S\n]*(?:\n\s*)?",
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    r"\b(?:(?:therefore|thus|hence)\b,?|so,)\s[^.\n=]{0,120}?(?:\b(?:is|are|equals|was|will be)\b|=)\s*",
    re.IGNORECASE,
)
CONCLUDING = 1_000  # characters at the end in which a conclusion is looked for
FINISHED = re.compile(r"(?:I hope it is correct|\W)*+")  # as Minerva's examples end
MAX_STATED = 300  # characters after a phrase
MAX_HEDGED = 40
# A full stop that ends a sentence: not in 3.14, 6 a.m. or J. Smith, but in 5 m.
SENTENCE_END = re.compile(
    r"(?<!(?<!\d\s)\b[A-Za-z])(?<!\b(?:St|Dr|Mr|Ms|Jr|vs|No|ca|cf))(?<!\b(?:Mrs|etc))(?<!\bapprox)"
    r"(?:[.。](?=[\"”*_)]*(?:\s|<|\Z)|[^\x00-\x7f])|!(?=\s+[A-Z]|\s*\Z))"
    r"|(?<=\b[ap]\.m\.)(?=\s+[A-Z])|\n|</?answer>"
)
REASON = re.compile(r",?\sbecause\s|,\s(?:since|as|so|which)\s")
DISPLAYED = re.compile(r"(?:\$\$|\\\[)\s*([^$]*?)\s*(?:\$\$|\\\])(?=[ \t.,]*(?:\n|\Z))")
QUOTED = re.compile(r"(?:[\"“]([^\"“”]*)[\"”]|'([^']*)'|`([^`]*)`)[\s.,*_}]*")
LAST_STOP = re.compile(r"(?<!\.[A-Za-z])[.。!]+[\"”]?\Z")
LETTER = re.compile(r"\(?([A-J])\)?(?![\w'])")
LED_IN = re.compile(r"(?:\b(?:the|my|final|correct|right)\s*)+\Z", re.IGNORECASE)  # before "answer is"


def solver_prompt(question: str, instruction: str) -> str:
    """What a model is asked whose answer `extract_answer` will look for (arXiv 2505.14652)."""
    return f"{question} {instruction}"


def extract_answer(completion: str) -> Extraction | None:
    """The final answer stated in a response (never pass the prompt with it), or None if it states none.

    Only the text after the last `</think>` counts, and an unclosed think block holds no answer. The last box
    or answer tag that closes and is not empty goes before phrases; of a tag with a box in it the box counts.
    Several boxes or tags of one statement are one answer: who boxes 41 or 42 hedges, and who boxes 1 and 2
    names two roots. Linear in the length of the text.
    """
    text = _response(completion)
    if text is None:
        return None
    statements = _statements(text)
    if statements:
        return _joined(statements, text)
    stated = _phrases(text, PHRASE) or _conclusion(text.rstrip()[-CONCLUDING:])
    return Extraction(stated, "phrase") if stated else None


def answer_of(text: str) -> str | None:
    """The answer in a text that may also be a bare answer: what is stated, else the whole response.

    None for an unclosed think block, and for a text of spaces.
    """
    extraction = extract_answer(text)
    if extraction is not None:
        return extraction.answer
    return (_response(text) or "").strip() or None


def _response(completion: str) -> str | None:
    """The first message, without what is thought; None where the thought does not end."""
    message = next((part for part in END_OF_MESSAGE.split(completion) if part.strip()), "")
    response = message.rpartition("</think>")[2]
    return None if "<think>" in response else response


def _statements(text: str) -> list[Statement]:
    """The boxes and the answer tags that say something, in order, none within another."""
    statements: list[Statement] = []
    for found in sorted([*_boxes(text), *_unbraced(text), *_tags(text)]):
        if statements and found.begins < statements[-1].ends:
            if found.found_by == "tag" or statements[-1].found_by == "box":
                continue
            statements.pop()
        statements.append(found)
    return statements


def _boxes(text: str) -> Iterator[Statement]:
    """The outermost boxes."""
    outermost: list[tuple[int, int, int]] = []
    for box in _closed_boxes(text):
        while outermost and outermost[-1][0] > box[0]:
            outermost.pop()
        outermost.append(box)
    for begins, start, end in outermost:
        content = _without_boxes(text[start:end]).strip()
        if content:
            yield Statement(begins, end + 1, content, "box")


def _closed_boxes(text: str) -> Iterator[tuple[int, int, int]]:
    """Where each box whose braces close begins, and where its content starts and ends; inner ones first."""
    open_braces: list[tuple[int, int] | None] = []  # None where no box opens
    for brace in BRACE.finditer(text):
        if brace.lastgroup == "close":
            box = open_braces.pop() if open_braces else None
            if box:
                yield *box, brace.start()
        elif brace.lastgroup != "escaped":
            open_braces.append(brace.span() if brace.lastgroup == "box" else None)


def _without_boxes(content: str) -> str:
    """The content of a box, also of the boxes in it."""
    cuts = [cut for begins, start, end in _closed_boxes(content) for cut in ((begins, start), (end, end + 1))]
    pieces, position = [], 0
    for start, end in sorted(cuts):
        pieces.append(content[position:start])
        position = end
    return "".join([*pieces, content[position:]])


def _unbraced(text: str) -> Iterator[Statement]:
    for box in UNBRACED.finditer(text):
        yield Statement(box.start(), box.end(), box[1].rstrip("."), "box")


def _tags(text: str) -> Iterator[Statement]:
    """The answer tags, each with what its content states."""
    opened = None
    for tag in TAG.finditer(text):
        if not tag[1]:
            opened = tag
        elif opened:
            content = text[opened.end() : tag.start()].strip()
            if content:
                yield Statement(opened.start(), tag.end(), content, "tag")
            opened = None


def _joined(statements: list[Statement], text: str) -> Extraction:
    """The last statement, and those that it directly follows, as one answer; equal ones count once."""
    last = following = statements[-1]
    answers = {"".join(last.content.split()): last.content}
    alternatives = False
    for statement in reversed(statements[:-1]):
        between = text[statement.ends : following.begins]
        if statement.found_by != last.found_by or len(between) > MAX_BETWEEN:
            break
        if not BETWEEN.fullmatch(between):
            break
        alternatives |= bool(re.search(r"\bor\b", between))
        answers.setdefault("".join(statement.content.split()), statement.content)
        following = statement
    answer = (" or " if alternatives else ", ").join(reversed(answers.values()))
    if last.found_by == "tag":
        answer = _phrases(answer, PHRASE) or answer
    return Extraction(answer, last.found_by)


def _conclusion(ending: str) -> str | None:
    """What the last sentence concludes; an earlier "therefore" is a step on the way, and states no answer."""
    last = next(reversed(list(CONCLUSION.finditer(ending))), None)
    end = _sentence(ending, last.end(), len(ending))[1] if last else 0
    return _phrases(ending, CONCLUSION) if FINISHED.fullmatch(ending, end) else None


def _phrases(text: str, phrase: re.Pattern[str]) -> str | None:
    """What follows the last phrase.

    Where the same phrase directly follows itself in one line, that is one statement, and a hedge: "The
    answer is 41. The answer is 42." But an option may follow its value: "The answer is 450 g. The answer is
    (C)."
    """
    found: dict[str, None] = {}
    last = wording = ""
    begins = limit = len(text)
    for match in reversed(list(phrase.finditer(text))):
        stated, end = _sentence(text, match.end(), limit)
        limit = match.start()
        if not stated:
            continue
        if found:
            between = LED_IN.sub("", text[end - 1 : begins][:MAX_HEDGED])
            if between.strip(" .!*_") or match.group() != wording or len(stated) > MAX_HEDGED:
                break
            if LETTER.fullmatch(last) and _letter(stated) in (None, _letter(last)):
                break
        last = last or stated
        found[stated] = None
        wording, begins = match.group(), match.start()
    return " or ".join(reversed(found)) or None


def _letter(stated: str) -> str | None:
    """The letter of the option that is stated, alone or before its text."""
    letter = LETTER.match(stated)
    return letter[1] if letter else None


def _sentence(text: str, start: int, limit: int) -> tuple[str, int]:
    """The rest of the sentence from `start` on, without its marks, and where it ends.

    It states nothing if a phrase begins in it, at `limit` ("Final answer: The answer is 42"), or a box that
    is empty or does not close.
    """
    window = text[start : min(start + MAX_STATED, limit)]
    displayed = DISPLAYED.match(window)
    if displayed:
        return displayed[1], start + displayed.end()
    stop = SENTENCE_END.search(window)
    end = start + (stop.end() if stop else len(window))
    stated = window[: stop.start()] if stop else window
    if not stop and end == limit < len(text):
        stated = LED_IN.sub("", stated).rstrip()
        if not stated.endswith("."):  # as it does in "The answer is A. The answer is B"
            return "", end
    if "\\boxed" in stated or "\\fbox" in stated:
        return "", end
    return _bare(stated), end


def _bare(stated: str) -> str:
    """Without Markdown, quotes, the last full stop, and reasons given after it."""
    stated = REASON.split(stated, maxsplit=1)[0].strip(" \t*_:")
    quoted = QUOTED.fullmatch(stated)
    if quoted:
        return next(part for part in quoted.groups() if part is not None).strip()
    stated = LAST_STOP.sub("", stated).strip(" \t*_:`“”").lstrip("\"'")
    return stated if stated.strip("$ ") else ""
