"""Rewrites all spellings of an answer to one form, without changing its meaning.

The result is plain text with only the LaTeX commands that carry meaning: one spelling for each relation,
operator and fraction, no wrappers, no spacing commands, ASCII digits.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]")
# NFKC would turn these into plain digits ("10²" into "102", "2½" into "21/2"), so they are rewritten first.
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ", "0123456789+-ni")
SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ]+")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SUBSCRIPT_RUN = re.compile("[₀-₉]+")
VULGAR_FRACTION = re.compile("[¼-¾⅐-⅞]")
CIRCLED_RUN = re.compile("[①-⑳⓪❶-❿➀-➉➊-➓]+")  # separate numbers: ②③ is 2, 3
OTHER_DIGIT = re.compile(r"[^\W0-9a-zA-Z_]")
SYMBOLS = {
    "−": "-", "–": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "∕": "/",
    "⁄": "/", "’": "'", "‘": "'", "“": '"', "”": '"', "≤": r"\le ", "⩽": r"\le ", "≥": r"\ge ", "⩾": r"\ge ",
    "≠": r"\ne ", "≈": r"\approx ", "∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ",
    "π": r"\pi ", "±": r"\pm ", "∓": r"\mp ", "√": r"\sqrt ", "∅": r"\emptyset ", "º": "°", "∘": "°",
    "∣": "|", "＞": ">", "＜": "<", "→": r"\to ", "∀": r"\forall ", "∃": r"\exists ", "µ": "μ",
}  # fmt: skip
SYMBOL = re.compile("[" + "".join(SYMBOLS) + "]")
WITHOUT_MEANING = """
left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr limits nolimits
displaystyle textstyle scriptstyle rm bf it
quad qquad enspace thinspace medspace thickspace hfill newline space nobreakspace
"""  # sizes, spaces and styles
# Commands with the same meaning become one command, or a symbol if there is one.
COMMANDS = {
    "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac", "dbinom": r"\binom", "tbinom": r"\binom",
    "leq": r"\le ", "leqslant": r"\le ", "leqq": r"\le ", "geq": r"\ge ", "geqslant": r"\ge ",
    "geqq": r"\ge ", "neq": r"\ne ", "lt": "<", "gt": ">", "times": "*", "cdot": "*", "ast": "*", "div": "/",
    "cupdot": r"\cup ", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "colon": ":", "degree": "°",
    "prime": "'", "lbrace": r"\{", "rbrace": r"\}", "lbrack": "[", "rbrack": "]", "ldots": r"\dots ",
    "cdots": r"\dots ", "dotsc": r"\dots ", "varnothing": r"\emptyset ", "thickapprox": r"\approx ",
    "rightarrow": r"\to ", "land": r" \text{and} ", "lor": r" \text{or} ", "wedge": r" \text{and} ",
    "vee": r" \text{or} ", "lg": r"\log_{10}", "tg": r"\tan ", "ctg": r"\cot ", "cosec": r"\csc ",
    "arctg": r"\arctan ", "dollar": "$",
    **dict.fromkeys(WITHOUT_MEANING.split(), " "),
}  # fmt: skip
COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
SPACING = re.compile(r"(?<!\\)\\[,;:> ]|(?<=\S)~(?=\S)|(?<=\{)~")
WRAPPER = re.compile(
    r"\\(?:text|textbf|textit|textrm|textsf|texttt|textup|textnormal|mathrm|mathbf|mathit|mathsf|mathtt"
    r"|mathcal"
    r"|mathscr|boldsymbol|bm|pmb|emph|underline|operatorname|mbox|hbox|boxed|fbox|ensuremath)\s*"
    r"\{((?:[^{}]|\{[^{}]*\})*)\}"
)
MATH = re.compile(
    r"\$\$(?P<display>[^$]*)\$\$|(?<!\\)\$(?=\S)(?P<inline>[^$]*?)(?<=[^\s\\])\$(?!\d)"
    r"|(?<!\\)\$(?P<command>[^$\\]*\\[a-zA-Z][^$]*)(?<!\\)\$|^\s*\$(?P<all>[^$]+)\$\s*$"
)
BROKEN_ESCAPE = {
    "\x0c": r"\f",
    "\x08": r"\b",
}  # an unescaped "\frac" or "\begin" in a JSON or Python string starts with one of these
DOUBLED_BACKSLASH = re.compile(r"\\\\(?=[a-zA-Z]{2}|%|\$)")
TAG = re.compile(r"<(su[pb])>([^<>]{1,40})</\1>")
VECTOR = re.compile(r"\\(?:vec|mathbf|boldsymbol|bm|overrightarrow|hat|nabla)(?![A-Za-z])|\u20d7|∇")
CROSS = re.compile(r"\\times(?![A-Za-z])\s*(?!\s*10\b)|×(?!\s*10\b)")
FENCE = re.compile(r"```[A-Za-z]*(?:\n|$)|```")
MARKDOWN = re.compile(r"(?<![\w)}])(\*\*|__|`+)(?=\S)(.*?)(?<=\S)\1(?![\w({])")
DEGREE = re.compile(r"\^\s*\{?\s*\\circ\s*\}?")
BRACED_COMMA = re.compile(r"(?<=\d)\s*\{\s*,\s*\}\s*(?=\d)|(?<=\d),\s*\\!\s*(?=\d)")
ORDINAL = re.compile(r"(?<=\d)(?:\s*\^\s*\{\s*(?:st|nd|rd|th)\s*\}|\s*\^?\s*(?:st|nd|rd|th)\b)")
WORD = re.compile(r"(?<![\\\w])[^\W\d_]{3,}")
LONG_WORD = re.compile(r"(?<![\\\w])[^\W\d_]{5,}")
GENOTYPE = re.compile(r"(?:(\w)\1)+", re.IGNORECASE)  # keeps its case: AABBCC is not aabbcc
LOOSE_SPACE = re.compile(r"\s+(?=\W)|(?<=\W)\s+")


@lru_cache(maxsize=1024)  # many callers normalise the same text, such as a reference
def normalise(answer: str, *, vectors: bool = False) -> str:
    """Return the comparable form of an answer, in time linear in its length.

    With `vectors`, a cross is the product of two vectors, as it is next to arrows.
    """
    text = FENCE.sub(" ", INVISIBLE.sub("", answer))
    if vectors or VECTOR.search(text):  # the cross product is not the dot product
        text = CROSS.sub(r"\\cross ", text)
    for broken, meant in BROKEN_ESCAPE.items():
        text = text.replace(broken, meant)
    text = _unicode(text)
    text = DEGREE.sub("°", TAG.sub(lambda tag: ("^{" if tag[1] == "sup" else "_{") + tag[2] + "}", text))
    text = _without_dollars(BRACED_COMMA.sub(",", text))
    if "\\" in text:
        text = _without_dollars(_latex(text))
    text = text.replace("\\$", "$")
    text = ORDINAL.sub("", MARKDOWN.sub(r"\2", text))
    return " ".join(text.split()).lstrip("# ").rstrip("\\^ ").removesuffix(".").rstrip()


def _without_dollars(text: str) -> str:
    """Remove the dollar signs around mathematics, but keep a dollar sign before an amount of money."""
    return MATH.sub(lambda math: f" {math[math.lastgroup or 0]} ", text) if "$" in text else text


def _unicode(text: str) -> str:
    if text.isascii():
        return text
    text = SUPERSCRIPT_RUN.sub(lambda run: "^{" + run.group().translate(SUPERSCRIPTS) + "}", text)
    text = SUBSCRIPT_RUN.sub(lambda run: "_{" + run.group().translate(SUBSCRIPTS) + "}", text)
    text = VULGAR_FRACTION.sub(_latex_fraction, text)
    text = CIRCLED_RUN.sub(
        lambda run: ", ".join(f"{unicodedata.numeric(one):g}" for one in run.group()), text
    )
    text = SYMBOL.sub(lambda symbol: SYMBOLS[symbol.group()], text)
    text = SYMBOL.sub(lambda symbol: SYMBOLS[symbol.group()], unicodedata.normalize("NFKC", text))
    return OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found.group(), found.group())), text)


def _latex_fraction(vulgar: re.Match[str]) -> str:
    over, _, under = unicodedata.normalize("NFKC", vulgar.group()).partition("⁄")
    return f"\\frac{{{over}}}{{{under}}}"


def _latex(text: str) -> str:
    if r"\begin" not in text:
        text = DOUBLED_BACKSLASH.sub(r"\\", text)
    text = text.replace(r"\!", "")
    text = COMMAND.sub(lambda command: COMMANDS.get(command[1], command.group()), text)
    text = SPACING.sub(" ", text)
    for _ in range(4):  # wrappers within wrappers
        text, found = WRAPPER.subn(r" \1 ", text)
        if not found:
            break
    text = re.sub(r"(?<!\\)\\[()\[\]]", " ", text)  # \( ... \) and \[ ... \]
    return DEGREE.sub("°", text).replace("\\%", "%").replace("\\#", "#").replace("\\&", "&")


def spelling(normalised: str) -> str:
    """Return a normalised text with its words in lower case and without insignificant spaces."""
    text = LOOSE_SPACE.sub("", normalised)
    words = LONG_WORD if re.search(r"\d", text) else WORD
    return words.sub(lambda word: word.group().casefold() if _is_word(word.group()) else word.group(), text)


def _is_word(letters: str) -> bool:
    shouted = len(letters) > 4 and letters.isupper() and not GENOTYPE.fullmatch(letters)
    return letters.islower() or letters.istitle() or shouted
