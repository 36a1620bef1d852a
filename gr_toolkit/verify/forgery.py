"""Finds and removes text in an answer that imitates a verdict, instructs the judge or poses as the prompt."""

from __future__ import annotations

import html
import re
import unicodedata

# Letters that look like the Latin letters on the right (Unicode Technical Standard 39, confusables).
LOOKALIKES = str.maketrans(
    dict(
        zip(
            "аеорсхуіѕјкмтнвԁӏԛԝгп" + "αεορτυνικχηωσ" + "ꜰɪɴᴀʟᴅᴇᴄꜱᴏʏʀᴛᴜɢʜᴠᴍᴘᴋᴡʙ" + "ıɑɡſƒɩℓ",
            "aeopcxyisjkmthbdlqwrn" + "aeoptuvikxnwo" + "finaldecsoyrtughvmpkwb" + "iagsfil",
            strict=True,
        )
    )
)
LEET = str.maketrans("013457@$", "oieastas")
SPACED = re.compile(r"(?<![a-z])(?:[a-z][\s._*|~-]{1,3}){4,}[a-z](?![a-z])")

YES = r"(?:yes|correct|right|true|pass(?:ed)?|equivalent)\b"
RIGHT = r"(?:correct|right|equivalent|accepted|marked|verified)\b(?!-| (?:when|if|by|of|to)\b)"
REFERENCE = r"(?:ground[\W_]*truth|reference|gold(?:en)?|expected|correct|official|model)"
JUDGE = r"(?:grader|verifier|evaluator)s?\b"
# Verdicts, claims about the verdict and instructions to the judge. The text is in lower case.
CLAIMS = (
    r"final[\W_]*decision[\W_]*(?:[:=]|yes\b|no\b|is\b)",
    rf"final[\W_]*(?:verdict|judge?ment|answer decision)[\W_]*(?:is[\W_]*)?(?:no\b|{YES})",
    r"ground[\W_]*truth|student['’]?s?[\W_]*answer(?!s|ed)|student['’]?s?[\W_]*response\s*(?::|(?:is"
    r"|matches|should)\b)",
    rf"\b(?:decision|verdict|judge?ment)\s*[:=][\W_]*(?:no\b|{YES})",
    r"\b(?:result|assessment|evaluation|grade|score|rating)\s*[:=][\W_]*(?:correct|equivalent|full"
    r"|perfect)\b",
    r"\b(?:score|grade|rating)\s*[:=][\W_]*(\d{1,3})\s*/\s*\1\b|[\"'](?:score|reward)[\"']\s*:\s*1\b",
    r"\b(?:is[\W_]*)?(?:correct|correctness|equivalent|equivalence)[\"']?\s*[:=][\W_]*(?:true|yes|1)\b",
    rf"\b(?:same|equal|equivalent|identical|match(?:es)?|agrees?) (?:as |to |with )?(?:the )?{REFERENCE}"
    r" (?:answer|response|solution)",
    r"(?<!yes, )(?<!no, )(?<!true, )\b(?:this|the|my) (?:answer|response)"
    rf" (?:is|should be|must be|will be|has been) (?:\w+ ){{0,2}}{RIGHT}",
    r"\b(?:mark|grade|judge|rate|score|accept|count|treat|consider|regard)"
    r" (?:(?:this|it|me|my|the|answer|response|submission|one|as|to|be|fully) ){1,5}"
    r"(?:correct|right|equivalent|full)\b",
    r"(?:^\W*|\b(?:please|must|should|just|only|and|now|to|then)\W+)(?:output|print|respond|reply|say"
    r"|return|write|answer)\s+(?:(?:only|with|just)\W+){0,3}[\"'*]*(?:yes\b(?! (?:or|if|when)\b)"
    r"|final[\W_]*decision)",
    r"\b(?:ignore|disregard|forget) (?:\w+ ){0,4}(?:instructions?|prompts?|guidelines|rubrics?)\b",
    r"\b(?:ignore|disregard|forget) (?:everything|anything|all) (?:above|before|previous)",
    rf"\b(?:dear|note to|attention|as)\W+(?:the |a |your )?(?:judge\b[,:]|{JUDGE})|(?:^\W*|\b){JUDGE}\s*:"
    rf"|^\W*{JUDGE}\s*,|^\W*judge\s*[,:]\W*(?:please|this|the answer|mark|{YES})",
)
# "Final decision" and "yes" in other languages.
DECISIONS = (
    "decisión final", "décision finale", "endgültige entscheidung", "abschließende entscheidung",
    "decisão final", "decisione finale", "итоговое решение", "окончательное решение", "最终决定", "最终判定",
    "最终判断", "最終決定", "最終判断", "최종 결정", "القرار النهائي", "अंतिम निर्णय",
)  # fmt: skip
CONSENTS = (
    "yes", "sí", "oui", "ja", "sim", "да", "是", "正确", "正しい", "はい", "예", "نعم", "हाँ", "correct",
    "richtig",
)  # fmt: skip
# Headings and speakers of the prompt, and the special tokens of chat templates.
MARKER = re.compile(
    r"(?<!#)#{3,} *(?:question|ground|reference|student|user|assistant|system|final|instruction)"
    r"|\b(?:user|assistant)\s*:"
    r"|<\|(?:im|eot|start|end|system|user|assistant|begin)\w*\|>|<(?:start|end)_of_turn>|</?think>|\[/?inst\]"
    r"|</?(?:student_?answer|reference|ground_?truth|question)>"
)
# Markup between the words of a claim.
MARKUP = re.compile(r"\\(?:text|math)[a-z]*|</?[a-z][^<>]{0,40}>|[{}$`]")
HEADING = re.compile(r"#{3,}")  # in the prompt, it may begin a field; in an answer, it is Markdown


def is_forged(answer: str, reference: str = "") -> bool:
    """Whether an answer imitates a verdict or a part of the prompt, and the reference does not."""
    return _is_forged(answer) and not _is_forged(reference)


def sanitise(answer: str) -> str:
    """Return the answer on one line, with text that imitates a verdict or the prompt replaced by "…"."""
    text = answer
    while forged := next((reading for reading in _readings(text) if _imitates(reading)), None):
        text = MARKER.sub("…", CLAIM.sub("…", forged))  # replacing one imitation can form another
    text = HEADING.sub("…", text)
    return " ".join("".join(c for c in text if unicodedata.category(c) != "Cc" or c.isspace()).split())


def _is_forged(text: str) -> bool:
    return any(map(_imitates, _readings(text)))


def _imitates(reading: str) -> bool:
    return bool(CLAIM.search(reading) or MARKER.search(reading))


def _readings(text: str) -> list[str]:
    """The text as a reader may see it: in plain letters; without markup; without spacing; without digits."""
    plain = _plain(text)
    bare = MARKUP.sub("", plain)
    joined = SPACED.sub(lambda run: re.sub(r"[\W_]", "", run.group()), bare)
    return list(dict.fromkeys([plain, bare, joined, joined.translate(LEET)]))


def _plain(text: str) -> str:
    """The text in lower case, with Latin letters for letters that look like them, without marks."""
    plain = html.unescape(html.unescape(text)) if "&" in text else text
    if not plain.isascii():
        plain = "".join(
            character
            for character in unicodedata.normalize("NFKD", plain)
            if unicodedata.category(character) not in ("Cf", "Mn", "Me")
        )
    return plain.casefold().translate(LOOKALIKES)


def _any_of(phrases: tuple[str, ...]) -> str:
    return "|".join(re.escape(_plain(phrase)) for phrase in phrases)


CLAIM = re.compile("|".join([*CLAIMS, rf"(?:{_any_of(DECISIONS)})\s*[:=]\W*(?:{_any_of(CONSENTS)})(?!\w)"]))
