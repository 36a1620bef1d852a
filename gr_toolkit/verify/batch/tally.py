"""Count verdicts, for the summary of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gr_toolkit.console import Summary, describe
from gr_toolkit.verify.batch.rows import Line, Pair
from gr_toolkit.verify.verdict import outcome_of


class Tally:
    """Counts rows by outcome, by deciding stage, and by agreement of the verdict with the label."""

    def __init__(self, summary: Summary) -> None:
        """`summary` gets the counts of rows. Correct rows count as kept, all others by outcome."""
        self._summary = summary
        self._deciders: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._labelled: Counter[tuple[bool | None, bool]] = Counter()

    def add(self, pairs: Sequence[Pair], lines: Sequence[Line]) -> None:
        """Count the verdicts on these pairs."""
        for pair, line in zip(pairs, lines, strict=True):
            self._count(outcome(pair, line), str(line.id))
            if line.correct is not None:
                self._deciders[line.decided_by] += 1
            elif line.decided_by == "error":
                self._errors[line.reason.partition(": ")[0]] += 1  # the kind of error, without its details
            if pair.label is not None:
                self._labelled[line.correct, pair.label] += 1

    def _count(self, outcome: str, row: str) -> None:
        self._summary.rows_in += 1
        self._summary.rows += 1
        if outcome == "correct":
            self._summary.kept += 1
        else:
            self._summary.reject(outcome, row)

    def note(self) -> None:
        """Add notes to the summary: the deciding stages, the kinds of errors, the agreement with labels."""
        notes = self._summary.notes
        if self._deciders:
            notes.append(f"decided by {describe(self._deciders, most=len(self._deciders))}")
        if self._errors:
            notes.append(f"not judged: {describe(self._errors)}")
        if self._labelled:
            notes.append(describe_agreement(self._labelled))


def outcome(pair: Pair, line: Line) -> str:
    """The verdict's outcome, or "unreadable" if the row held no pair."""
    return "unreadable" if pair.item is None else outcome_of(line.correct, line.decided_by)


def describe_agreement(labelled: Counter[tuple[bool | None, bool]]) -> str:
    """Describe how verdicts agree with labels, from the counts of (verdict, label)."""
    decided = Counter({key: count for key, count in labelled.items() if key[0] is not None})
    parts = [f"decided {_share(decided.total(), labelled.total())} of the labelled rows"]
    for verdict, name in ((True, "yes"), (False, "no")):
        verdicts = labelled[verdict, True] + labelled[verdict, False]
        if verdicts:
            parts.append(f"{name} is correct in {_share(labelled[verdict, verdict], verdicts)}")
    return "; ".join(parts)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % ({part} of {whole})"
