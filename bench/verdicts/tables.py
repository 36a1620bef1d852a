"""The grader measurements as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from bench.verdicts.graders import OURS, TITLES, YARDSTICK
from bench.verdicts.result import (
    TYPED,
    Measured,
    Result,
    answer_types,
    score_letters,
    score_probes,
    score_rows,
)
from bench.verdicts.scores import Share

MAX_CELL = 70


def overall(measured: Measured, results: Sequence[Result]) -> str:
    """All graders on all rows; speed also as a ratio to math-verify as the paper uses it."""
    yardstick = next((result.rate for result in results if result.name == YARDSTICK), None)
    header = [
        "grader",
        "correct %, of all rows (undecided = not correct)",
        "correct %, of the decided",
        "false positives / false negatives %",
        "decided %",
        "calls/s",
        "x math-verify (paper)",
    ]
    lines = []
    for result in results:
        score = score_rows(measured.rows, result.judgements)
        errors = f"{_percent(score.false_positives)} / {_percent(score.false_negatives)}"
        ratio = "" if yardstick is None else _times(result.rate / yardstick)
        shares = [_percent(score.right), _percent(score.right_of_decided), errors, _percent(score.decided)]
        lines.append([TITLES[result.name], *shares, f"{result.rate:,.0f}", ratio])
    return table("All rows", header, lines)


def groups(measured: Measured, results: Sequence[Result]) -> str:
    """The two groups with their own goals: the types that typed comparisons can read, and letters."""
    header = [
        "grader",
        "typed: rows",
        "decided %",
        "correct %, of all",
        "letters: rows",
        "decided %",
        "correct %",
    ]
    lines = []
    for result in results:
        typed = score_rows(measured.rows, result.judgements, TYPED)
        letters = score_letters(measured, result)
        cells = [
            cell
            for each in (typed, letters)
            for cell in (str(each.decided.whole), _percent(each.decided), _percent(each.right))
        ]
        lines.append([TITLES[result.name], *cells])
    title = "Numbers, units, expressions, equations, intervals, sets and lists, matrices (typed); letters"
    return table(title, header, lines)


def by_type(measured: Measured, result: Result) -> str:
    """One grader by answer type."""
    header = [
        "type",
        "rows",
        "decided %",
        "correct %, of all",
        "correct %, of the decided",
        "precision of yes % [95 %]",
        "precision of no % [95 %]",
    ]
    lines = []
    for types in [[each] for each in answer_types(measured.rows)] + [[]]:
        score = score_rows(measured.rows, result.judgements, types)
        shares = [_percent(score.decided), _percent(score.right), _percent(score.right_of_decided)]
        row = [*types, str(score.decided.whole), *shares, _precision(score.yes), _precision(score.no)]
        lines.append(row if types else ["all", *row])
    return table(f"{TITLES[result.name]}, by answer type", header, lines)


def table_1(results: Sequence[Result], category: str) -> str:
    """Each grader on the probes of one category, whose answers are all correct."""
    chosen = [number for number, probe in enumerate(results[0].probes) if probe.category == category]
    names = [results[0].probes[number].name for number in chosen]
    lines = []
    for result in results:
        said = {
            probe.name: judgement.outcome
            for probe, judgement in zip(result.probes, result.probed.judgements, strict=True)
            if probe.category == category
        }
        lines.append([TITLES[result.name], *(said[name] for name in names)])
    return table("The paper's Table 1 (each answer is correct)", ["grader", *names], lines)


def adversarial(results: Sequence[Result], limit: float) -> str:
    """The graders that got all the probes, and the wrong answers that `gr verify` calls correct."""
    all_probes = max(len(result.probes) for result in results)
    header = [
        "grader",
        "probes",
        "wrong yes",
        "wrong no",
        "abstains",
        "crashed",
        "over 5 s",
        f"hung ({limit:g} s)",
        "slowest s",
    ]
    lines = []
    fooled: list[str] = []
    for result in results:
        if len(result.probes) < all_probes:
            continue
        probed = score_probes(result)
        if result.name == OURS:
            wrong_yes = [f"{probe.category}, {code(probe.name)}" for probe in probed.wrong_yes]
            fooled = [f"- gr verify says yes: {each}" for each in wrong_yes]
        counts = [probed.probes, len(probed.wrong_yes), probed.wrong_no, probed.abstains, probed.crashed]
        counts += [probed.slow, probed.hung]
        lines.append([TITLES[result.name], *map(str, counts), f"{probed.slowest:.1f}"])
    return "\n".join([table("Adversarial probes", header, lines), "", *fooled]).rstrip()


def listing(measured: Measured, results: Sequence[Result], title: str, undecided: bool) -> str:
    """The rows where `gr verify` differs from the label, or those that it does not decide."""
    ours = next(result for result in results if result.name == OURS)
    rows = measured.rows + measured.letters
    lines = []
    for row, (outcome, why) in zip(rows, ours.judgements + ours.letters, strict=True):
        decided = outcome in ("yes", "no")
        wanted = not decided if undecided else decided and (outcome == "yes") != row.label
        if wanted:
            texts = [code(text) for text in (row.pair.reference, row.pair.answer, row.pair.question, why)]
            lines.append([row.id, row.answer_type, "yes" if row.label else "no", outcome, *texts])
    header = ["id", "type", "label", "gr verify", "reference", "answer", "question", "why"]
    return table(f"{title} ({len(lines)})", header, lines)


def table(title: str, header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table under its title in bold."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join([f"**{title}**", "", *("| " + " | ".join(row) + " |" for row in [header, rule, *lines])])


def code(text: str) -> str:
    """The text as a table cell: one short line without bars or backticks, which would break the table."""
    line = " ".join(text.split()).replace("|", "¦").replace("`", "'")
    return f"`{line[:MAX_CELL]}…`" if len(line) > MAX_CELL else f"`{line}`"


def _percent(share: Share) -> str:
    return "-" if share.percent is None else f"{share.percent:.1f}"


def _times(ratio: float) -> str:
    return f"{ratio:,.1f}" if ratio < 100 else f"{ratio:,.0f}"


def _precision(share: Share) -> str:
    if share.percent is None:
        return "-"
    low, high = share.interval()
    return f"{share.percent:.1f} of {share.whole} [{low:.1f}, {high:.1f}]"
