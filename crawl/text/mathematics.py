"""Save a page's mathematics before its text is extracted.

Extractors drop or mangle formulas: they flatten 10<sup>28</sup> to 1028, lose MathML, and escape `$b_1$`.
So each formula in the tree becomes a token, a plain word that every extractor keeps. The tokens in the
extracted text become TeX again, and the missing tokens measure the loss.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qs, unquote, urlsplit

from lxml import etree

from crawl.text.mathml import local_name, to_tex
from crawl.text.tex import DELIMITER, SIGN, delimited, formula_spans, standard
from crawl.text.tree import elements, first, has_class, inner_text

TEX_ANNOTATION = ".//*[local-name() = 'annotation'][contains(@encoding, 'tex')]"
WRAPPERS = f"//*[{has_class('katex-display', 'katex', 'mwe-math-element', 'MathJax_SVG')}]"
RENDERED = f"//*[{has_class('MathJax', 'MathJax_Display', 'MathJax_Preview')}]"
FORMULA_IMAGE = re.compile(r"latex|codecogs|mimetex|mathtex|/media/math/|\btex\b|\bmath\b|equation", re.I)
DRAWN = re.compile(r"\bMathJax|\bmjx-", re.IGNORECASE)
REPLACED = "replaced-by-text"
# TeX that a script renders: in an element's text, or in an attribute as on OpenStax and Zhihu.
BARE = f"//*[{has_class('math', 'mathjax', 'mathJaxEqu')}][not(*)]"
NAMED = ("data-math", "data-tex", "data-latex")
ORDINAL = {"st", "nd", "rd", "th", "er", "ère", "re", "ème", "ième", "º", "ª", "tm", "sm", "®", "™", "©"}
NOTE = re.compile(r"\[.*\]|[*†‡§¶]+", re.DOTALL)  # a footnote mark that needs no brackets
MAX_SCRIPT = 80  # characters in an exponent or index; longer text is prose in small print
SLASHES = ("/", "⁄")
TEX_SIGN = re.compile(r"\\[a-zA-Z]|[\^_{$]")
WORD = re.compile(r"[^\W\d_]{3,}")
MANY_WORDS = 3  # an alt text with at least this many words and no TeX syntax is a description
NO_FORMULAS_IN = {"script", "style", "pre", "code", "textarea", "kbd", "samp"}


class Formulas:
    """A page's formulas by number. Tokens contain a hash of the page, so that no page can forge a token."""

    def __init__(self, html: str) -> None:
        self.key = hashlib.sha256(html.encode("utf-8", "replace")).hexdigest()[:8]
        self.token = re.compile(rf"xq{self.key}n(\d+)xq")
        self.count = 0
        self.found: dict[int, str] = {}

    def hold(self, tex: str) -> str:
        """Store a piece of TeX with its delimiters; return its token. Tokens in it become TeX first."""
        tex = self.token.sub(lambda match: self.found.pop(int(match[1])), tex)
        self.found[self.count] = tex
        self.count += 1
        return f"xq{self.key}n{self.count - 1}xq"

    def restore(self, text: str) -> str:
        """The text with every token replaced by its TeX."""
        return self.token.sub(lambda match: self.found[int(match[1])], text)

    def share_in(self, text: str) -> float:
        """The share of the formulas whose token is in the text; 1.0 for a page without formulas."""
        return len(set(self.token.findall(text))) / len(self.found) if self.found else 1.0


def save_formulas(tree: etree._Element, formulas: Formulas) -> None:
    """Replace every formula in the tree by a token, inner formulas first."""
    for script in elements(tree, "//script[starts-with(@type, 'math/tex') or @type = 'math/asciimath']"):
        kind, text = script.get("type", ""), script.text or ""
        _remove_drawing_before(script)
        tex = delimited(text, "mode=display" in kind) if kind.startswith("math/tex") else f"`{text.strip()}`"
        replace_by_text(script, formulas.hold(tex))
    for element in elements(tree, "//*[" + " or ".join(f"@{name}" for name in NAMED) + "]"):
        tex = next(filter(None, map(element.get, NAMED)), "")
        if element.getparent() is not None and (_is_bare_tex(tex) or not inner_text(element).strip()):
            replace_by_text(element, formulas.hold(delimited(tex, element.tag == "div")))
    for element in reversed(elements(tree, WRAPPERS)):
        _save_wrapper(element, formulas)
    for element in reversed(elements(tree, "//*[local-name() = 'math']")):
        replace_by_text(element, formulas.hold(_math_element(element)))
    for element in reversed(elements(tree, RENDERED)):
        if not formulas.token.search(inner_text(element)):
            replace_by_text(element, "")
    for image in elements(tree, "//img"):
        if tex := _image_tex(image):
            described = not TEX_SIGN.search(tex) and len(WORD.findall(tex)) >= MANY_WORDS
            replace_by_text(image, tex if described else formulas.hold(delimited(tex, display=False)))
    for element in elements(tree, BARE):
        if _is_bare_tex(element.text or ""):
            display = "display" in element.get("class", "") or element.tag == "div"
            replace_by_text(element, formulas.hold(delimited(element.text or "", display)))
    for element in elements(tree, "//sup"):
        _join_fraction(element)
    for element in reversed(elements(tree, "//sup | //sub")):
        _save_script(element, formulas)
    etree.strip_tags(tree, REPLACED)
    _save_written(tree, formulas)


def replace_by_text(element: etree._Element, text: str) -> None:
    """Replace the element's content by this text. `save_formulas` strips its tag later."""
    element.clear(keep_tail=True)  # type: ignore[call-arg]
    element.tag = REPLACED
    element.text = text


def _remove_drawing_before(script: etree._Element) -> None:
    """Remove the rendering and the MathML for screen readers that MathJax 2 puts before a script with TeX."""
    drawing = script.getprevious()
    while drawing is not None and DRAWN.search(drawing.get("class", "")) and not (drawing.tail or "").strip():
        replace_by_text(drawing, "")
        drawing = drawing.getprevious()


def _save_wrapper(element: etree._Element, formulas: Formulas) -> None:
    """Save the TeX annotation of a formula rendered by KaTeX, Wikipedia or MathJax."""
    annotation = first(element, TEX_ANNOTATION)
    if annotation is not None:
        display = (
            "display" in element.get("class", "") or first(element, ".//*[@display = 'block']") is not None
        )
        replace_by_text(element, formulas.hold(delimited(annotation.text or "", display)))


def _math_element(element: etree._Element) -> str:
    display = element.get("display") == "block" or element.get("mode") == "display"
    annotation = first(element, TEX_ANNOTATION)
    given = (annotation.text if annotation is not None else None) or element.get("alttext") or ""
    try:
        return delimited(given if given.strip() else to_tex(element), display)
    except RecursionError:
        return delimited(inner_text(element), display)


def _image_tex(image: etree._Element) -> str:
    """The TeX of an image of a formula, from its alt text or its URL's query; empty for other images."""
    source = image.get("src", "")
    if not FORMULA_IMAGE.search(f"{source} {image.get('class', '')}"):
        return ""
    if alt := image.get("alt", "").strip():
        return alt
    query = urlsplit(source).query
    named = parse_qs(query).get("tex") or parse_qs(query).get("latex")
    return named[0] if named else unquote(query).replace("&space;", " ")


def _is_bare_tex(text: str) -> bool:
    """Whether a text contains TeX commands, exponents or indices, but no delimiters."""
    return TEX_SIGN.search(text) is not None and DELIMITER.search(text) is None


def _save_script(element: etree._Element, formulas: Formulas) -> None:
    """Save an exponent or index: 10<sup>28</sup> as 10^{28}. Footnote marks and ordinals become text."""
    text = inner_text(element).strip()
    if not text or len(text) > MAX_SCRIPT or element.getparent() is None:
        return
    if _is_note(element):
        replace_by_text(element, text if NOTE.fullmatch(text) else f"[{text}]")
    elif text.lower() in ORDINAL:
        replace_by_text(element, text)
    else:
        sign = "^" if local_name(element) == "sup" else "_"
        replace_by_text(element, formulas.hold(f"{sign}{{{text}}}"))


def _join_fraction(sup: etree._Element) -> None:
    """Turn 3<sup>1</sup>/<sub>2</sub> into 3 1/2."""
    sub, previous, parent = sup.getnext(), sup.getprevious(), sup.getparent()
    if sub is None or sub.tag != "sub" or parent is None or (sup.tail or "").strip() not in SLASHES:
        return
    before = (parent.text if previous is None else previous.tail) or ""
    space = " " if before[-1:].isdigit() else ""
    replace_by_text(sup, f"{space}{inner_text(sup).strip()}/")
    replace_by_text(sub, inner_text(sub).strip())
    sup.tail = None


def _is_note(element: etree._Element) -> bool:
    """Whether a superscript is a footnote mark: it contains a link, or is alone in a link or a footnote."""
    parent = element.getparent()
    if first(element, ".//a") is not None or parent is None:
        return parent is not None
    texts = (parent.text or "") + (element.tail or "")
    alone = element.getprevious() is None and element.getnext() is None and not texts.strip()
    return (
        alone and first(element, "ancestor::a[@href] | ancestor::*[contains(@class, 'footnote')]") is not None
    )


def _save_written(tree: etree._Element, formulas: Formulas) -> None:
    """Save TeX that is written in the text with its delimiters, such as \\(x\\), except in code."""
    for element in tree.iter():
        if element.text and SIGN.search(element.text) and local_name(element) not in NO_FORMULAS_IN:
            element.text = _tokens_for(element.text, formulas)
        if element.tail and SIGN.search(element.tail):
            parent = element.getparent()
            if parent is not None and local_name(parent) not in NO_FORMULAS_IN:
                element.tail = _tokens_for(element.tail, formulas)


def _tokens_for(text: str, formulas: Formulas) -> str:
    pieces, end = [], 0
    for start, stop in formula_spans(text):
        pieces += [text[end:start], formulas.hold(standard(text[start:stop]))]
        end = stop
    return "".join([*pieces, text[end:]])
