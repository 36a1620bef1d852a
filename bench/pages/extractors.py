"""The extractors to compare, `gr crawl extract` first; each turns the decoded HTML of a page into text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import NamedTuple

from bench.pages.corpus import Page

Extract = Callable[[str], str | None]
OURS, YARDSTICK, LONGER = "ours", "trafilatura", "longer"
TITLES = {
    OURS: "gr crawl extract",
    YARDSTICK: "trafilatura, default",
    "trafilatura-recall": "trafilatura, favor_recall",
    "resiliparse": "resiliparse, main content",
    LONGER: "the longer of trafilatura and resiliparse",
    "html2txt": "trafilatura.html2txt (all text: an upper bound)",
}


class Extracted(NamedTuple):
    """An extractor's texts by page path, its CPU seconds in each run, and its failures."""

    name: str
    texts: dict[str, str]
    seconds: list[float]
    failed: list[str]  # paths of pages on which it raised an exception; their text counts as empty


def load() -> dict[str, Extract]:
    """Return the extractors to run. LONGER is computed from the results of two of them."""
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    from crawl.extract import read_text

    return {
        OURS: lambda page: str(read_text(page, "", "")["text"]),
        YARDSTICK: trafilatura.extract,
        "trafilatura-recall": lambda page: trafilatura.extract(page, favor_recall=True),
        "resiliparse": lambda page: extract_plain_text(page, main_content=True, preserve_formatting=True),
        "html2txt": trafilatura.html2txt,
    }


def run(pages: Sequence[Page], decoded: dict[str, str], repeats: int) -> list[Extracted]:
    """Run every extractor over the same pages.

    They take turns on each page, so that load on the machine affects all of them alike. The first page is
    extracted once before timing starts.
    """
    extractors = load()
    for extract in extractors.values():
        _timed(extract, decoded[pages[0].path])
    results = {name: Extracted(name, {}, [], []) for name in extractors}
    for _ in range(repeats):
        seconds = dict.fromkeys(extractors, 0.0)
        for page in pages:
            for name, extract in extractors.items():
                text, taken = _timed(extract, decoded[page.path])
                seconds[name] += taken
                if text is None and page.path not in results[name].texts:
                    results[name].failed.append(page.path)
                results[name].texts[page.path] = text or ""
        for name, taken in seconds.items():
            results[name].seconds.append(taken)
    results[LONGER] = _longer(results[YARDSTICK], results["resiliparse"])
    return [results[name] for name in TITLES]


def _timed(extract: Extract, page: str) -> tuple[str | None, float]:
    """Return the text (None if the extractor raised an exception) and the CPU seconds it took."""
    started = process_time()
    try:
        text: str | None = extract(page) or ""
    except Exception:
        text = None
    return text, process_time() - started


def _longer(one: Extracted, other: Extracted) -> Extracted:
    texts = {path: max(text, other.texts[path], key=len) for path, text in one.texts.items()}
    seconds = [first + second for first, second in zip(one.seconds, other.seconds, strict=True)]
    return Extracted(LONGER, texts, seconds, [path for path in one.failed if path in other.failed])
