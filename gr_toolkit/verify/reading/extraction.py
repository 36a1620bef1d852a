"""Finds the final answer in a completion: a box, an answer tag, or the text after "the answer is"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Extraction(NamedTuple):
    """The answer that a completion states, and how it was found."""

    answer: str
    found_by: str  # box | tag | phrase | paper (found by General-Reasoner's own rules)


class Statement(NamedTuple):
    """The content of a box or a tag that spans `begins` to `ends` in the text."""

    begins: int
    ends: int
    content: str
    found_by: str


# An end-of-message token, or the start of the next message.
END_OF_MESSAGE = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|end_of_text|end|return)\|>|<\|im_start\|>(?:assistant\b)?"
    r"|</s>|<end_of_turn>|<eos>|<｜end▁of▁sentence｜>"
)

# A backslash before \boxed does not escape it: "\\boxed{42}" is a box with a doubled backslash.
BRACE = re.compile(
    r"(?P<box>\\(?:boxed|fbox)\s*\{)|(?P<escaped>\\(?!\\(?:boxed|fbox)\s*\{).)|(?P<open>\{)|(?P<close>\})",
    re.DOTALL,
)
# Matches \boxed 42, \boxed\frac{1}{2} and \boxed B, but not "with the \boxed command".
UNBRACED = re.compile(
    r"\\(?:boxed|fbox)(?![A-Za-z])\s*("
    r"(?=[^\s{}$\\]{0,40}\d)[^\s{}$\\,;]{1,40}"
    r"|\\(?!boxed|fbox)[A-Za-z]{1,20}(?:\{[^{}]{0,40}\}){0,2}"
    r"|\(?[A-Za-z]\)?(?=[$.,;]|\s*\Z))"
)
TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)

# The text between the boxes of one statement: \boxed{1} or \boxed{2}; $x = \boxed{1}$, $y = \boxed{2}$.
GAP = r"(?:[\s,;$.*&/~]|\\[()\[\],;:! \\]|\\q?quad)*+"
WORD_BETWEEN = r"(?:\\text\s*\{\s*)?\b(?:and|or)\b(?:\s(?:maybe|possibly|perhaps|also|else)\b)?(?:\s*\})?"
LABEL = r"(?:[A-Za-z]\w{0,3}(?:_\{?\w{1,3}\}?)?\s*=)?"
BETWEEN = re.compile(f"{GAP}(?:{WORD_BETWEEN})?{GAP}{LABEL}{GAP}")
MAX_BETWEEN = 60  # characters between two boxes of one statement

NAMED = r"\b(?:answers?|solution|réponse)\b|\b(?:correct|right|best|final)\s(?:option|choice)\b"
OF_WHAT = r"(?:\s+(?:to|of|for)\s[^.:\n]{1,40}?)?"
EQUALS = r"\b(?:is|are|est|would be|must be|should be)\b(?:\s(?:therefore|thus|hence)\b)?\s*:?|:|："
HEADING = r"(?m:^)[#*_ \t]{0,10}(?:final\s)?answer[*_ \t]*(?=\n)"
GSM8K = r"(?m:^)####(?=[^\S\n]*[-+$€£(\\.]{0,4}\d)(?![^\S\n]*\d+[.)]\s)"  # not a section heading
PHRASE = re.compile(
    rf"(?:(?:{NAMED})[*_\"'”]*{OF_WHAT}\s*(?:{EQUALS})|\banswer\s*=|答案\s*(?:是|为|：|:)+|{HEADING}|{GSM8K})"
    r"[*_]*[^\S\n]*(?:\n\s*)?",
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    r"\b(?:(?:therefore|thus|hence)\b,?|so,)\s[^.\n=]{0,120}?(?:\b(?:is|are|equals|was|will be)\b|=)\s*",
    re.IGNORECASE,
)
CONCLUSION_WINDOW = 1_000  # characters at the end that are searched for a conclusion
RESPONSE_END = re.compile(r"(?:I hope it is correct|\W)*+")  # "I hope it is correct" ends Minerva's examples
MAX_STATED = 300  # characters read after an answer phrase
MAX_HEDGED = 40  # characters; maximum length of an answer that is joined with the answers after it
# The end of a sentence. A full stop ends one after "5 m", but not in 3.14, 6 a.m. or J. Smith.
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
LEAD_IN = re.compile(r"(?:\b(?:the|my|final|correct|right)\s*)+\Z", re.IGNORECASE)  # before "answer is"


def solver_prompt(question: str, instruction: str) -> str:
    """Return the prompt for a model whose answer `extract_answer` is to find (arXiv 2505.14652)."""
    return f"{question} {instruction}"


def extract_answer(completion: str) -> Extraction | None:
    """Return the final answer stated in a response, or None. `completion` must not include the prompt.

    Only the text after the last `</think>` counts, and an unclosed think block contains no answer. The last
    closed, non-empty box or answer tag takes precedence over phrases. A box inside a tag takes precedence
    over the tag. Several boxes or tags in one statement form one answer: "41 or 42" if the response hedges,
    "1, 2" if it names two roots. Takes time linear in the length of the text.
    """
    text = _response(completion)
    if text is None:
        return None
    statements = _statements(text)
    if statements:
        return _joined(statements, text)
    stated = _phrases(text, PHRASE) or _conclusion(text.rstrip()[-CONCLUSION_WINDOW:])
    return Extraction(stated, "phrase") if stated else None


def answer_of(text: str) -> str | None:
    """Return the answer stated in a response, or else the whole response, which may be just the answer.

    Returns None if a think block is not closed, or if the response is blank.
    """
    extraction = extract_answer(text)
    if extraction is not None:
        return extraction.answer
    return (_response(text) or "").strip() or None


def _response(completion: str) -> str | None:
    """The first message without its thinking; None if a think block is not closed."""
    message = next((part for part in END_OF_MESSAGE.split(completion) if part.strip()), "")
    response = message.rpartition("</think>")[2]
    return None if "<think>" in response else response


def _statements(text: str) -> list[Statement]:
    """The non-empty boxes and answer tags, in order.

    A box inside a tag replaces the tag. Any other nested box or tag is skipped.
    """
    statements: list[Statement] = []
    for found in sorted([*_boxes(text), *_unbraced(text), *_tags(text)]):
        if statements and found.begins < statements[-1].ends:
            if found.found_by == "tag" or statements[-1].found_by == "box":
                continue
            statements.pop()
        statements.append(found)
    return statements


def _boxes(text: str) -> Iterator[Statement]:
    """Yield the outermost boxes that are not empty."""
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
    """Yield the start of each closed box, and the start and end of its content; inner boxes first."""
    open_braces: list[tuple[int, int] | None] = []  # None for a brace that opens no box
    for brace in BRACE.finditer(text):
        if brace.lastgroup == "close":
            box = open_braces.pop() if open_braces else None
            if box:
                yield *box, brace.start()
        elif brace.lastgroup != "escaped":
            open_braces.append(brace.span() if brace.lastgroup == "box" else None)


def _without_boxes(content: str) -> str:
    """Replace each box in the content of a box by its own content."""
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
    """Yield the answer tags with their content."""
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
    """Join the last statement and the statements directly before it into one answer, without repetitions."""
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
    """The conclusion of the last sentence, or None; an earlier "therefore" is only an intermediate step."""
    last = next(reversed(list(CONCLUSION.finditer(ending))), None)
    end = _sentence(ending, last.end(), len(ending))[1] if last else 0
    return _phrases(ending, CONCLUSION) if RESPONSE_END.fullmatch(ending, end) else None


def _phrases(text: str, phrase: re.Pattern[str]) -> str | None:
    """Return the answer after the last match of `phrase`, or None.

    If the same phrase repeats in the same line, the response hedges, and "or" joins the answers: "The answer
    is 41. The answer is 42." But an option's letter may follow its value, and then only the letter is
    returned: "The answer is 450 g. The answer is (C)."
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
            between = LEAD_IN.sub("", text[end - 1 : begins][:MAX_HEDGED])
            if between.strip(" .!*_") or match.group() != wording or len(stated) > MAX_HEDGED:
                break
            if LETTER.fullmatch(last) and _letter(stated) in (None, _letter(last)):
                break
        last = last or stated
        found[stated] = None
        wording, begins = match.group(), match.start()
    return " or ".join(reversed(found)) or None


def _letter(stated: str) -> str | None:
    """The option's letter at the start of a stated answer, or None."""
    letter = LETTER.match(stated)
    return letter[1] if letter else None


def _sentence(text: str, start: int, limit: int) -> tuple[str, int]:
    """Return the rest of the sentence from `start`, without punctuation and markup, and its end position.

    The next answer phrase begins at `limit`. The rest is empty if the sentence runs into that phrase
    ("Final answer: The answer is 42"), or if it contains a box that is empty or not closed.
    """
    window = text[start : min(start + MAX_STATED, limit)]
    displayed = DISPLAYED.match(window)
    if displayed:
        return displayed[1], start + displayed.end()
    stop = SENTENCE_END.search(window)
    end = start + (stop.end() if stop else len(window))
    stated = window[: stop.start()] if stop else window
    if not stop and end == limit < len(text):
        stated = LEAD_IN.sub("", stated).rstrip()
        if not stated.endswith("."):  # unlike in "The answer is A. The answer is B"
            return "", end
    if "\\boxed" in stated or "\\fbox" in stated:
        return "", end
    return _bare(stated), end


def _bare(stated: str) -> str:
    """Return a stated answer without Markdown, quotes, the last full stop and a trailing reason."""
    stated = REASON.split(stated, maxsplit=1)[0].strip(" \t*_:")
    quoted = QUOTED.fullmatch(stated)
    if quoted:
        return next(part for part in quoted.groups() if part is not None).strip()
    stated = LAST_STOP.sub("", stated).strip(" \t*_:`“”").lstrip("\"'")
    return stated if stated.strip("$ ") else ""
