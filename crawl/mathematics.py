"""The mathematics of a page, saved before its text is extracted.

Extractors drop or mangle formulas: they flatten 10<sup>28</sup> to 1028, lose MathML, and escape `$b_1$`.
So each formula of the tree becomes a token that is one plain word, which every extractor lets through,
and the tokens of the extracted text become TeX again. The tokens that are missing then are the loss.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qs, unquote, urlsplit

from lxml import etree

from crawl.mathml import local_name, to_tex
from crawl.tree import elements, first, has_class, inner_text

TEX_ANNOTATION = ".//*[local-name() = 'annotation'][contains(@encoding, 'tex')]"
WRAPPERS = f"//*[{has_class('katex-display', 'katex', 'mwe-math-element', 'MathJax_SVG')}]"
RENDERED = f"//*[{has_class('MathJax', 'MathJax_Display', 'MathJax_Preview')}]"
FORMULA_IMAGE = re.compile(r"latex|codecogs|mimetex|mathtex|/media/math/|\btex\b|\bmath\b|equation", re.I)
REPLACED = "replaced-by-text"
ORDINAL = {"st", "nd", "rd", "th", "tm", "®", "™", "º", "ª"}
NO_FORMULAS_IN = {"script", "style", "pre", "code", "textarea", "kbd", "samp"}
DELIMITER = re.compile(r"\\[()\[\]]|\$\$?|\\(?:begin|end)\{[a-z]+\*?\}")
CLOSING = {r"\(": r"\)", r"\[": r"\]", "$$": "$$", "$": "$"}
LONGEST_DOLLARS = 300  # characters between two single dollars; more is prices


class Formulas:
    """The formulas of one page by number. Its tokens bear the page's own hash, so no page can hold one."""

    def __init__(self, html: str) -> None:
        self.key = hashlib.sha256(html.encode("utf-8", "replace")).hexdigest()[:8]
        self.token = re.compile(rf"xq{self.key}n(\d+)xq")
        self.count = 0
        self.found: dict[int, str] = {}

    def hold(self, tex: str) -> str:
        """Keep a piece of TeX, delimiters included; returns the token that stands for it."""
        tex = self.token.sub(lambda match: self.found.pop(int(match[1])), tex)
        self.found[self.count] = tex
        self.count += 1
        return f"xq{self.key}n{self.count - 1}xq"

    def restore(self, text: str) -> str:
        """The text with every token replaced by its TeX."""
        return self.token.sub(lambda match: self.found[int(match[1])], text)

    def share_in(self, text: str) -> float:
        """Share of the formulas whose token is in the text; 1 where there is none."""
        return len(set(self.token.findall(text))) / len(self.found) if self.found else 1.0


def save_formulas(tree: etree._Element, formulas: Formulas) -> None:
    """Replace every formula in the tree by a token; what is inside another first."""
    for script in elements(tree, "//script[starts-with(@type, 'math/')]"):
        display = "mode=display" in script.get("type", "")
        replace_by_text(script, formulas.hold(_delimited(script.text or "", display)))
    for element in reversed(elements(tree, WRAPPERS)):
        _save_wrapper(element, formulas)
    for element in reversed(elements(tree, "//*[local-name() = 'math']")):
        replace_by_text(element, formulas.hold(_math_element(element)))
    for element in reversed(elements(tree, RENDERED)):
        if not formulas.token.search(inner_text(element)):
            replace_by_text(element, "")
    for image in elements(tree, "//img"):
        if tex := _image_tex(image):
            replace_by_text(image, formulas.hold(_delimited(tex, display=False)))
    for element in reversed(elements(tree, "//sup | //sub")):
        _save_script(element, formulas)
    etree.strip_tags(tree, REPLACED)
    for element in elements(tree, "//*"):
        _save_written(element, formulas)


def replace_by_text(element: etree._Element, text: str) -> None:
    """Make the element one that holds this text alone and will be stripped of its tag."""
    element.clear(keep_tail=True)  # type: ignore[call-arg]
    element.tag = REPLACED
    element.text = text


def _save_wrapper(element: etree._Element, formulas: Formulas) -> None:
    """KaTeX, Wikipedia and MathJax draw a formula and keep its TeX in an annotation."""
    annotation = first(element, TEX_ANNOTATION)
    if annotation is not None:
        display = (
            "display" in element.get("class", "") or first(element, ".//*[@display = 'block']") is not None
        )
        replace_by_text(element, formulas.hold(_delimited(annotation.text or "", display)))


def _math_element(element: etree._Element) -> str:
    display = element.get("display") == "block" or element.get("mode") == "display"
    annotation = first(element, TEX_ANNOTATION)
    given = (annotation.text if annotation is not None else None) or element.get("alttext") or ""
    try:
        return _delimited(given if given.strip() else to_tex(element), display)
    except RecursionError:
        return _delimited(inner_text(element), display)


def _image_tex(image: etree._Element) -> str:
    """The TeX of an image that shows a formula: its alt text or the query of its renderer."""
    source = image.get("src", "")
    if not FORMULA_IMAGE.search(f"{source} {image.get('class', '')}"):
        return ""
    if alt := image.get("alt", "").strip():
        return alt
    query = urlsplit(source).query
    named = parse_qs(query).get("tex") or parse_qs(query).get("latex")
    return named[0] if named else unquote(query).replace("&space;", " ")


def _save_script(element: etree._Element, formulas: Formulas) -> None:
    """10<sup>28</sup> is 10^{28}. Footnote marks and ordinals (4<sup>th</sup>) are no exponents."""
    text = inner_text(element).strip()
    if (
        not text
        or first(element, ".//a") is not None
        or len(text) > LONGEST_DOLLARS
        or element.getparent() is None
    ):
        return
    if text.lower() in ORDINAL:
        replace_by_text(element, text)
    else:
        sign = "^" if local_name(element) == "sup" else "_"
        replace_by_text(element, formulas.hold(f"{sign}{{{text}}}"))


def _save_written(element: etree._Element, formulas: Formulas) -> None:
    """TeX that stands in the text itself, such as \\(x\\), kept as it was written."""
    if element.text and local_name(element) not in NO_FORMULAS_IN:
        element.text = _tokens_for(element.text, formulas)
    parent = element.getparent()
    if element.tail and parent is not None and local_name(parent) not in NO_FORMULAS_IN:
        element.tail = _tokens_for(element.tail, formulas)


def _tokens_for(text: str, formulas: Formulas) -> str:
    if "\\" not in text and "$" not in text:
        return text
    pieces, end = [], 0
    for start, stop in formula_spans(text):
        pieces += [text[end:start], formulas.hold(text[start:stop])]
        end = stop
    return "".join([*pieces, text[end:]])


def formula_spans(text: str) -> list[tuple[int, int]]:
    """Where TeX stands between its delimiters, from the first to behind the last; in one pass."""
    spans: list[tuple[int, int]] = []
    opened: re.Match[str] | None = None
    for mark in DELIMITER.finditer(text):
        if opened and mark[0] == _closing(opened[0]) and _is_formula(text[opened.start() : mark.end()]):
            spans.append((opened.start(), mark.end()))
            opened = None
        elif opened is None or opened[0] in ("$", mark[0]):
            opened = mark if _closing(mark[0]) else None
    return spans


def _closing(opening: str) -> str | None:
    if opening.startswith(r"\begin"):
        return opening.replace("begin", "end")
    return CLOSING.get(opening)


def _is_formula(text: str) -> bool:
    """Between single dollars only what touches them and stands on one line, so that prices are left alone."""
    if not text.startswith("$") or text.startswith("$$"):
        return True
    inner = text[1:-1]
    return 0 < len(inner) <= LONGEST_DOLLARS and inner == inner.strip() and "\n" not in inner


def _delimited(tex: str, display: bool) -> str:
    """The TeX between delimiters that Markdown leaves alone."""
    tex = " ".join(tex.split()).removeprefix(r"\displaystyle").strip()
    if tex.startswith(r"{\displaystyle") and tex.endswith("}"):
        tex = tex[len(r"{\displaystyle") : -1].strip()
    return rf"\[{tex}\]" if display else rf"\({tex}\)"
