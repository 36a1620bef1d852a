"""Compares option letters of multiple-choice questions, or the options' texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from gr_toolkit.verify.comparisons import Compare
from gr_toolkit.verify.reading.normalise import normalise

MAX_LENGTH = 500  # characters of a reference, an answer or an option
MAX_QUESTION = 20_000  # characters that are searched for options

# Markdown, and LaTeX wrappers in text that is not normalised.
WRAPPING = re.compile(
    r"\\(?:text(?:bf|it|rm|normal)?|math(?:rm|bf|sf)|boxed|fbox|mbox)\s*\{([^{}]*)\}|\*\*|__|[`$]"
)
OPTION_LINE = re.compile(r"(?:^|\n)[ \t]*[(\[]?([A-Z])[)\].:][ \t]+(?=\S)")
INLINE_OPTION = re.compile(r"(?:^|(?<=[\s{]))\(([A-Z])\)[\s}~\\]*(?=\S)")
LETTER = r"(?:\(([A-J])\)|\[([A-J])\]|([A-J]))"
ALONE = re.compile(rf"(?:(?i:option|choice|answer)\s*:?\s*)?{LETTER}\)?[.:\s]*")
SMALL_ALONE = re.compile(r"\(([a-j])\)|([a-j])[).]?")
SEVERAL = re.compile(rf"\(?{LETTER}(?:\s*(?:,\s*(?:and |or )?|/|;|&|\b(?:and|or)\b)\s*{LETTER})+\)?\.?")
RUN_TOGETHER = re.compile(r"[A-J]{2,10}")
ANOTHER_LETTER = re.compile(r"(?<![\w'’])(?:[B-HJ]|A(?!\s+[a-z])|I(?!\s+[a-z]))(?![\w'’])")
ADDED_LETTER = re.compile(r"\b(?i:and|or|also|both|but|either|as|however)\b,?\s+\(?([A-J])\b(?!['’])")
ENUMERATES = re.compile(r"\(?[A-J]\)?\s*(?:,|and|&|/)\s*[A-Z]")  # a list such as "I and II" or "F, Cl, Br"
REASON = re.compile(r"\b(?:because|since|as|so)\b.*", re.DOTALL)
# "A. Einstein" and "C major" are names, unless the question has options.
LABELLED = re.compile(rf"(?:(?i:option|choice) {LETTER}[).:,]?|\(([A-J])\)[.:]?|([A-J])[):])\s+(\S.*)", re.S)
LISTED = re.compile(r"([A-J])\.?\s+(\S.*)", re.S)
SPACED = re.compile(r"([B-HJ]) ([A-Z][a-z].*)", re.S)
ANOTHER_LABEL = re.compile(r"(?<![\w(])\(?[A-Ja-j]\)\s|(?<!\w)[A-J][.:]\s")
# The text before and after a letter that is the answer, unlike "A triangle", "I think" or "A = 5".
CUE = (
    r"\b(?i:answers?|options?|choices?|choose|select|pick|réponse|it'?s|it is)"
    r"\s*:?(?:\s+(?i:is|est|would be))?(?:\s*:\s*|\s+)"
)
END = (
    r"(?=\s*$|\s*[,;:!\n。，—]|\s*\.(?:\s|$)|\s+-\s+[^\W\d]"
    r"|\s+(?i:because|since|as|and|or|but|due|given|therefore|which)\b"
    r"|\s+(?i:is (?:the )?(?:correct|right|best|answer))\b)"
)
ASSERTED = re.compile(rf"(?:^|{CUE})(?:\(([A-J])\)|\[([A-J])\]|([A-J])(?:\)\s|\)?{END}))")
RIVAL = re.compile(
    r"[(\[]([A-J])[)\]]|(?<!\w)([A-J])\)"
    r"|(?:[,;:.!?—]|\b(?i:or|and|be|is|it's|wait|option|choice|to|maybe|both|either|actually|no))\s+([A-J])(?![\w'’])(?!\s+[a-z])"
)
EXCLUSION = re.compile(
    r"(?:\b(?i:not|non|neither|nor|cannot|rather than|instead of)\b|\b\w+n[’']t\b|不是)[^,;.。\n]*"
)
COPULA = r"(?i:is|are|was|be|seems|looks|does|do|can|could|would|should|must)"
DENIED = re.compile(
    rf"(?<!\w)[A-J]\)?\s+(?:\w+\s+)?{COPULA}(?:\s+|(?=n[’']t))"
    rf"(?:(?i:not|n[’']t)(?!\s+\(?[A-J]\b)|(?:\w+\s+)?(?i:wrong|incorrect|false|excluded|eliminated|ruled))"
    r"|(?<!\w)[A-J]\)?\s*\?"
)


def compare_letters(reference: str, answer: str, question: str = "") -> bool | None:
    """Whether the answer chooses the option that the reference names; None if either choice is uncertain.

    Each may be a letter, a letter with the option's text, or only the text of one of the question's
    options. An answer that names several options is never correct.
    """
    if max(len(reference), len(answer)) > MAX_LENGTH:
        return None
    options = {letter: _key(text) for letter, text in read_options(question).items()}
    gold = _reference_letter(_bare(reference), options)
    if gold is None:
        return None
    letter, text = gold
    chosen = _chosen(_bare(answer), {letter: text} if text and not options else options)
    return None if chosen is None else chosen == {letter}


def compare_with_options(reference: str, answer: str, question: str, compare: Compare) -> bool | None:
    """Return whether an answer without a letter has the value of the option that the reference names.

    `compare` judges the text of each option against the answer. The result is False if the answer matches
    only another option or no option, and None if undecided.
    """
    options = read_options(question)
    gold = _alone(_bare(reference), options)
    if gold not in options:
        return None
    decisions = {letter: compare(text, answer) for letter, text in options.items()}
    chosen = [letter for letter, same in decisions.items() if same]
    if len(chosen) == 1:
        return chosen == [gold]
    return False if set(decisions.values()) == {False} else None


@lru_cache(maxsize=256)
def read_options(question: str) -> Mapping[str, str]:
    """Map the letters A, B, ... of a question's options to the normalised texts; empty if fewer than two."""
    for pattern in (OPTION_LINE, INLINE_OPTION):
        options: dict[str, str] = {}
        matches: list[re.Match[str]] = []
        for match in pattern.finditer(question[:MAX_QUESTION]):
            if match[1] == chr(ord("A") + len(matches)):
                matches.append(match)
        ends = [match.start() for match in matches[1:]] + [len(question)]
        for match, end in zip(matches, ends, strict=False):
            options[match[1]] = normalise(question[match.end() : end][:MAX_LENGTH])
        if len(options) > 1:
            return options
    return {}


def _reference_letter(reference: str, options: Mapping[str, str]) -> tuple[str, str] | None:
    """The letter of the reference, and the key of the option's text if the reference includes it."""
    if letter := _alone(reference, options):
        return letter, ""
    if letter := _by_text(reference, options):
        return letter, options[letter]
    labelled = _labelled(reference, options) or (None if options else SPACED.fullmatch(reference))
    if labelled is None:
        return None
    letter, text = _first(labelled), _key(_last(labelled))
    # "A) 3.5, B) 5.0" answers the two parts of a question.
    one_option = options.get(letter) == text if options else not ANOTHER_LABEL.search(_last(labelled))
    return (letter, text) if one_option else None


def _chosen(answer: str, options: Mapping[str, str]) -> set[str] | None:
    """The letters that the answer chooses, or None if uncertain."""
    if letter := _alone(answer, options) or _by_text(answer, options):
        return {letter}
    several = SEVERAL.fullmatch(answer) or (RUN_TOGETHER.fullmatch(answer) if len(options) > 1 else None)
    if several:
        return set(re.findall("[A-J]", several.group()))
    if labelled := _labelled(answer, options):
        letter, text = _first(labelled), _key(_last(labelled))
        if options.get(letter) == text:
            return {letter}
        starting = [at for at, option in options.items() if option and text.startswith(option)]
        if starting and letter not in starting:  # the letter of one option before the text of another
            return None
        if len(options) == 1 and letter in options:  # only the reference's text is known, and it differs
            return None
        if letter in options and not ANOTHER_LETTER.search(_last(labelled)):
            return {letter}  # the option's text is paraphrased
    return _asserted(answer)


def _asserted(answer: str) -> set[str] | None:
    """The one letter that a sentence asserts, not counting the letters it excludes ("not A"); else None."""
    if DENIED.search(answer):
        return None
    rest = EXCLUSION.sub("", answer)
    asserted = {_first(match) for match in ASSERTED.finditer(rest)}
    rivals = {_first(match) for match in RIVAL.finditer(rest)}
    if len(asserted) != 1 or ENUMERATES.match(rest):
        return None
    others = {_first(match) for match in ADDED_LETTER.finditer(rest)} | set(
        ANOTHER_LETTER.findall(REASON.sub("", rest))
    )
    return asserted if rivals | others <= asserted else None


def _alone(text: str, options: Mapping[str, str]) -> str | None:
    if match := ALONE.fullmatch(text):
        return _first(match)
    small = SMALL_ALONE.fullmatch(text)
    # Without options, a lower-case letter is a variable: e is not E.
    return _first(small).upper() if small and (options or small[1]) else None


def _by_text(text: str, options: Mapping[str, str]) -> str | None:
    key = _key(text)
    letters = [letter for letter, option in options.items() if option == key]
    return letters[0] if len(letters) == 1 else None


def _labelled(text: str, options: Mapping[str, str]) -> re.Match[str] | None:
    return LABELLED.fullmatch(text) or (LISTED.fullmatch(text) if len(options) > 1 else None)


def _first(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group)


def _last(match: re.Match[str]) -> str:
    return next(group for group in reversed(match.groups()) if group)


def _bare(text: str) -> str:
    return WRAPPING.sub(lambda wrapping: wrapping[1] or "", text).strip(" \n\t.…").strip()


def _key(text: str) -> str:
    """Normalise an option's text: no spaces or quotes, no case, no final punctuation."""
    return re.sub(r"[\s\"'“”‘’]|\\[,;:! ]", "", _bare(text)).casefold().strip(".,;:!?")
