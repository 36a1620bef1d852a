"""The JSON-LD of a page (https://www.w3.org/TR/json-ld11/), read as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree

from crawl.text.tree import strings

SCRIPTS = "//script[contains(@type, 'ld+json')]/text()"
JsonObject: TypeAlias = "dict[str, object]"


def json_objects(tree: etree._Element) -> Iterator[JsonObject]:
    """Yield every object in the page's JSON-LD, outer objects before nested ones. Skips invalid JSON."""
    for script in strings(tree, SCRIPTS):
        try:
            waiting: list[object] = [json.loads(script, strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += reversed(value)
            elif isinstance(value, dict):
                yield value
                waiting += reversed(value.values())


def types_of(value: JsonObject) -> list[object]:
    """The object's types, such as Question."""
    return as_list(value.get("@type"))


def as_list(value: object) -> list[object]:
    """A property's values: the property itself if it is a list, else a list with its one value."""
    return value if isinstance(value, list) else [value]
