"""Score a grader's outcomes against the labels."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from bench.verdicts.graders import Outcome

Z = 1.959964  # standard normal quantile for a 95 % interval


class Share(NamedTuple):
    """A part of a whole, both as counts."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """The share in percent; None if the whole is 0."""
        return 100 * self.part / self.whole if self.whole else None

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval in percent (E. B. Wilson 1927, J. Am. Stat. Assoc. 22, 209-212)."""
        if not self.whole:
            return 0.0, 100.0
        share, square = self.part / self.whole, Z * Z / self.whole
        middle = share + square / 2
        spread = Z * sqrt(share * (1 - share) / self.whole + square / (4 * self.whole))
        low, high = (100 * (middle + side * spread) / (1 + square) for side in (-1, 1))
        return max(0.0, low), min(100.0, high)


class Score(NamedTuple):
    """A grader's score on some rows. The outcomes abstains, crashed and hung are undecided."""

    decided: Share  # of all rows
    right: Share  # correct verdicts of all rows; an undecided row counts as not correct
    right_of_decided: Share
    yes: Share  # correct answers of all that were called correct: the precision of yes
    no: Share  # wrong answers of all that were called wrong: the precision of no
    false_positives: Share  # called correct, of all wrong answers
    false_negatives: Share  # called wrong, of all correct answers


def score(labels: Sequence[bool], outcomes: Sequence[Outcome]) -> Score:
    """Count outcomes against the labels of the same rows."""
    rows = list(zip(labels, outcomes, strict=True))
    yes, no = rows.count((True, "yes")), rows.count((False, "no"))
    false_yes, false_no = rows.count((False, "yes")), rows.count((True, "no"))
    decided = yes + no + false_yes + false_no
    positives = sum(labels)
    return Score(
        decided=Share(decided, len(rows)),
        right=Share(yes + no, len(rows)),
        right_of_decided=Share(yes + no, decided),
        yes=Share(yes, yes + false_yes),
        no=Share(no, no + false_no),
        false_positives=Share(false_yes, len(rows) - positives),
        false_negatives=Share(false_no, positives),
    )
