"""Finds the final answer in a completion: a box, an answer tag, or the text after "the answer is"."""

from __future__ import annotations

import re
from bisect import bisect
from typing import NamedTuple

from gr_toolkit.verify.extraction.attachments import widened
from gr_toolkit.verify.extraction.phrases import (
    ANSWER_PHRASE,
    IS_VALUE,
    LEAD_IN,
    PHRASE,
    answer_before,
    conclusion,
    stated_after,
)
from gr_toolkit.verify.extraction.retractions import correction, reconsidered
from gr_toolkit.verify.extraction.statements import Statement, statements
from gr_toolkit.verify.extraction.thoughts import response_of
from gr_toolkit.verify.quantities.units import read_unit


class Extraction(NamedTuple):
    """The answer that a completion states, and how it was found."""

    answer: str
    found_by: str  # box | tag | phrase | paper (found by General-Reasoner's own rules)


# The text between the boxes of one statement: \boxed{1} or \boxed{2}; $x = \boxed{1}$, $y = \boxed{2}$.
GAP = r"(?:[\s,;$.*&~]|\\[()\[\],;:! \\]|\\q?quad)*+"
WORD_BETWEEN = r"(?:\\text\s*\{\s*)?\b(?:and|or|to)\b(?:\s(?:maybe|possibly|perhaps|also|else)\b)?(?:\s*\})?"
LABEL = r"(?:[A-Za-z]\w{0,3}(?:_\{?\w{1,3}\}?)?\s*=|\(?[A-Za-z0-9]{1,3}\))?"  # x =, (b), 2)
BETWEEN = re.compile(f"{GAP}(?:{WORD_BETWEEN})?{GAP}{LABEL}{GAP}")
MAX_LEAD = 60  # characters before a phrase that are searched for work of the student
MAX_BETWEEN = 60  # characters between two boxes of one statement

# The heading of another problem, which a model that does not stop writes after its answer.
NEXT_PROBLEM = re.compile(
    r"\n\s{0,20}[#*_>\[ ]{0,10}(?:(?:next |new |another |follow-up )?(?:question|problem|exercise"
    r"|example|task|query|prompt)|q|human|user|student|instruction|input|inst)\b"
    r"[ #]{0,10}\d{0,9}\s{0,10}(?:[*_\]]{0,10}\s{0,10}[:.)\]]|\n)",
    re.IGNORECASE,
)
# A remark before a box that only shows the format: "Format: \boxed{A}", "your answer in \boxed{A}".
FORMAT_REMARK = re.compile(
    r"(?:\A|[.!?(\n]\s?)[\W_]{0,4}(?:(?:the|required|answer|output|expected|final)\s)*"
    r"(?:format|template|example)(?: used| required)?\s?(?::|is|was|=)?\s?[\\$`]*\Z"
    r"|\b(?:for example|e\.g\.|such as),?\s?[\\$`]*\Z"
    r"|\b(?:your|the final)\s(?:final\s)?(?:answer|response|result)\b[^.\n]{0,30}"
    r"\b(?:in|inside|within|as|using)\s(?:the (?:form|format)\s)?[\\$`]*\Z",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(
    r"(?:\\text\s*\{)?[<\[(]?(?:(?:your|the|final|correct)[ _]?)*(?:answer|result|value|letter|option"
    r"|number|solution)"
    r"(?:[ _]here)?[>\])]?\}?|\.{2,}|…|\\l?dots",
    re.IGNORECASE,
)
FENCE = re.compile(r"```")
FURTHER = re.compile(r"\w")  # further work has at least a word


def solver_prompt(question: str, instruction: str) -> str:
    """Return the prompt for a model whose answer `extract_answer` is to find (arXiv 2505.14652)."""
    return f"{question} {instruction}"


def extract_answer(completion: str, thinking: bool = False) -> Extraction | None:
    """Return the final answer stated in a response, or None. `completion` must not include the prompt.

    The last closed, non-empty box or answer tag counts, with its sign, factor or unit, unless a later phrase
    states another answer after further work or a retraction. Several boxes or tags in one statement form one
    answer: "41 or 42" if the response hedges, "1, 2" if it names two roots. A retraction without a new answer
    states none. Thoughts, and what follows the heading of another problem, do not count. `thinking` says
    whether the prompt opened a thought. Takes time linear in the length of the text.
    """
    response = response_of(completion, thinking)
    return _stated(response) if response is not None else None


def answer_of(text: str, thinking: bool = False) -> str | None:
    """Return the answer stated in a response, or else the whole response, which may be just the answer.

    Returns None if a thought is not closed, if the response is blank, or if it retracts its answer.
    """
    response = response_of(text, thinking)
    if response is None:
        return None
    stated = _last_statement(widened(response, _is_unit))
    if stated is None:
        return response.strip() or None
    return stated.content or None


def _stated(response: str) -> Extraction | None:
    stated = _last_statement(widened(response, _is_unit))
    return Extraction(stated.content, stated.found_by) if stated and stated.content else None


def _last_statement(text: str) -> Statement | None:
    """The last statement of a response; None if there is none. Its content is empty if it is retracted."""
    marked = statements(text)
    found = _boxed_or_phrased(marked, text)
    if found is None:
        return None
    cut = NEXT_PROBLEM.search(text, _first_end(marked, text))
    if cut:
        text = text[: cut.start()]
        found = _boxed_or_phrased([one for one in marked if one.ends <= cut.start()], text) or found
    return found._replace(content=reconsidered(found.content, text[found.ends :]) or "")


def _first_end(marked: list[Statement], text: str) -> int:
    """The end of the first statement in the text, or of its line if a phrase states it."""
    boxed = marked[0].ends if marked else len(text)
    first = ANSWER_PHRASE.search(text)
    if first is None or first.start() > boxed:
        return boxed
    line = text.find("\n", first.end())
    return min(boxed, len(text) if line < 0 else line)


def _boxed_or_phrased(marked: list[Statement], text: str) -> Statement | None:
    """The last box or tag, or a phrase if there is none, or if the phrase comes later and after more work."""
    marked = _without_remarks(marked, text)
    last = _joined(marked, text) if marked else stated_after(text, PHRASE) or answer_before(text)
    if last is None:
        return conclusion(text)
    rest = text[last.ends :]
    phrased = stated_after(rest, ANSWER_PHRASE, box=last.content) if marked else None
    later = _later([phrased, answer_before(rest, IS_VALUE)])
    if later and not FURTHER.search(LEAD_IN.sub("", rest[max(0, later.begins - MAX_LEAD) : later.begins])):
        later = None
    later = _later([later, correction(rest)])
    return later._replace(begins=later.begins + last.ends, ends=later.ends + last.ends) if later else last


def _later(found: list[Statement | None]) -> Statement | None:
    """The statement that begins last, or None if there is none."""
    return max((one for one in found if one), default=None)


def _without_remarks(marked: list[Statement], text: str) -> list[Statement]:
    """The boxes and tags without those in code or in a remark on the format, if there is another answer."""
    fences = [fence.start() for fence in FENCE.finditer(text)]
    own = [one for one in marked if not _is_remark(one, text) and not bisect(fences, one.begins) % 2]
    if own or len(own) == len(marked) or stated_after(text, PHRASE, box="") is not None:
        return own
    return marked


def _is_remark(statement: Statement, text: str) -> bool:
    before = text[max(0, statement.begins - 100) : statement.begins]
    return statement.found_by == "box" and bool(
        PLACEHOLDER.fullmatch(statement.content) or FORMAT_REMARK.search(before)
    )


def _is_unit(text: str) -> bool:
    return read_unit(text) is not None


def _joined(marked: list[Statement], text: str) -> Statement:
    """Join the last statement and the statements directly before it into one answer, without repetitions."""
    last = following = marked[-1]
    answers = {"".join(last.content.split()): last.content}
    joint = ", "
    for statement in reversed(marked[:-1]):
        between = text[statement.ends : following.begins]
        if statement.found_by != last.found_by or len(between) > MAX_BETWEEN:
            break
        if not BETWEEN.fullmatch(between):
            break
        word = re.search(r"\b(?:or|to)\b", between)
        joint = f" {word[0]} " if word else joint
        answers.setdefault("".join(statement.content.split()), statement.content)
        following = statement
    answer = joint.join(reversed(answers.values()))
    if last.found_by == "tag":
        stated = stated_after(answer, PHRASE)
        answer = stated.content if stated else answer
    return last._replace(begins=following.begins, content=answer)
