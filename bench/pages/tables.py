"""The extraction measurements as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from bench.pages.extractors import TITLES, YARDSTICK
from bench.pages.formulas import KINDS, FormulasKept
from bench.pages.result import MarkupFound, Result
from bench.pages.workers import Workers
from bench.verdicts.scores import Share
from bench.verdicts.tables import table


def questions(results: Sequence[Result]) -> str:
    """Questions with answers, and the main text: each is easy to keep at the cost of the other."""
    header = [
        "extractor",
        "question kept %",
        "answer kept %",
        "both %",
        "both, multiple choice",
        "main text: precision",
        "recall",
        "F1",
    ]
    lines = [
        [
            TITLES[each.name],
            *map(_percent, (each.question, each.answer, each.both)),
            f"{each.both_choice.part} of {each.both_choice.whole}",
            *(f"{figure:.3f}" for figure in (each.precision, each.recall, each.f1)),
        ]
        for each in results
    ]
    return table("Questions with their answers, and the main text", header, lines)


def formulas(results: Sequence[Result]) -> str:
    """Content and structure kept, by kind; a kind that no page has is omitted."""
    kinds = [kind for kind in KINDS if any(kind in each.formulas for each in results)]
    counts = [results[0].formulas[kind].whole for kind in kinds]
    named = [f"{kind} ({count})".replace("|", "¦") for kind, count in zip(kinds, counts, strict=True)]
    lines = [
        [TITLES[each.name], *(_formulas(each.formulas[kind]) for kind in kinds), _formulas(each.all_formulas)]
        for each in results
    ]
    return table("Formulas: content % / structure %", ["extractor", *named, "all"], lines)


def costs(results: Sequence[Result]) -> str:
    """CPU time, and pages with a bad result."""
    yardstick = next(each.milliseconds for each in results if each.name == YARDSTICK)
    header = ["extractor", "CPU ms/page", "x trafilatura", "empty pages", "failed", "pages with mojibake"]
    lines = [
        [
            TITLES[each.name],
            f"{each.milliseconds:.1f}",
            f"{each.milliseconds / yardstick:.2f}",
            *map(str, (each.empty, each.failed, each.mojibake)),
        ]
        for each in results
    ]
    return table("Cost and failures", header, lines)


def markup(found: Sequence[MarkupFound]) -> str:
    """The declared questions that the toolkit's readers find."""
    header = ["markup", "pages", "questions read", "with the accepted answer"]
    lines = [[each.kind, str(each.pages), _of(each.questions), _of(each.accepted)] for each in found]
    return table("Questions that the markup declares", header, lines)


def workers(measured: Sequence[Workers]) -> str:
    """`gr crawl extract` with one worker process and with more."""
    one = measured[0].rate
    lines = [[str(each.workers), f"{each.rate:.1f}", f"{each.rate / one:.2f}"] for each in measured]
    return table("`gr crawl extract`", ["workers", "pages/s", "x one worker"], lines)


def _percent(share: Share) -> str:
    return "-" if share.percent is None else f"{share.percent:.1f}"


def _of(share: Share) -> str:
    return f"{share.part} of {share.whole}"


def _formulas(kept: FormulasKept) -> str:
    if not kept.whole:
        return "-"
    return f"{100 * kept.content / kept.whole:.1f} / {100 * kept.structure / kept.whole:.1f}"
