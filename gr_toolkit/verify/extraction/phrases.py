"""Finds answers that a phrase states: "The answer is 42", "So the area is 12", "42 is the answer"."""

from __future__ import annotations

import re

from gr_toolkit.verify.extraction.statements import Statement

NAMED = r"\b(?:answers?|solution|réponse)\b|\b(?:correct|right|best|final)\s(?:option|choice)\b"
OF_WHAT = r"(?:\s+(?:to|of|for)\s[^.:\n]{1,40}?)?"
EQUALS = r"\b(?:is|are|est|would be|must be|should be)\b(?:\s(?:therefore|thus|hence)\b)?\s*:?|:|："
HEADING = r"(?m:^)[#*_ \t]{0,10}(?:final\s)?answer[*_ \t]*(?=\n)"
GSM8K = r"(?m:^)####(?=[^\S\n]*[-+$€£(\\.]{0,4}\d)(?![^\S\n]*\d+[.)]\s)"  # not a section heading
STATES = (
    rf"{OF_WHAT}\s*(?:{EQUALS})|\banswer\s*=|答案\s*(?:是|为|：|:)+|{HEADING}|{GSM8K})[*_]*[^\S\n]*(?:\n\s*)?"
)
PHRASE = re.compile(rf"(?:(?:{NAMED})[*_\"'”]*{STATES}", re.IGNORECASE)
# The same without "Solution:", which is the heading of a derivation.
ANSWER_PHRASE = re.compile(rf"(?:(?!solution[*_ ]*:)(?:{NAMED})[*_\"'”]*{STATES}", re.IGNORECASE)
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
# What a sentence says about the answer instead of stating it: "correct", "given in dollars", "not unique".
ABOUT = re.compile(
    r"(?:(?:indeed|therefore|thus|also|now|clearly|obviously|definitely|certainly|quite|very|simply|then"
    r"|in fact|most likely|likely|probably)\s)*+(?:not\b"
    r"|(?:correct|right|wrong|incorrect|reasonable|unreasonable|plausible|sensible|valid|invalid|unique"
    r"|consistent|confirmed|verified|complete|final|clear|obvious|unclear|acceptable|accurate|below|above"
    r"|easy|hard|difficult|straightforward|expected|based on|supported by|close to|independent of"
    r"|as (?:follows|above|before|required|expected|stated|shown|desired)|the same(?: as| in)"
    r"|in (?:the )?(?:\w+ )?(?:form|format|units?|terms|dollars|meters|metres|degrees|radians|seconds|hours"
    r"|cm|kg|km|simplest|box))\b(?![-\w])"
    r"|(?:given|expressed|rounded|written|measured|stated|reported|shown|found|obtained|left|simplified"
    r"|boxed)\s(?:in|to|as|above|below|here|by|from|using|off)\b(?![^=]*=)(?!.*\\[a-z]+)(?! by:))",
    re.IGNORECASE,
)
# An answer in plain words: it has no digit, symbol, letter of an option or name, and no word for a value.
IN_WORDS = re.compile(
    r"(?!(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|none|infinit|undefined|unbounded|impossible"
    r"|indeterminate|no|yes|true|false|both|neither|all|does not exist|doesn['’]t exist)\b)"
    r"[a-zà-ÿ][^\d$\\=]*"
)
SUBJECT = (
    r"(?:(?:no|wait|actually|sorry|oh|hmm|yes|ok(?:ay)?|so|hence|thus|therefore)\b[,.! ]{0,3}){0,3}"
    r"(?!(?:this|that|it|which|what|here|there)\b)[*_]{0,2}((?:[^\s.!?:\n]|\.(?=\d))(?:[^.!?:\n]"
    r"|\.(?=\d)){0,60}?)[*_]{0,2}"
)
THE_ANSWER = (
    r"\s(?:is|are|must be)\s(?:the|our|my)\s(?:(?:final|correct|right|best)\s)?"
    r"(?:answer|solution|option|choice)\b"
)
NAMES_THE_ANSWER = re.compile(THE_ANSWER, re.IGNORECASE)
IS_THE_ANSWER = re.compile(
    rf"(?:(?:\A|[.!?:\n]\s{{0,10}})|\b(?=(?:so|hence|thus|therefore)\b)){SUBJECT}{THE_ANSWER}", re.IGNORECASE
)
ANY = re.compile(r".+")
IS_VALUE = re.compile(
    r"(?=[^\d$]{0,20}[\d$]|\(?[A-J]\)?\Z)\S+(?:\s\S+){0,2}"
)  # at most three words, with a number
REMARK_WITHIN = 80  # characters between an answer and a remark on it
MAX_LATER = 100  # characters; maximum length of a statement that replaces a box
LETTER = re.compile(r"\(?([A-J])\)?(?![\w'])")
MAX_DENIED = 30  # characters
DENIED = re.compile(
    r"\b(?:wrong|incorrect|false|bad|not (?:the|an?|my))\s*\Z", re.IGNORECASE
)  # "the wrong answer is"
LEAD_IN = re.compile(r"(?:\b(?:the|my|final|correct|right)\s*)+\Z", re.IGNORECASE)  # before "answer is"


def stated_after(text: str, phrase: re.Pattern[str], box: str | None = None) -> Statement | None:
    """Return the answer after the last match of `phrase`, or None.

    `box` is the content of a box before the text, or None. A remark on the answer ("the answer is correct")
    counts only if there is no box and no other statement. If the same phrase repeats in the same line, the
    response hedges, and "or" joins the answers: "The answer is 41. The answer is 42." But an option's letter
    may follow its value, and then only the letter is returned: "The answer is 450 g. The answer is (C)."
    """
    phrased = _phrased(text, phrase)
    own = _without_remarks(phrased, box)
    if not own:
        return phrased[0][0] if phrased and box is None else None
    (last, wording), *earlier = own
    answers, begins = {last.content: None}, last.begins
    for statement, words in earlier:
        between = LEAD_IN.sub("", text[statement.ends - 1 : begins][:MAX_HEDGED])
        if between.strip(" .!*_") or words != wording or len(statement.content) > MAX_HEDGED:
            break
        if LETTER.fullmatch(last.content) and _letter(statement.content) in (None, _letter(last.content)):
            break
        answers[statement.content] = None
        begins = statement.begins
    return last._replace(begins=begins, content=" or ".join(reversed(answers)))


def _phrased(text: str, phrase: re.Pattern[str]) -> list[tuple[Statement, str]]:
    """The statement after each match of `phrase`, and the wording of the match; the last one first."""
    found, limit = [], len(text)
    for match in reversed(list(phrase.finditer(text))):
        stated, end = sentence(text, match.end(), limit)
        limit = match.start()
        if stated and not DENIED.search(text, max(0, match.start() - MAX_DENIED), match.start()):
            found.append((Statement(match.start(), end, stated, "phrase"), match.group()))
    return found


def _without_remarks(phrased: list[tuple[Statement, str]], box: str | None) -> list[tuple[Statement, str]]:
    """The statements without those that only describe another one: "the answer is positive"."""
    own = []
    for index, (statement, wording) in enumerate(phrased):
        before = phrased[index + 1][0] if index + 1 < len(phrased) else None
        near = before is not None and statement.begins - before.ends <= REMARK_WITHIN
        value = before.content if before and near else box
        in_words = (
            value is not None and IN_WORDS.fullmatch(statement.content) and not IN_WORDS.fullmatch(value)
        )
        too_long = box is not None and len(statement.content) > MAX_LATER
        if not (ABOUT.match(statement.content) or in_words or too_long):
            own.append((statement, wording))
    return own


def answer_before(text: str, form: re.Pattern[str] = ANY) -> Statement | None:
    """Return the answer of this form that the last "... is the answer" names, or None."""
    if not NAMES_THE_ANSWER.search(text):  # the search is much faster than the next one
        return None
    for match in reversed(list(IS_THE_ANSWER.finditer(text))):
        stated = _bare(match[1])
        if form.fullmatch(stated):
            return Statement(match.start(), match.end(), stated, "phrase")
    return None


def conclusion(text: str) -> Statement | None:
    """The conclusion of the last sentence, or None; an earlier "therefore" is only an intermediate step."""
    ending = text.rstrip()[-CONCLUSION_WINDOW:]
    last = next(reversed(list(CONCLUSION.finditer(ending))), None)
    end = sentence(ending, last.end(), len(ending))[1] if last else 0
    stated = stated_after(ending, CONCLUSION) if RESPONSE_END.fullmatch(ending, end) else None
    return stated._replace(ends=len(text)) if stated and not ABOUT.match(stated.content) else None


def _letter(stated: str) -> str | None:
    """The option's letter at the start of a stated answer, or None."""
    letter = LETTER.match(stated)
    return letter[1] if letter else None


def sentence(text: str, start: int, limit: int) -> tuple[str, int]:
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
        stated = stated[:-MAX_HEDGED] + LEAD_IN.sub("", stated[-MAX_HEDGED:]).rstrip()
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
    stated = LAST_STOP.sub("", stated).strip(" \t*_:`“”").lstrip("\"'").strip()
    return stated if stated.strip("$ ") else ""
