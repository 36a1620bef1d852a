"""The formulas of a page, read independently of crawl/text/mathematics.py, and whether a text still has them.

A text keeps a formula's content if its letters and numbers occur in the text in order. It keeps the structure
if they occur as TeX or in another unambiguous form: 10^28, but not 1028.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree, html

from crawl.text.tree import elements, inner_text

KINDS = (
    "MathML with TeX",
    "MathML alone",
    "script math/tex",
    "image",
    r"\( \[ $$ \begin in the text",
    "$..$ in the text",
    "exponent",
)
MAX_FORMULAS = 150  # formulas per page, so that a few books do not outweigh all other pages
TEX_ANNOTATION = ".//*[local-name() = 'annotation'][contains(@encoding, 'tex')]"
UNSEEN = "self::script or self::style or self::noscript or self::template or self::textarea or self::svg"
CODE = "self::pre or self::code or self::kbd or self::samp"
FURNITURE = "self::nav or self::header or self::footer or self::aside or self::head"
HIDDEN = "contains(translate(@style, ' ', ''), 'display:none')"
IMAGE = re.compile(r"latex|codecogs|mimetex|mathtex|/math/|\btex\b", re.IGNORECASE)
WRITTEN = re.compile(
    r"\\\((?P<a>.+?)\\\)|\\\[(?P<b>.+?)\\\]|\$\$(?P<c>[^$]+?)\$\$|\\begin\{(?P<n>[a-z]+\*?)\}(?P<d>.+?)\\end\{(?P=n)\}"
    r"|(?<![\\$\w])\$(?P<e>[^\s$](?:[^$\n]{0,200}[^\s$\\])?)\$(?![\w$])",
    re.DOTALL,
)
LOOKS_LIKE_TEX = re.compile(r"\\[a-zA-Z]|[\^_=<>]|^\W*[a-zA-Z]\W*$")
SYMBOL = re.compile(r"[^\W_]")
# Text that may occur between two letters of a formula without changing its structure.
BETWEEN = r"(?:[^\w^_/]|\\[a-zA-Z]+)*?"


class Formula(NamedTuple):
    """A formula of a page: its kind, its letters and numbers, and the pattern of its structure."""

    kind: str
    content: str
    structure: re.Pattern[str] | str  # a string is matched without spaces and braces


class FormulasKept(NamedTuple):
    """Counts of formulas: all of them (`whole`), those with content kept, and those with structure kept."""

    whole: int
    content: int
    structure: int


NONE = FormulasKept(0, 0, 0)


def formulas_of(page: str) -> list[Formula]:
    """The visible formulas outside navigation, header, footer, aside and code; at most MAX_FORMULAS."""
    tree = _parse(page)
    if tree is None:
        return []
    found: list[Formula] = []
    for formula in _formulas(tree):
        if len(found) == MAX_FORMULAS:
            break
        if formula.content:
            found.append(formula)
    return found


def formulas_kept(text: str, formulas: list[Formula]) -> dict[str, FormulasKept]:
    """Count how many of the formulas a text keeps, by kind."""
    content, squeezed, plain = _content(text), _squeeze(text), " ".join(text.split())
    counts: dict[str, FormulasKept] = {}
    for formula in formulas:
        if isinstance(formula.structure, str):
            intact = formula.structure in squeezed
        else:
            intact = formula.structure.search(plain) is not None
        one = FormulasKept(1, intact or formula.content in content, intact)
        counts[formula.kind] = add(counts.get(formula.kind, NONE), one)
    return counts


def add(left: FormulasKept, right: FormulasKept) -> FormulasKept:
    """The sum of two counts."""
    return FormulasKept(*(one + other for one, other in zip(left, right, strict=True)))


def _parse(page: str) -> etree._Element | None:
    parser = html.HTMLParser(encoding="utf-8")
    try:
        plain = re.sub(r"(</?)m(?:ml)?:", r"\1", page)  # OpenStax prefixes MathML elements
        tree: etree._Element = html.fromstring(plain.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    for element in elements(tree, f"//*[{FURNITURE} or ({HIDDEN})]"):
        if _names_an_answer(element):
            continue
        parent = element.getparent()
        if parent is not None and element.tag != "body":
            element.clear(keep_tail=True)  # type: ignore[call-arg]
    return tree


def _names_an_answer(element: etree._Element) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return re.search(r"answer|solution|hint|spoiler", names, re.IGNORECASE) is not None


def _formulas(tree: etree._Element) -> Iterator[Formula]:
    done: set[etree._Element] = set()
    for script in elements(tree, "//script[starts-with(@type, 'math/tex')]"):
        yield _tex("script math/tex", script.text or "")
    for math in elements(tree, "//*[local-name() = 'math'][not(ancestor::*[local-name() = 'math'])]"):
        given = next((each.text for each in elements(math, TEX_ANNOTATION)), None) or math.get("alttext")
        if given and given.strip():
            yield _tex("MathML with TeX", given)
        else:
            yield Formula("MathML alone", _content(_visible(math)), re.compile(_mathml_pattern(math)))
        done.update(math.iter())
    for image in elements(tree, "//img[@alt]"):
        alt = image.get("alt", "")
        named = f"{image.get('src', '')} {image.get('class', '')}"
        drawn_beside = elements(image, "ancestor::*[contains(@class, 'mwe-math-element')]")
        if IMAGE.search(named) and SYMBOL.search(alt) and not drawn_beside:
            yield _tex("image", alt)
    for sup in elements(tree, "//sup[not(ancestor::a) and not(.//a)]"):
        before, power = _text_before(sup), inner_text(sup).strip()
        if re.search(r"\d$", before) and re.fullmatch(r"[-−–+]?\d{1,4}", power):
            base = re.findall(r"\d+$", before)[0]
            digits = re.escape(power.lstrip("-−–+"))
            pattern = rf"(?<!\d){base}\s*\^\s*[{{(]?\s*[-−–+]?{digits}(?!\d)"
            yield Formula("exponent", base + _content(power), re.compile(pattern))
    for text in _texts(tree, done):
        yield from _written(text)


def _texts(tree: etree._Element, done: set[etree._Element]) -> Iterator[str]:
    for element in tree.iter():
        if not isinstance(element.tag, str) or element in done:
            continue
        if element.text and not elements(element, f"ancestor-or-self::*[{UNSEEN} or {CODE}]"):
            yield element.text
        if element.tail and not elements(element, f"ancestor::*[{UNSEEN} or {CODE}]"):
            yield element.tail


def _written(text: str) -> Iterator[Formula]:
    if "\\" not in text and "$" not in text:
        return
    for match in WRITTEN.finditer(text):
        single = match["e"]
        if single is None:
            yield _tex(KINDS[4], next(filter(None, match.group("a", "b", "c", "d"))))
        elif LOOKS_LIKE_TEX.search(single):
            yield _tex(KINDS[5], single)


def _tex(kind: str, tex: str) -> Formula:
    tex = re.sub(r"^\s*\{?\\displaystyle\b", "", tex)
    return Formula(kind, _content(tex), _squeeze(tex))


def _content(text: str) -> str:
    """Letters and numbers, without TeX command names."""
    return "".join(SYMBOL.findall(re.sub(r"\\[a-zA-Z]+", " ", text)))


def _squeeze(text: str) -> str:
    return re.sub(r"[\s{}]+", "", text)


def _visible(math: etree._Element) -> str:
    hidden = elements(math, ".//*[starts-with(local-name(), 'annotation')]")
    skipped = {element for each in hidden for element in each.iter()}
    return " ".join(each.text for each in math.iter() if each.text and each not in skipped)


def _mathml_pattern(element: etree._Element) -> str:
    """Return a regular expression that matches the element as TeX or as unambiguous text."""
    tag = etree.QName(element).localname if isinstance(element.tag, str) else "annotation"
    if tag in ("mi", "mn", "mo", "mtext", "ms"):
        return BETWEEN.join(_character(each) for each in inner_text(element) if each.isalnum())
    if tag.startswith("annotation"):
        return ""
    parts = [_mathml_pattern(child) for child in element]
    match tag, parts:
        case "mfrac", [top, bottom]:
            return rf"(?:\\[dt]?frac{BETWEEN}{top}{BETWEEN}{bottom}|{top}{BETWEEN}/{BETWEEN}{bottom})"
        case "msup" | "msub", [base, script] if script:
            sign = "_" if tag == "msub" else r"(?:\^|\\prime|')"
            return rf"{base}{BETWEEN}{sign}{BETWEEN}{script}"
        case "msqrt", _:
            return rf"(?:\\sqrt|√){BETWEEN}{BETWEEN.join(filter(None, parts))}"
        case "msubsup", [base, low, high] if low and high:
            return rf"{base}{BETWEEN}_{BETWEEN}{low}{BETWEEN}\^{BETWEEN}{high}"
    return BETWEEN.join(filter(None, parts))


def _character(character: str) -> str:
    plain = re.escape(character)
    return plain if character.isascii() else rf"(?:{plain}|\\[a-zA-Z]+)"


def _text_before(element: etree._Element) -> str:
    previous, parent = element.getprevious(), element.getparent()
    return (previous.tail if previous is not None else parent.text if parent is not None else "") or ""
