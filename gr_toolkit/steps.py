"""The steps of the pipeline, in order.

The funnel, `gr status`, messages and the commands of `gr curate` follow from this list. Tests check the
tables, the other commands and docs/tables.md against it. A new step is a line here, a row type in
store/tables.py, and the function that fills the table.

This module imports nothing heavy, because every `--help` imports it.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """A step makes each shard of `table` from the shards of the same name in the tables `needs`."""

    name: str  # the command without `gr`
    table: str
    needs: tuple[str, ...]  # the first one's rows are processed; empty if the step reads the web
    purpose: str  # what the table holds, for --help
    removes: bool = False  # whether `table` lists rows of needs[0] that later steps skip
    scratch: tuple[str, ...] = ()  # tables that the step fills first and that only it uses

    @property
    def command(self) -> str:
        """The command that runs the step, such as `gr curate judge`."""
        return f"gr {self.name}"

    @property
    def subcommand(self) -> str:
        """The last word of the name, such as `dedup`."""
        return self.name.rpartition(" ")[2]


STEPS = (
    Step("crawl", "pages", (), "fetched pages."),
    Step("crawl extract", "texts", ("pages",), "the text of each page, with its mathematics as TeX."),
    Step("curate extract", "pairs", ("texts",), "questions with short answers that the page states."),
    Step(
        "curate dedup",
        "duplicates",
        ("pairs",),
        "questions that repeat an earlier one.",
        removes=True,
        scratch=("signatures",),
    ),
    Step(
        "curate decontaminate",
        "contaminated",
        ("pairs", "duplicates"),
        "questions that repeat a benchmark.",
        removes=True,
    ),
    Step(
        "curate judge",
        "judged",
        ("pairs", "duplicates", "contaminated"),
        "is the answer verifiable, and what are its type, subject and difficulty?",
    ),
    Step("curate attempt", "attempts", ("judged",), "sampled solutions, each verified."),
    Step(
        "curate export",
        "dataset",
        ("judged", "pairs", "attempts"),
        "questions that are solved sometimes, but not always.",
    ),
)

FUNNEL = tuple(step.table for step in STEPS)


def step_of(table: str) -> Step:
    """The step that fills the table. Raises KeyError for an unknown table."""
    return _STEP_OF[table]


def inputs(table: str) -> tuple[str, ...]:
    """The tables whose shards must exist before a shard of this table is made."""
    step = step_of(table)
    return step.needs if table in step.scratch else (*step.needs, *step.scratch)


def derived_from(table: str) -> tuple[str, ...]:
    """The tables made from this one, directly or not, in the order they are made. Includes scratch tables."""
    made = [table]
    for name in (name for step in STEPS for name in (*step.scratch, step.table)):
        if not set(made).isdisjoint(inputs(name)):
            made.append(name)
    return tuple(made[1:])


def removed_before(table: str) -> tuple[str, ...]:
    """The tables whose rows are removed from the input of this table's step."""
    return tuple(name for name in step_of(table).needs if step_of(name).removes)


_STEP_OF = {table: step for step in STEPS for table in (step.table, *step.scratch)}
