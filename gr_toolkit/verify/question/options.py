"""Reads the options of a multiple-choice question, whatever labels they have: A, a, 1 or i."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gr_toolkit.verify.reading.normalise import normalise

MAX_LENGTH = 500  # characters of an option
MAX_QUESTION = 20_000  # characters that are searched for options
MAX_OPTIONS = 26

# The labels of each style, in order.
ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"]
STYLES = {
    "capital": [chr(ord("A") + place) for place in range(MAX_OPTIONS)],
    "small": [chr(ord("a") + place) for place in range(MAX_OPTIONS)],
    "roman": ROMAN,
    "digit": [str(place + 1) for place in range(MAX_OPTIONS)],
}
LABELS = {"capital": "[A-Z]", "small": "[a-z]", "roman": "[ivx]{1,4}", "digit": r"\d{1,2}"}
# Options in lines ("A. Paris", "(A) Paris") or in one line ("(A) Paris (B) London").
PATTERNS = {
    style: [
        re.compile(rf"(?:^|\n)[ \t]*[(\[]?({label})[)\].:][ \t]+(?=\S)"),
        re.compile(rf"(?:^|(?<=[\s{{]))\(({label})\)[\s}}~\\]*(?=\S)"),
    ]
    for style, label in LABELS.items()
}
PATTERNS["digit"].append(re.compile("([\u2460-\u2473])\\s*"))  # circled digits
# A label in an answer: in parentheses anywhere, or alone at the start, or before a stop there, or in a list.
ANSWERED = LABELS | {"roman": "(?i:[ivx]{1,4})"}
IN_PARENTHESES = {style: re.compile(rf"\(({label})\)") for style, label in ANSWERED.items()}
AT_START = {
    style: re.compile(rf"(?:(?i:option|choice|answer)\s*:?\s*)?({label})(?:[).:]+(?=\s|$)|$)")
    for style, label in ANSWERED.items()
}
LIST = {
    style: re.compile(rf"{label}(?:\s*(?:,(?:\s*and\b)?|;|&|\band\b)\s*{label})+")
    for style, label in ANSWERED.items()
}


class Options(NamedTuple):
    """The style of the labels, and the normalised texts by capital letter: the first option is A."""

    style: str
    texts: Mapping[str, str]


@lru_cache(maxsize=256)
def read_options(question: str) -> Options:
    """Return the options of a question; none if it has fewer than two."""
    for style, patterns in PATTERNS.items():
        labels = STYLES[style]
        for pattern in patterns:
            matches: list[re.Match[str]] = []
            for match in pattern.finditer(question[:MAX_QUESTION]):
                label = unicodedata.normalize("NFKC", match[1])
                if len(matches) < len(labels) and label == labels[len(matches)]:
                    matches.append(match)
            if len(matches) > 1:
                return Options(style, _texts(question, matches))
    return Options("capital", {})


def _texts(question: str, matches: list[re.Match[str]]) -> dict[str, str]:
    ends = [match.start() for match in matches[1:]] + [len(question)]
    return {
        chr(ord("A") + place): normalise(question[match.end() : end][:MAX_LENGTH])
        for place, (match, end) in enumerate(zip(matches, ends, strict=True))
    }


def with_capital(text: str, options: Options) -> str:
    """Return a text with labels of another style as capital letters: "(2) or (3)" becomes "(B) or (C)"."""
    if options.style == "capital":
        return text
    if is_ambiguous(text, options):
        return text
    labels = STYLES[options.style][: len(options.texts)]
    if options.style == "roman" and text in STYLES["digit"][: len(labels)]:
        text = labels[int(text) - 1]

    def capital(match: re.Match[str]) -> str:
        label = match[match.lastindex or 0].casefold()
        return f"({chr(ord('A') + labels.index(label))})" if label in labels else match.group()

    text = IN_PARENTHESES[options.style].sub(capital, text)
    if LIST[options.style].fullmatch(text):
        return re.sub(r"(?!and\b)\w+", capital, text)
    start = AT_START[options.style].match(text)
    return text if start is None else capital(start) + text[start.end() :]  # "2 apples" has no label


def is_ambiguous(text: str, options: Options) -> bool:
    """Whether a text is both the label of one option and the text of another, as a bare number may be."""
    labels = STYLES[options.style]
    labelled = chr(ord("A") + labels.index(text)) if text in labels else text
    as_text = {letter for letter, option in options.texts.items() if option == text}
    return labelled in options.texts and bool(as_text - {labelled})
