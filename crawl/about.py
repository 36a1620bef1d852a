"""What a page says about itself: title, language, licence."""

from __future__ import annotations

import re

import py3langid
from lxml import etree

from crawl.tree import elements, inner_text, strings

LANGUAGE_TAG = re.compile(r"\s*([a-zA-Z]{2,3})(?:[-_]|\s*$)")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
SHORTEST = 20  # characters of text from which its language can be told
CREATIVE_COMMONS = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z-]+)(?:/(\d\.\d))?", re.I)
DECLARED_LICENSE = (
    "//*[contains(concat(' ', @rel, ' '), ' license ')]/@href"
    " | //*[@itemprop = 'license']/@href | //*[@itemprop = 'license']/@content"
    " | //meta[@name = 'dcterms.license' or @name = 'dc.rights']/@content"
)
JSON_LICENSE = re.compile(r'"license"\s*:\s*"(https?:[^"\s]+)"')


def title_of(tree: etree._Element) -> str | None:
    """The title element, else the first heading."""
    found = elements(tree, "//title[not(ancestor::svg)]") or elements(tree, "//h1")
    return " ".join(inner_text(found[0]).split()) or None if found else None


def language_of(tree: etree._Element, text: str) -> str | None:
    """ISO 639-1 (639-3 where it has no shorter code): the html element's lang, else told from the text."""
    root = tree.getroottree().getroot()
    declared = root.get("lang") or root.get(XML_LANG) or root.get("xml:lang") or ""
    if match := LANGUAGE_TAG.match(declared):
        return match[1].lower()
    return str(py3langid.classify(text)[0]) if len(text) >= SHORTEST else None


def license_of(tree: etree._Element) -> str | None:
    """A Creative Commons licence by its name, such as CC BY-SA 4.0; any other as it is declared."""
    scripts = " ".join(strings(tree, "//script[@type = 'application/ld+json']/text()")).replace("\\/", "/")
    declared = [*strings(tree, DECLARED_LICENSE), *JSON_LICENSE.findall(scripts)]
    links = strings(tree, "//a/@href[contains(., 'creativecommons.org/')]")
    for found in [*declared, *links]:
        if match := CREATIVE_COMMONS.search(found):
            return _creative_commons(match)
    return next((found.strip() for found in declared if found.strip()), None)


def _creative_commons(match: re.Match[str]) -> str:
    kind, code, version = match.groups()
    if kind.lower() == "publicdomain":
        return "CC0 1.0" if code.lower() == "zero" else "Public Domain"
    return " ".join(part for part in ("CC", code.upper(), version) if part)
