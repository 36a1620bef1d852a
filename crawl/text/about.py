"""A page's metadata: title, language, licence, author, date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from email.utils import parsedate

import py3langid
from lxml import etree

from crawl.text.json_ld import as_list, json_objects, types_of
from crawl.text.tree import elements, inner_text, strings

LANGUAGE_TAG = re.compile(r"\s*([a-zA-Z]{2,3})(?:[-_]|\s*$)")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MIN_CHARACTERS = 20  # in a text; with fewer, language detection is unreliable
MAX_CHARACTERS = 5_000  # used to detect the language; more do not improve the result
CREATIVE_COMMONS = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z-]+)(?:/(\d\.\d))?", re.I)
DECLARED_LICENSE = (
    "//*[@rel][contains(concat(' ', @rel, ' '), ' license ')]/@href"
    " | //*[@itemprop = 'license']/@*[name() = 'href' or name() = 'content']"
    " | //meta[@name = 'dcterms.license' or @name = 'dc.rights']/@content"
)
REPLIES = ("Answer", "Comment", "Review")  # their authors and dates are not the page's
NOT_IN_REPLY = "not(ancestor::*[" + " or ".join(f"contains(@itemtype, '/{kind}')" for kind in REPLIES) + "])"
# The names of meta elements, in lower case: HTML, Dublin Core, Open Graph, Highwire Press.
AUTHOR_NAMES = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author")
DATE_NAMES = (
    *("article:published_time", "date", "pubdate", "dc.date", "dc.date.issued", "dcterms.created"),
    *("dcterms.issued", "citation_publication_date", "citation_date"),
)
AUTHOR_PROPERTIES = ("author", "creator")
DATE_PROPERTIES = ("datePublished", "dateCreated", "uploadDate")
MAX_NAME = 100  # characters in an author's name; a longer value is a sentence
ISO_DATE = re.compile(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")


def title_of(tree: etree._Element) -> str | None:
    """The text of the title element, else of the first h1 heading; None without either."""
    found = elements(tree, "//title[not(ancestor::svg)]") or elements(tree, "//h1")
    return " ".join(inner_text(found[0]).split()) or None if found else None


def language_of(tree: etree._Element, text: str) -> str | None:
    """The language code that the html element declares, else the language detected from the text.

    The code is ISO 639-1, or ISO 639-3 if the language has no such code. None if the text is too short.
    """
    root = tree.getroottree().getroot()
    declared = root.get("lang") or root.get(XML_LANG) or root.get("xml:lang") or ""
    if match := LANGUAGE_TAG.match(declared):
        return match[1].lower()
    return str(py3langid.classify(text[:MAX_CHARACTERS])[0]) if len(text) >= MIN_CHARACTERS else None


def license_of(tree: etree._Element) -> str | None:
    """The page's licence: a Creative Commons licence by name, such as CC BY-SA 4.0; any other as declared."""
    declared = [*strings(tree, DECLARED_LICENSE), *_in_json(tree, ("license",), ("@id", "url"), ())]
    links = strings(tree, "//a/@href[contains(., 'creativecommons.org/')]")
    for found in [*declared, *links]:
        if match := CREATIVE_COMMONS.search(found):
            return _creative_commons(match)
    return next((found.strip() for found in declared if found.strip()), None)


def author_of(tree: etree._Element) -> str | None:
    """The author of the page or of its question; several names are separated by commas.

    The name is taken from JSON-LD, meta elements, microdata or a `rel="author"` link, tried in this order.
    """
    for given in (
        _in_json(tree, AUTHOR_PROPERTIES, ("name",), REPLIES),
        _in_meta(tree, AUTHOR_NAMES),
        _in_microdata(tree, AUTHOR_PROPERTIES),
        (inner_text(link) for link in elements(tree, "//a[@rel = 'author']")[:1]),
    ):
        names = [" ".join(name.split()) for name in given]
        names = [name for name in names if 0 < len(name) <= MAX_NAME and "://" not in name]
        if names:
            return ", ".join(dict.fromkeys(names))
    return None


def date_of(tree: etree._Element) -> str | None:
    """The publication date as YYYY-MM-DD, from JSON-LD, meta elements, microdata or a time element."""
    given = [
        *_in_json(tree, DATE_PROPERTIES, (), REPLIES),
        *_in_meta(tree, DATE_NAMES),
        *_in_microdata(tree, DATE_PROPERTIES),
        *strings(tree, "//time[@pubdate]/@datetime"),
    ]
    return next(filter(None, map(iso_date, given)), None)


def iso_date(text: str) -> str | None:
    """The date at the start of a text (ISO 8601, e-mail or HTTP format) as YYYY-MM-DD; None if unparsable."""
    match = ISO_DATE.match(text)
    parts = [int(part) for part in match.groups()] if match else list(parsedate(text) or ())[:3]
    try:
        return date(*parts).isoformat()
    except (TypeError, ValueError):
        return None


def _in_json(
    tree: etree._Element, names: tuple[str, ...], within: tuple[str, ...], not_of: tuple[str, ...]
) -> list[str]:
    """The strings of the first JSON-LD property with one of these names.

    An object in the property is replaced by its value of the first key in `within` that it has. Properties of
    objects with a type in `not_of` are ignored.
    """
    for value in json_objects(tree):
        if any(kind in not_of for kind in types_of(value)):
            continue
        for given in (value[name] for name in names if name in value):
            parts = [
                part if isinstance(part, str) else next((part[key] for key in within if key in part), None)
                for part in as_list(given)
                if isinstance(part, str | dict)
            ]
            if found := [part for part in parts if isinstance(part, str) and part.strip()]:
                return found
    return []


def _in_meta(tree: etree._Element, names: tuple[str, ...]) -> list[str]:
    """The contents of all meta elements with one name: the first in `names` that has a value."""
    found: dict[str, list[str]] = {}
    for meta in elements(tree, "//meta[@content]"):
        name = (meta.get("name") or meta.get("property") or "").lower()
        found.setdefault(name, []).append(meta.get("content", ""))
    return next((found[name] for name in names if any(map(str.strip, found.get(name, [])))), [])


def _in_microdata(tree: etree._Element, names: tuple[str, ...]) -> Iterator[str]:
    """Yield the first value of each named property outside replies. A nested item's value is its name."""
    for name in names:
        for found in elements(tree, f"(//*[@itemprop = '{name}'][{NOT_IN_REPLY}])[1]"):
            named = elements(found, ".//*[@itemprop = 'name']")
            element = named[0] if named else found
            yield element.get("content") or element.get("datetime") or inner_text(element)


def _creative_commons(match: re.Match[str]) -> str:
    kind, code, version = match.groups()
    if kind.lower() == "publicdomain":
        return "CC0 1.0" if code.lower() == "zero" else "Public Domain"
    return " ".join(part for part in ("CC", code.upper(), version) if part)
