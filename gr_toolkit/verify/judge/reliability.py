"""Tells a verifier model that accepts almost any answer from one that judges."""

from __future__ import annotations

from gr_toolkit.console import say
from gr_toolkit.verify.verdict import Verdict

# A model that fails more than half of its tests is worse than a coin. In 100 tests this is not chance: it
# happens in less than one run of 1,000 to a model that fails every third test on average.
MIN_TESTED = 100
MAX_DOUBLE = 0.5

UNRELIABLE = Verdict(None, "unreliable", None, "the model also accepts most answers for another reference")


class Reliability:
    """Counts the yeses of a verifier model that were tested with a decoy, and those that failed the test.

    Once `is_lost`, the model is unreliable until the end of the run.
    """

    def __init__(self) -> None:
        self.tested = 0
        self.double = 0
        self.is_lost = False

    def checked(self, verdict: Verdict) -> Verdict:
        """Count a verdict of the model and return it, or UNRELIABLE if the model is unreliable.

        Cached verdicts count too, so that a run that is repeated reaches the same state.
        """
        if not self.is_lost:
            self._count(verdict)
        return UNRELIABLE if self.is_lost else verdict

    def _count(self, verdict: Verdict) -> None:
        failed = verdict.decided_by == "decoy"
        self.double += failed
        self.tested += failed or verdict.correct is True
        if self.tested >= MIN_TESTED and self.double > MAX_DOUBLE * self.tested:
            self.is_lost = True
            say(
                f"the verifier model is unreliable: of {self.tested:,} answers that it accepted, it accepted "
                f"{self.double:,} for another reference too. Its verdicts are undecided from now on: "
                "configure another model"
            )
