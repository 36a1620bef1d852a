"""Results of a run, and their figures for JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import mean, median
from typing import NamedTuple, TypeAlias

from lxml import etree

from bench.pages.corpus import Corpus
from bench.pages.extractors import YARDSTICK, Extracted
from bench.pages.formulas import NONE, Formula, FormulasKept, add, formulas_kept, formulas_of
from bench.pages.markup import KINDS, declared
from bench.pages.scores import Kept, f1, kept, main_text, tokens
from bench.verdicts.scores import Share
from crawl.text.tree import parse

CHOICE = "Multiple Choice"
MOJIBAKE = re.compile("\ufffd|[ÃÂÐÑ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œž¡-¿]|â€|ï¿½")
UNSEEN = ("script", "style", "noscript", "template", "head")

Figures: TypeAlias = "dict[str, Figures] | list[Figures] | str | float | None"


class Result(NamedTuple):
    """An extractor's results on the corpus. Main text precision and recall are means over the pages."""

    name: str
    question: Share
    answer: Share
    both: Share
    both_choice: Share
    precision: float
    recall: float
    formulas: dict[str, FormulasKept]
    mojibake: int  # number of pages, as the next two
    empty: int
    failed: int
    milliseconds: float  # CPU per page, the median over the runs
    of_each_run: list[float]

    @property
    def f1(self) -> float:
        """F1 of the main text's mean precision and recall."""
        return f1(self.precision, self.recall)

    @property
    def all_formulas(self) -> FormulasKept:
        """The counts of all kinds together."""
        total = NONE
        for each in self.formulas.values():
            total = add(total, each)
        return total


class MarkupFound(NamedTuple):
    """The declared questions of one kind of markup, and how many of them the toolkit reads."""

    kind: str
    pages: int
    questions: Share
    accepted: Share


def score(corpus: Corpus, decoded: dict[str, str], extracted: Sequence[Extracted]) -> list[Result]:
    """Return the results of the extractors, in the same order."""
    whole = {path: tokens(_all_text(decoded[path])) for path in {pair.page for pair in corpus.pairs}}
    formulas = {path: formulas_of(page) for path, page in decoded.items()}
    return [_result(corpus, whole, formulas, each) for each in extracted]


def markup_found(decoded: dict[str, str]) -> list[MarkupFound]:
    """Count how many of the declared questions the toolkit's readers find."""
    from crawl.extract import read_text

    counts: dict[str, list[int]] = {kind: [0] * 5 for kind in KINDS}
    for page in decoded.values():
        expected = declared(page)
        if expected is None:
            continue
        questions = read_text(page, "", "")["qa_markup"]
        assert isinstance(questions, list)
        accepted = sum(any(answer["accepted"] for answer in each["answers"]) for each in questions)
        found = min(len(questions), expected.questions), min(accepted, expected.accepted)
        numbers = (1, found[0], expected.questions, found[1], expected.accepted)
        counts[expected.kind] = [old + new for old, new in zip(counts[expected.kind], numbers, strict=True)]
    return [
        MarkupFound(kind, pages, Share(read, questions), Share(right, accepted))
        for kind, (pages, read, questions, right, accepted) in counts.items()
        if pages
    ]


def figures(results: Sequence[Result], markup: Sequence[MarkupFound]) -> dict[str, Figures]:
    """Return all figures of a run, for JSON."""
    yardstick = next(result.milliseconds for result in results if result.name == YARDSTICK)
    return {
        "extractors": {result.name: _figures_of(result, yardstick) for result in results},
        "markup": {
            each.kind: {"pages": each.pages, "questions": _of(each.questions), "accepted": _of(each.accepted)}
            for each in markup
        },
    }


def _figures_of(result: Result, yardstick: float) -> Figures:
    shares = {name: getattr(result, name) for name in ("question", "answer", "both", "both_choice")}
    counts = {**result.formulas, "all": result.all_formulas}
    return {
        **{name: _of(share) for name, share in shares.items()},
        "precision": result.precision,
        "recall": result.recall,
        "f1": result.f1,
        "formulas": {kind: dict(each._asdict()) for kind, each in counts.items()},
        "mojibake": result.mojibake,
        "empty": result.empty,
        "failed": result.failed,
        "milliseconds": result.milliseconds,
        "milliseconds_of_each_run": list(result.of_each_run),
        "of_trafilatura": result.milliseconds / yardstick,
    }


def _of(share: Share) -> Figures:
    return {**share._asdict(), "percent": share.percent, "interval": list(share.interval())}


def _result(
    corpus: Corpus, whole: dict[str, list[str]], formulas: dict[str, list[Formula]], extracted: Extracted
) -> Result:
    texts = {path: tokens(extracted.texts[path]) for path in whole}
    kept_pairs = [
        (pair.answer_type, kept(texts[pair.page], whole[pair.page], pair.question, pair.evidence))
        for pair in corpus.pairs
    ]
    choices = [each for kind, each in kept_pairs if kind == CHOICE]
    pairs = [each for _, each in kept_pairs]
    main = [main_text(extracted.texts[path], gold) for path, gold in corpus.main_texts.items()]
    counts: dict[str, FormulasKept] = {}
    for path, found in formulas.items():
        for kind, each in formulas_kept(extracted.texts[path], found).items():
            counts[kind] = add(counts.get(kind, NONE), each)
    of_each_run = [1000 * seconds / len(extracted.texts) for seconds in extracted.seconds]
    return Result(
        name=extracted.name,
        question=Share(sum(each.question for each in pairs), len(pairs)),
        answer=Share(sum(each.answer for each in pairs), len(pairs)),
        both=_both(pairs),
        both_choice=_both(choices),
        precision=mean(each.precision for each in main) if main else 0.0,
        recall=mean(each.recall for each in main) if main else 0.0,
        formulas=counts,
        mojibake=sum(MOJIBAKE.search(text) is not None for text in extracted.texts.values()),
        empty=sum(not text.strip() for text in extracted.texts.values()),
        failed=len(extracted.failed),
        milliseconds=median(of_each_run),
        of_each_run=of_each_run,
    )


def _both(pairs: Sequence[Kept]) -> Share:
    return Share(sum(all(each) for each in pairs), len(pairs))


def _all_text(page: str) -> str:
    """All text of the body, to measure the distance from a question to its answer."""
    tree = parse(page)
    if tree is None:
        return ""
    etree.strip_elements(tree, *UNSEEN, with_tail=False)
    return " ".join(text for text in tree.itertext() if isinstance(text, str))
