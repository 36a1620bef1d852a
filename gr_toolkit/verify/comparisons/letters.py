"""Compares option letters of multiple-choice questions, or the options' texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gr_toolkit.verify.comparisons import Compare
from gr_toolkit.verify.question.options import is_ambiguous, read_options, with_capital
from gr_toolkit.verify.question.order import order_of

MAX_LENGTH = 500  # characters of a reference, an answer or an option

# Markdown, and LaTeX wrappers in text that is not normalised.
WRAPPING = re.compile(
    r"\\(?:text(?:bf|it|rm|normal)?|math(?:rm|bf|sf)|boxed|fbox|mbox)\s*\{([^{}]*)\}|\*\*|__|[`$]"
)
LETTER = r"(?:\(([A-J])\)|\[([A-J])\]|([A-J]))"
ALONE = re.compile(rf"(?:(?i:option|choice|answer)\s*:?\s*)?{LETTER}\)?[.:\s]*")
SMALL_ALONE = re.compile(r"\(([a-j])\)|([a-j])[).]?")
# One reading of each space, or else the time is exponential.
SEPARATOR = r"(?:,(?:\s*(?:and|or)\b)?|/|;|&|\b(?:and|or)\b)"
SEVERAL = re.compile(rf"\(?{LETTER}(?:\s*{SEPARATOR}\s*{LETTER})+\)?\.?")
SEVERAL_LEAD = re.compile(
    r"(?:(?:the )?(?:correct )?(?:options|choices|answers|letters)(?: are)?|both)\b\s*:?\s*", re.I
)
JOINT = re.compile(r"\s*(?:[,;&\n]|\band\b)\s*")
ALTERNATIVES = re.compile(r"\bor\b|/")
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
    r"(?:\b(?i:answers?|options?|choices?|choose|select|pick|réponse|respuesta|resposta|risposta|antwort"
    r"|opci[oó]n|it'?s|it (?:is|must be|should be|has to be))"
    r"\s*:?(?:\s+(?i:is|est|es|è|é|ist|would be|must be|should be))?(?:\s*:\s*|\s+)"
    r"|(?:答案[是为]?|[应故]?选[项择]?)\s*:?\s*)"
)
END = (
    r"(?=\s*$|\s*[,;:!\n。，—]|\s*\.(?:\s|$)|\s+-\s+[^\W\d]"
    r"|\s+(?i:because|since|as|and|or|but|due|given|therefore|which)\b"
    r"|\s+(?i:is (?:the )?(?:correct|right|best|answer))\b)"
)
ASSERTED = re.compile(rf"(?:^|{CUE})(?:\(([A-J])\)|\[([A-J])\]|([A-J])(?:\)\s|\)?{END}))")
RIVAL = re.compile(
    r"[(\[]([A-J])[)\]]|(?<!\w)([A-J])\)"
    r"|(?:[,;:.!?—]|\b(?i:or|and|be|is|it's|wait|option|choice|to|maybe|both|either|actually"
    r"|no))\s+([A-J])(?![\w'’])(?!\s+[a-z])"
)
# Statements that options combine. Roman numerals have no other order; numbers may be coordinates.
COMBINATION_LEAD = re.compile(r"^(?:both|only|just|statements?)+")
ROMAN = re.compile(r"[ivx]{1,4}")
STATEMENT = re.compile(r"\d{1,2}|[a-j]")
MATCHES = re.compile(r"\b(?:match|rank|arrang|sequenc|respective|order(?!\s+to\b))", re.IGNORECASE)
MAX_MATCHED = 2_000  # characters of a question
LONG_WORD = re.compile(r"[^\W\d_]{4,}")
# A negative word, and the rest of its clause.
NEGATIVE = (
    r"not|non|neither|nor|never|cannot|no one|nobody|none|avoid|exclude|except|rather than|instead of"
    r"|other than|(?:all|anything|everything|any|every) but|eliminate|rule out|discard|dismiss|den(?:y|ies)"
    r"|refuses?|rejects?|unlikely|least|hardly|doubt|wrong|incorrect"
)
EXCLUSION = re.compile(rf"(?:\b(?i:{NEGATIVE})\b|\b\w+n[’']t\b|不是|不选)[^,;.。\n]*")
COPULA = r"(?i:is|are|was|be|been|seems|looks|does|do|can|could|has|have|will|would|may|might|should|must)"
PREDICATE = re.compile(rf"{COPULA}(?:\b|(?=n[’']t))|(?i:cannot|can[’']t|won[’']t|never)\b|=")
DENIED = re.compile(
    rf"(?<!\w)[A-J]\)?\s+(?:\w+\s+)?(?:{COPULA}\s+){{1,2}}(?:\w+\s+)?"
    rf"(?i:wrong|incorrect|false|excluded|eliminated|ruled|rejected|never|hardly|unlikely|traps?)\b"
    rf"|(?<!\w)[A-J]\)?\s+(?:\w+\s+)?(?:{COPULA}(?:\s+not|n[’']t)|(?i:cannot|can[’']t"
    rf"|never))\b(?!\s+\(?[A-J]\b)"
    r"|(?<!\w)[A-J]\)?\s*\?"
)


def compare_letters(reference: str, answer: str, question: str = "") -> bool | None:
    """Whether the answer chooses the option that the reference names; None if either choice is uncertain.

    Each may be a letter, a letter with the option's text, or only the text of one of the question's
    options. An answer that names several options is never correct.
    """
    if max(len(reference), len(answer)) > MAX_LENGTH:
        return None
    read = read_options(question)
    reference, answer = (with_capital(_bare(text), read) for text in (reference, answer))
    options = {letter: _key(text) for letter, text in read.texts.items()}
    if several := _several(reference, options):
        return _same_letters(several, answer, options, question)
    ambiguous = is_ambiguous(reference, read) or is_ambiguous(answer, read)
    gold = None if ambiguous else _reference_letter(reference, options)
    if gold is None:
        return None
    letter, text = gold
    chosen = _chosen(answer, {letter: text} if text and not options else options)
    return None if chosen is None else chosen == {letter}


def closed_letter(reference: str, answer: str, question: str = "") -> bool | None:
    """Decide an answer to a multiple-choice question in any case; None if the reference names no option."""
    read = read_options(question)
    reference, answer = (with_capital(_bare(text), read) for text in (reference, answer))
    options = {letter: _key(text) for letter, text in read.texts.items()}
    gold = _reference_letter(reference, options)
    if gold is None:
        return None
    answer = answer[:MAX_LENGTH]
    chosen = _chosen(answer, options)
    if chosen is None and not DENIED.search(answer) and not ALTERNATIVES.search(answer):
        chosen = set(ANOTHER_LETTER.findall(EXCLUSION.sub("", answer)))
    return chosen == {gold[0]}


def shares_words(answer: str, options: Iterable[str]) -> bool:
    """Whether an answer has a letter, or a longer word of one of the options: it may choose an option."""
    words = set(LONG_WORD.findall(answer.casefold()))
    shared = any(not words.isdisjoint(LONG_WORD.findall(option.casefold())) for option in options)
    return shared or ANOTHER_LETTER.search(answer) is not None


def _several(text: str, options: Mapping[str, str]) -> list[str]:
    """The letters of a text that consists of at least two, in order; else an empty list."""
    text = SEVERAL_LEAD.sub("", text, count=1)
    if _by_text(text, options) or ALTERNATIVES.search(text):
        return []
    run = len(options) > 1 and RUN_TOGETHER.fullmatch(text)
    if run or SEVERAL.fullmatch(text):
        letters: list[str | None] = [*re.findall("[A-J]", text)]
    else:
        letters = [_of_part(part, options) for part in JOINT.split(text)] if options else []
    known = [letter for letter in letters if letter is not None and (not options or letter in options)]
    return known if 1 < len(letters) == len(known) else []


def _of_part(part: str, options: Mapping[str, str]) -> str | None:
    """The letter of one part of a list: a letter, an option's text, or both if they agree; else None."""
    labelled = _labelled(part, options)
    if labelled is None:
        return _by_text(part, options) or _alone(part, options)
    return _first(labelled) if options.get(_first(labelled)) == _key(_last(labelled)) else None


def _same_letters(gold: list[str], answer: str, options: Mapping[str, str], question: str) -> bool | None:
    """Compare several letters, by position if the question asks for an order or for a match."""
    given = _several(answer, options)
    if not given:
        one_letter = _by_text(answer, options) or _alone(answer, options)
        return False if one_letter or (SEVERAL.fullmatch(answer) and "or" in answer) else None
    if set(gold) != set(given) or order_of(question, len(gold)) == "bound":
        return gold == given
    return True if gold == given or not MATCHES.search(question[-MAX_MATCHED:]) else None


def compare_with_options(reference: str, answer: str, question: str, compare: Compare) -> bool | None:
    """Return whether an answer without a letter has the value of the option that the reference names.

    `compare` judges the text of each option against the answer. The result is False if the answer matches
    only another option or no option, and None if undecided.
    """
    read = read_options(question)
    gold = _alone(with_capital(_bare(reference), read), read.texts)
    if gold not in read.texts or read.style == "digit":
        return None
    decisions = {letter: compare(text, answer) for letter, text in read.texts.items()}
    chosen = [letter for letter, same in decisions.items() if same]
    if len(chosen) == 1:
        return chosen == [gold]
    return False if set(decisions.values()) == {False} else None


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
    if letter := _by_text(answer, options) or _alone(answer, options):
        return {letter}
    several = SEVERAL.fullmatch(answer) or (RUN_TOGETHER.fullmatch(answer) if len(options) > 1 else None)
    if several:
        letters = set(re.findall("[A-J]", several.group()))
        return letters if not options or letters <= set(options) else None
    if (labelled := _labelled(answer, options)) and not PREDICATE.match(_last(labelled)):
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
        # "I" may be a Roman numeral in the text of an option.
        return _first(match) if len(options) < 2 or _first(match) in options else None
    small = SMALL_ALONE.fullmatch(text)
    # Without options, a lower-case letter is a variable: e is not E.
    return _first(small).upper() if small and (options or small[1]) else None


def _by_text(text: str, options: Mapping[str, str]) -> str | None:
    key = _key(text)
    letters = [letter for letter, option in options.items() if option == key]
    if not letters and (combination := _combination(key)):
        letters = [letter for letter, option in options.items() if _combination(option) == combination]
    return letters[0] if len(letters) == 1 else None


def _combination(key: str) -> list[str]:
    """The statements that an option combines, as in "I and II" or "1, 3"; empty if it is something else."""
    parts = re.split(r",?and|[,&]", COMBINATION_LEAD.sub("", key))
    if all(map(ROMAN.fullmatch, parts)):
        return sorted(parts)
    return parts if all(map(STATEMENT.fullmatch, parts)) else []


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
    return re.sub(r"[\s\"'“”‘’]|\\[,;:! ]", "", _bare(text)).casefold().strip(".,;:!?").removesuffix("only")
