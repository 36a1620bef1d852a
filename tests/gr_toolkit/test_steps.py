"""The list of steps: what follows from it is consistent with the tables and the functions that fill them."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from curate.command import CURATE_STEPS
from files import ROOT
from gr_toolkit.steps import FUNNEL, STEPS, derived_from, inputs, removed_before, step_of
from gr_toolkit.store.tables import SCHEMAS


def test_every_table_is_filled_by_one_step():
    filled = [table for step in STEPS for table in (*step.scratch, step.table)]
    assert filled == list(SCHEMAS)
    assert all(table in (step_of(table).table, *step_of(table).scratch) for table in filled)


def test_a_step_needs_only_tables_of_earlier_steps():
    for number, step in enumerate(STEPS):
        assert set(step.needs) <= set(FUNNEL[:number])


@pytest.mark.parametrize(
    ("table", "needed"),
    [
        ("pages", ()),
        ("texts", ("pages",)),
        ("signatures", ("pairs",)),
        ("duplicates", ("pairs", "signatures")),
        ("judged", ("pairs", "duplicates", "contaminated")),
    ],
)
def test_a_table_needs_the_tables_of_its_step_and_the_step_s_scratch_tables(table, needed):
    assert inputs(table) == needed


@pytest.mark.parametrize(
    ("table", "derived"),
    [
        ("pages", tuple(SCHEMAS)[1:]),
        ("pairs", ("signatures", "duplicates", "contaminated", "judged", "attempts", "dataset")),
        ("signatures", ("duplicates", "contaminated", "judged", "attempts", "dataset")),
        ("judged", ("attempts", "dataset")),
        ("dataset", ()),
    ],
)
def test_derived_tables_are_those_made_from_a_table_directly_or_not(table, derived):
    assert derived_from(table) == derived


def test_a_pair_removed_by_an_earlier_step_reaches_no_later_one():
    assert removed_before("duplicates") == ()
    assert removed_before("contaminated") == ("duplicates",)
    assert removed_before("judged") == ("duplicates", "contaminated")


@pytest.mark.parametrize("step", CURATE_STEPS, ids=lambda step: step.name)
def test_each_curate_step_is_the_function_of_its_name_in_the_file_of_its_name(step):
    assert callable(getattr(import_module(f"curate.{step.subcommand}"), step.subcommand))


def test_an_unknown_table_has_no_step():
    with pytest.raises(KeyError):
        step_of("answers")


def test_the_page_on_tables_lists_every_table_with_the_command_of_its_step():
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\(#\1\) \|[^|]*\|([^|]*)\|$", page, re.MULTILINE)
    assert [table for table, _ in rows] == list(SCHEMAS)
    assert all(f"`{step_of(table).command}`" in commands for table, commands in rows)
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == list(SCHEMAS)
