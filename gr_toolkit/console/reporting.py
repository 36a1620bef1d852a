"""Reports what a command did: prints its summary, and passes it to the log of the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, SupportsIndex

from gr_toolkit.console.output import OutputLost
from gr_toolkit.console.summary import Summary, as_record, counted, log_line, show_summaries
from gr_toolkit.errors import RowsPending
from gr_toolkit.runs import current


class Steps(list[Summary]):
    """The summaries of a command. The first one begins the log of the run; raises CannotWrite."""

    def __init__(self) -> None:
        super().__init__()
        self._logged: set[int] = set()  # the id() of each summary

    def append(self, summary: Summary) -> None:
        """Add the summary of a step that begins, after the end of those before it."""
        current.begin()
        self.log_ended()
        super().append(summary)

    def log_ended(self) -> None:
        """Log a line for each step that did something and has none yet."""
        for summary in self:
            if not summary.is_idle and id(summary) not in self._logged:
                self._logged.add(id(summary))
                current.log(log_line(summary))

    def insert(self, place: SupportsIndex, summary: Summary) -> None:
        """Add the summary of a step that ran beside another."""
        current.begin()
        super().insert(place, summary)

    def extend(self, summaries: Iterable[Summary]) -> None:
        """Add the summaries in order."""
        for summary in summaries:
            self.append(summary)

    def __iadd__(self, summaries: Iterable[Summary]) -> Self:  # type: ignore[override,misc]
        """Add summaries like `extend`."""
        self.extend(summaries)
        return self


@contextmanager
def reporting(state: Path, *, as_json: bool, must_log: bool = True) -> Iterator[list[Summary]]:
    """Yield a list for the summaries of a command, and print them after the block, even if the block fails.

    The summaries are also logged in the folder `state` if the command line of `gr` runs the block. Without
    `must_log`, only if that folder exists, and a log that cannot be written is no error. After a failure the
    last summary is marked as unfinished. Raises RowsPending if a step left rows pending, and CannotWrite,
    when the first step begins, if the log cannot be written.
    """
    current.log_in(state, must_log=must_log)
    summaries = Steps()
    try:
        yield summaries
    except BaseException:
        if summaries:
            summaries[-1].notes.append("did not finish")
            _report(summaries)
            with suppress(OutputLost):
                show_summaries(summaries, as_json=as_json)
        raise
    _report(summaries)
    show_summaries(summaries, as_json=as_json)
    if pending := sum(summary.pending for summary in summaries):
        raise RowsPending(f"{counted(pending, 'row')} pending: run the same command again to carry on")


def _report(summaries: Steps) -> None:
    summaries.log_ended()
    notes = [note for summary in summaries if summary.is_idle for note in summary.notes]
    is_idle = all(summary.is_idle for summary in summaries)
    current.report([as_record(summary) for summary in summaries], is_idle=is_idle, idle_notes=notes)
