"""Results of a run, and their figures for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple, TypeAlias

from bench.verdicts.graders import TITLES, Judgement
from bench.verdicts.grading import Graded
from bench.verdicts.rows import Probe, Row
from bench.verdicts.scores import Score, Share, score

# Answer types that a typed comparison can decide; the goal for "decided without a model" covers these.
TYPED = ("number", "number_unit", "expression", "equation", "interval_ineq", "set_tuple_list", "matrix")
LETTER = "multiple_choice"
SLOW = 5.0  # seconds; a longer call counts as slow

Figures: TypeAlias = "dict[str, Figures] | list[Figures] | str | float | None"


class Measured(NamedTuple):
    """The rows to score and time, further rows with letters, and the adversarial probes."""

    rows: list[Row]
    letters: list[Row]
    probes: list[Probe]


class Result(NamedTuple):
    """One grader's judgements, its calls per second in each run, and its judgements of letters and probes."""

    name: str
    judgements: list[Judgement]
    rates: list[float]
    letters: list[Judgement]
    probes: list[Probe]
    probed: Graded

    @property
    def rate(self) -> float:
        """Calls per second, the median over the runs."""
        return median(self.rates)


class Probed(NamedTuple):
    """A grader's results on the adversarial probes."""

    probes: int
    wrong_yes: list[Probe]
    wrong_no: int
    abstains: int
    crashed: int
    hung: int
    slow: int
    slowest: float  # seconds


def score_rows(rows: Sequence[Row], judgements: Sequence[Judgement], types: Sequence[str] = ()) -> Score:
    """Return the score on the rows of these types, or on all rows."""
    chosen = [
        (row.label, judgement.outcome)
        for row, judgement in zip(rows, judgements, strict=True)
        if not types or row.answer_type in types
    ]
    return score([label for label, _ in chosen], [outcome for _, outcome in chosen])


def score_letters(measured: Measured, result: Result) -> Score:
    """Return the score on the letters of multiple choice, in `rows` and in `letters`."""
    return score_rows(measured.rows + measured.letters, result.judgements + result.letters, [LETTER])


def score_probes(result: Result) -> Probed:
    """Count a grader's outcomes on the probes."""
    outcomes = [judgement.outcome for judgement in result.probed.judgements]
    expected = [(probe, outcome) for probe, outcome in zip(result.probes, outcomes, strict=True)]
    return Probed(
        probes=len(outcomes),
        wrong_yes=[probe for probe, outcome in expected if probe.expected is False and outcome == "yes"],
        wrong_no=sum(probe.expected is True and outcome == "no" for probe, outcome in expected),
        abstains=outcomes.count("abstains"),
        crashed=outcomes.count("crashed"),
        hung=outcomes.count("hung"),
        slow=sum(seconds > SLOW for seconds in result.probed.seconds),
        slowest=max(result.probed.seconds, default=0.0),
    )


def answer_types(rows: Sequence[Row]) -> list[str]:
    """Return the types that occur, the most frequent first."""
    types = [row.answer_type for row in rows]
    return sorted(set(types), key=lambda each: (-types.count(each), each))


def figures(measured: Measured, results: Sequence[Result]) -> Figures:
    """Return all figures of a run, for JSON."""
    return {
        "rows": len(measured.rows),
        "graders": {result.name: _figures_of(measured, result) for result in results},
    }


def _figures_of(measured: Measured, result: Result) -> Figures:
    rows, judged = measured.rows, result.judgements
    probed = score_probes(result)
    return {
        "title": TITLES[result.name],
        "calls_per_second": result.rate,
        "calls_per_second_of_each_run": list(result.rates),
        "all": _of_score(score_rows(rows, judged)),
        "typed": _of_score(score_rows(rows, judged, TYPED)),
        "letters": _of_score(score_letters(measured, result)),
        "by_type": {each: _of_score(score_rows(rows, judged, [each])) for each in answer_types(rows)},
        "probes": {**probed._asdict(), "wrong_yes": [probe.name for probe in probed.wrong_yes]},
    }


def _of_score(score: Score) -> Figures:
    return {name: _of_share(share) for name, share in score._asdict().items()}


def _of_share(share: Share) -> Figures:
    return {**share._asdict(), "percent": share.percent, "interval": list(share.interval())}
