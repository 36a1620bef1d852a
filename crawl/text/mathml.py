"""Convert presentation MathML (https://www.w3.org/TR/mathml-core/) to TeX, for pages without TeX."""

from __future__ import annotations

import unicodedata

from lxml import etree

from crawl.text.tree import inner_text

SYMBOLS = {
    "×": r"\times ", "÷": r"\div ", "⋅": r"\cdot ", "·": r"\cdot ", "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ",
    "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "≡": r"\equiv ", "∼": r"\sim ", "∝": r"\propto ",
    "∞": r"\infty ", "∑": r"\sum ", "∏": r"\prod ", "∫": r"\int ", "∮": r"\oint ", "∂": r"\partial ",
    "∇": r"\nabla ", "√": r"\sqrt ", "→": r"\to ", "←": r"\leftarrow ", "⇒": r"\Rightarrow ",
    "⇔": r"\Leftrightarrow ", "↦": r"\mapsto ", "∈": r"\in ", "∉": r"\notin ", "⊂": r"\subset ",
    "⊆": r"\subseteq ", "∪": r"\cup ", "∩": r"\cap ", "∅": r"\emptyset ", "∀": r"\forall ", "∃": r"\exists ",
    "¬": r"\neg ", "∧": r"\land ", "∨": r"\lor ", "∘": r"\circ ", "°": r"^{\circ}", "…": r"\ldots ",
    "⋯": r"\cdots ", "⟨": r"\langle ", "⟩": r"\rangle ", "−": "-", "′": "'",
    "%": r"\%", "{": r"\{", "}": r"\}", "\u00a0": " ", "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "",
}  # fmt: skip
FUNCTIONS = {
    *("arccos", "arcsin", "arctan", "cos", "cosh", "cot", "coth", "csc", "sec", "sin", "sinh", "tan", "tanh"),
    *("det", "exp", "gcd", "inf", "lim", "ln", "log", "max", "min", "sup"),
}
ACCENTS = {"¯": "overline", "‾": "overline", "^": "hat", "ˆ": "hat", "→": "vec", "~": "tilde", "˙": "dot"}
SCRIPTS = {"msup": "^", "mover": "^", "msub": "_", "munder": "_"}
LATIN_CAPITALS = "ΑΒΕΖΗΙΚΜΝΟΡΤΧ"  # Greek capitals that look Latin: TeX has no command for them
SILENT = {"mphantom", "annotation", "annotation-xml", "mprescripts", "none"}


def to_tex(element: etree._Element) -> str:
    """The TeX of a MathML element. Raises RecursionError if it is nested too deeply."""
    tag = local_name(element)
    children = [child for child in element if isinstance(child.tag, str)]
    parts = [to_tex(child) for child in children] if tag not in SILENT else []
    match tag, parts:
        case "mi" | "mn" | "mo" | "mtext" | "ms", _:
            return _leaf(tag, " ".join(inner_text(element).split()))
        case "mfrac", [top, bottom]:
            return rf"\frac{{{top}}}{{{bottom}}}"
        case "msqrt", _:
            return rf"\sqrt{{{''.join(parts)}}}"
        case "mroot", [base, index]:
            return rf"\sqrt[{index}]{{{base}}}"
        case "mover", [base, _] if _raw(children[1]) in ACCENTS:
            return rf"\{ACCENTS[_raw(children[1])]}{{{base}}}"
        case "msup" | "mover" | "msub" | "munder", [base, script]:
            return f"{_group(base)}{SCRIPTS[tag]}{{{script}}}"
        case "msubsup" | "munderover", [base, low, high]:
            return f"{_group(base)}_{{{low}}}^{{{high}}}"
        case "mtable", _:
            return r"\begin{matrix}" + r" \\ ".join(parts) + r"\end{matrix}"
        case "mtr" | "mlabeledtr", _:
            return " & ".join(parts)
        case "mfenced", _:
            separator = (element.get("separators", ",").strip() or ",")[0]
            return element.get("open", "(") + separator.join(parts) + element.get("close", ")")
        case "mspace", _:
            return " "
    return "".join(parts)


def local_name(element: etree._Element) -> str:
    """The tag without namespace or prefix, in lower case."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _leaf(tag: str, text: str) -> str:
    if tag in ("mtext", "ms"):
        return rf"\text{{{text}}}" if text else " "
    if tag == "mi" and text in FUNCTIONS:
        return rf"\{text} "
    if tag == "mi" and len(text) > 1 and text.isascii() and text.isalpha():
        return rf"\mathrm{{{text}}}"
    return "".join(SYMBOLS.get(character) or _letter(character) for character in text)


def _letter(character: str) -> str:
    """The command of a Greek letter, '' for an invisible operator, any other character unchanged."""
    if character in SYMBOLS:
        return ""
    match unicodedata.name(character, "").split():
        case ["GREEK", "SMALL", "LETTER", name]:
            return rf"\{name.lower()} ".replace("lamda", "lambda")
        case ["GREEK", "CAPITAL", "LETTER", name] if character not in LATIN_CAPITALS:
            return rf"\{name.capitalize()} ".replace("Lamda", "Lambda")
    return character


def _group(base: str) -> str:
    """The base of an exponent or index, in braces unless it is one symbol or number."""
    stripped = base.strip()
    single = len(stripped) <= 1 or stripped.isdigit() or (stripped[0] == "\\" and stripped[1:].isalpha())
    return stripped if single else f"{{{stripped}}}"


def _raw(element: etree._Element) -> str:
    return inner_text(element).strip()
