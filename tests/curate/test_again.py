"""`gr curate STEP --again REASON`: shards with that reason, and what was made from them, are made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import gr, problem
from curate.command import CURATE_STEPS
from gr_toolkit.steps import derived_from
from gr_toolkit.store.tables import SCHEMAS, VERSIONS, Versions
from loopback import fails, serving
from rows import fill, rows_of
from shards import older, put, stamp

SMALL = {"GR_VERIFY__MODEL": "false", "GR_LLM__RETRIES": "0", "GR_LLM__PATIENCE": "0", "GR_LLM__MODEL": "m"}


def run(store, server, *arguments: str) -> tuple[int, str, str]:
    return gr(Path(store.data).parent, *arguments, **SMALL, GR_LLM__BASE_URL=server.url)


def contents(store) -> dict[str, bytes]:
    """The bytes of every shard, by table and file name."""
    folder = Path(store.data)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for table in SCHEMAS
        for path in folder.glob(f"{table}/*.parquet")
    }


def replaced(store) -> list[str]:
    return sorted(path.name for path in Path(store.data, "replaced").glob("*"))


@pytest.fixture
def curated(texts, model):
    """The tables of a whole run in which the judge refused every question."""
    with serving(model(judge=lambda body: fails(400, "no"))) as server:
        code, _, errors = run(texts, server, "curate")
    assert code == 0, errors
    return texts


def test_every_step_and_no_whole_run_accepts_again():
    for step in CURATE_STEPS:
        assert problem([*step.name.split(), "--again", "failed"]) is None
    assert problem(["crawl", "extract", "--again", "failed"]) is None
    assert "--again" in problem(["curate", "--again", "failed"])


def test_failed_rows_are_asked_again_and_later_tables_follow(curated, model):
    assert {row["reason"] for row in rows_of(curated, "judged")} == {"failed: HTTP 400"}
    with serving(model()) as server:
        code, output, errors = run(curated, server, "curate", "judge", "--again", "failed", "--json")
        assert (code, json.loads(output)["steps"][0]["shards"]) == (0, 2)
        folder = f"{Path(curated.data).name}/replaced"
        moved = "judged 2, attempts 2, dataset 2"
        assert errors == f"moved these shards to {folder}, to make them again: {moved}\n"
        assert replaced(curated) == [
            f"{t}-{n}.parquet" for t in ("attempts", "dataset", "judged") for n in "12"
        ]
        assert curated.table("attempts").shards() == []
        assert run(curated, server, "curate")[0] == 0
    assert sorted(str(row["reason"]) for row in rows_of(curated, "judged")) == [
        "None",
        "None",
        "needs context",
    ]
    assert len(rows_of(curated, "dataset")) == 2


def test_tables_are_as_without_the_failure(curated, model, tmp_path):
    with serving(model()) as server:
        run(curated, server, "curate", "judge", "--again", "failed")
        run(curated, server, "curate")
        first = contents(curated)
        run(curated, server, "curate", "extract", "--again", "no accepted answer")
        run(curated, server, "curate")
    assert contents(curated) == first
    assert replaced(curated) == sorted(
        f"{table}-{shard}.parquet"
        for table in ("pairs", *derived_from("pairs"))
        for shard in ("12" if table in ("judged", "attempts", "dataset") else "1")
    )


def test_reason_without_rows_is_one_line_and_the_step_runs(texts, model):
    with serving(model()) as server:
        code, output, errors = run(texts, server, "curate", "extract", "--again", "failed", "--json")
    assert code == 0
    assert errors == "table pairs has no row with the reason 'failed'; no shard is moved\n"
    assert json.loads(output)["steps"][0]["rows"] == 7


def test_dry_run_says_what_it_would_move_and_moves_nothing(curated, model):
    before = contents(curated)
    with serving(model()) as server:
        code, output, errors = run(curated, server, "curate", "judge", "--again", "failed", "--dry-run")
    assert code == 0
    assert errors.startswith("would move these shards to ")
    assert errors.endswith("judged 2, attempts 2, dataset 2\n")
    assert "would read 7 rows of pairs in 2 shards" in output
    assert contents(curated) == before
    assert replaced(curated) == []


def test_locked_derived_table_moves_nothing_and_keeps_its_exit_code(curated, model):
    before = contents(curated)
    with serving(model()) as server, curated.table("dataset").writing():
        code, _, errors = run(curated, server, "curate", "judge", "--again", "failed")
    assert code == 75
    assert "table dataset is being written by" in errors
    assert contents(curated) == before


def test_outdated_shard_is_one_line_whose_command_makes_it_again(curated, model, monkeypatch):
    monkeypatch.setitem(VERSIONS, "judged", Versions(2, 1))
    put(curated, "judged", "2", older("judged", [fill("judged")], judge=None), stamp("judged"))
    Path(curated.data, "attempts", "2.parquet").unlink()
    with serving(model()) as server:
        code, _, errors = run(curated, server, "curate", "attempt")
        assert (code, len(errors.splitlines())) == (1, 1)
        assert "shard 2 of table judged is schema 1 algorithm 1, but this gr reads schema 2" in errors
        command = errors.strip().rpartition("Make it again with: gr ")[2]
        assert command == "curate judge --again outdated"
        code, _, errors = run(curated, server, *command.split())
        assert (code, errors.count("moved these shards")) == (0, 1), errors
        assert curated.table("judged").versions("2") == Versions(2, 1)
        assert run(curated, server, "curate", "attempt")[0] == 0
    assert replaced(curated) == ["dataset-2.parquet", "judged-2.parquet"]


COMMANDS = {
    "status": "status",
    "a step": "curate export",
    "dry run": "curate export --dry-run",
    "training": "train grpo --model local --steps 1",
    "an exam": "eval --model local --on dataset",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("kind", ["older", "newer", "foreign"])
def test_no_command_ends_with_a_traceback_on_a_shard_of_another_version(store, command, kind):
    for table in ("judged", "pairs", "attempts", "dataset"):
        content = older(table, [fill(table)]).select(["id", "kept", "reason"])
        versions = {"older": None, "newer": stamp(table, schema=9), "foreign": stamp("benchmarks")}[kind]
        if not (table == "dataset" and "export" in command):  # the step makes it from the others
            put(store, table, "1", content, versions)
    code, _, errors = gr(Path(store.data).parent, *command.split())
    lines = errors.splitlines()
    assert "Traceback" not in errors
    assert code == (0 if command == "status" else 1), errors
    assert len(lines) == (4 if command == "status" else 1), errors
    told = {"older": "--again outdated", "newer": "Update gr", "foreign": "is a shard of table benchmarks"}
    assert all(told[kind] in line for line in lines), errors
