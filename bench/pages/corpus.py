"""The stored pages for measuring extraction, and their gold data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple


class Page(NamedTuple):
    """A stored page; `source` is the collection that it comes from."""

    path: str
    source: str
    url: str
    body: bytes


class Pair(NamedTuple):
    """A question that a human read on a page, and passages that each contain its answer."""

    page: str
    question: str
    evidence: list[str]
    answer_type: str


class Corpus(NamedTuple):
    """Pages, questions with answers, and the main text of some of the pages."""

    pages: list[Page]
    pairs: list[Pair]
    main_texts: dict[str, str]


def read_corpus(folder: Path, limit: int = 0) -> Corpus:
    """Read the corpus in a folder: all pages, or the first `limit` of each collection, and their gold data.

    Raises OSError, and ValueError if a line is malformed.
    """
    pages = [
        Page(each["path"], each["path"].partition("/")[0], each["url"] or "", _body(folder, each["path"]))
        for each in _lines(folder / "index.jsonl")
    ]
    if limit:
        seen: dict[str, int] = {}
        for page in pages:
            seen[page.path] = sum(path.startswith(page.source + "/") for path in seen)
        pages = [page for page in pages if seen[page.path] < limit]
    paths = {page.path for page in pages}
    pairs = [
        Pair(each["page"], each["question"], list(each["evidence"]), each["answer_type"])
        for each in _lines(folder / "gold_qa.jsonl")
    ]
    main_texts = {each["page"]: each["text"] for each in _lines(folder / "gold_main_text.jsonl")}
    return Corpus(
        pages,
        [pair for pair in pairs if pair.page in paths],
        {path: text for path, text in main_texts.items() if path in paths},
    )


def _body(folder: Path, path: str) -> bytes:
    return (folder / path).read_bytes()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
