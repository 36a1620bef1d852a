"""The grader measurements as Markdown tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from bench.verdicts.graders import OURS, TITLES, YARDSTICK
from bench.verdicts.hacking import Tally
from bench.verdicts.result import (
    TYPED,
    Measured,
    Result,
    answer_types,
    score_letters,
    score_probes,
    score_rows,
)
from bench.verdicts.rows import Row
from bench.verdicts.scores import Share

MAX_CELL = 70
HALVES = ["developed on", "set aside"]
MAX_GAP = 4.0  # points


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


def by_half(measured: Measured, result: Result) -> str:
    """`gr verify` on two halves of the rows, split by a hash of the question, and its goals."""
    header = ["half", "rows", "decided %", "typed: decided %", "yes right", "no right", "correct %, of all"]
    lines, decided = [], []
    halves = [([row_half(row) == half for row in measured.rows], name) for half, name in enumerate(HALVES)]
    for chosen, name in [*halves, ([True] * len(measured.rows), "all")]:
        rows = [row for row, one in zip(measured.rows, chosen, strict=True) if one]
        judged = [judgement for judgement, one in zip(result.judgements, chosen, strict=True) if one]
        score, typed = score_rows(rows, judged), score_rows(rows, judged, TYPED)
        shares = [_percent(score.decided), _percent(typed.decided), _counts(score.yes), _counts(score.no)]
        lines.append([name, str(len(rows)), *shares, _percent(score.right)])
        decided.append(score.decided.percent or 0.0)
    gap = abs(decided[0] - decided[1])
    reached = [
        goal("yes >= 99 %", at_least(score.yes, 99)),
        goal("no >= 97 %", at_least(score.no, 97)),
        goal("typed decided >= 88 %", at_least(typed.decided, 88)),
        goal("all decided >= 65 %", at_least(score.decided, 65)),
        goal(f"gap of decided {gap:.1f} <= {MAX_GAP:g} points", gap <= MAX_GAP),
    ]
    return "\n".join([table("gr verify --rules-only, by half", header, lines), "", "; ".join(reached)])


def hacking(counts: Mapping[str, Mapping[str, Tally]]) -> str:
    """How many wrong answers of each family each verifier calls correct, and its calls of the model."""
    families = list(next(iter(counts.values())))
    header = ["verifier", *families, "all %", "calls of the model per verdict"]
    lines = []
    for name, tallies in counts.items():
        answers = sum(tally.answers for tally in tallies.values())
        fooled = sum(tally.fooled for tally in tallies.values())
        calls = sum(tally.calls for tally in tallies.values())
        shares = [str(tallies[family].fooled) for family in families]
        lines.append([name, *shares, f"{100 * fooled / answers:.1f}", f"{calls / answers:.2f}"])
    each = next(iter(counts.values()))[families[0]].answers
    return table(f"Hacking answers called correct, of {each} in each family", header, lines)


def goal(text: str, is_reached: bool) -> str:
    """A goal and whether it is reached."""
    return f"{text}: {'reached' if is_reached else 'missed'}"


def at_least(share: Share, percent: float) -> bool:
    """Whether a share is at least this percentage; a share of nothing is."""
    return share.percent is None or share.percent >= percent


def row_half(row: Row) -> int:
    """The half of a row, 0 or 1: the parity of the first hex digit of the SHA-256 of its question.

    A row without a question counts by its reference.
    """
    text = row.pair.question or row.pair.reference
    return int(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[0], 16) % 2


def _counts(share: Share) -> str:
    return f"{share.part} of {share.whole}"


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
