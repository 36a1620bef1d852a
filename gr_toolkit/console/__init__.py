"""Console output: messages and progress on stderr, the summary on stdout, and how a command ends.

Everything but the summary goes to stderr, so that stdout contains only the summary.
"""

from gr_toolkit.console.bars import Advance, hide_library_bars, progress, say
from gr_toolkit.console.ending import run_to_end
from gr_toolkit.console.output import protect_output
from gr_toolkit.console.reporting import reporting
from gr_toolkit.console.summary import (
    Summary,
    counted,
    describe,
    output_console,
    print_summaries,
    show_summaries,
)

__all__ = [
    "Advance",
    "Summary",
    "counted",
    "describe",
    "hide_library_bars",
    "output_console",
    "print_summaries",
    "progress",
    "protect_output",
    "reporting",
    "run_to_end",
    "say",
    "show_summaries",
]
