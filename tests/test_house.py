"""The rules of the house: who imports whom, what --help loads and says, how long a file is."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from commands import commands, problem
from store.tables import MADE_BY, TABLES

ROOT = Path(__file__).parents[1]
# From top to bottom; what stands on one level does not import its neighbours.
LEVELS = [
    {"cli"},
    {"demo"},
    {"demo_summary"},
    {"crawl", "curate", "train", "eval", "report", "init"},
    {"verify"},
    {"similarity"},
    {"llm"},
    {"engine"},
    {"store"},
    {"console", "settings", "options", "data"},
    {"settings_sources"},
    {"errors"},
]
LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
GROUND = set.union(*LEVELS[-3:])
STAND_ALONE = {"store", "similarity", "llm"} | GROUND
HEAVY = {"torch", "transformers", "trl", "scrapy", "polars", "openai"}
LONGEST_FILE = 300


def sources() -> list[Path]:
    """Every Python file of the toolkit, relative to the repository."""
    found = [ROOT.glob("*.py"), *((ROOT / room).rglob("*.py") for room in LEVEL)]
    return sorted(path.relative_to(ROOT) for paths in found for path in paths)


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names} & LEVEL.keys()


def test_every_room_is_in_the_list():
    rooms = {path.stem for path in ROOT.glob("*.py")} | {
        path.parent.name for path in ROOT.glob("*/__init__.py")
    }
    assert rooms == LEVEL.keys()


@pytest.mark.parametrize("path", sources(), ids=str)
def test_a_room_imports_only_what_is_below_it(path):
    room = path.parts[0].removesuffix(".py")
    allowed = {other for other in LEVEL if LEVEL[other] > LEVEL[room]} | {room}
    if room in STAND_ALONE:
        allowed &= GROUND | {room}
    assert imported_rooms(path) - allowed == set()


@pytest.mark.parametrize("path", sources(), ids=str)
def test_a_file_is_short(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def imported_by(script: str) -> set[str]:
    """The top-level modules that a script has imported at its end, in a process of its own."""
    script += "\nimport json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_imports_nothing_heavy():
    script = "import typer, cli\ntyper.main.get_command(cli.app)(['--help'], standalone_mode=False)"
    modules = imported_by(script)
    assert "cli" in modules
    assert modules & (HEAVY | {"pyarrow", "pydantic", "fsspec", "datasets"}) == set()


def test_no_help_of_any_command_imports_anything_heavy():
    script = (
        "from commands import commands\n"
        "for path in commands():\n"
        "    commands()['gr']([*path.split()[1:], '--help'], standalone_mode=False)"
    )
    assert imported_by(script) & HEAVY == set()


@pytest.mark.parametrize("path", commands())
def test_every_command_has_help_and_an_example_of_itself(path):
    command = commands()[path]
    text = " ".join((command.help or "").split())
    assert text
    if not hasattr(command, "commands") or command.invoke_without_command:
        example = text.partition("Example: gr ")[2] or text.partition("Example:  gr ")[2]
        assert example, f"no example in the help of `{path}`"
        assert problem(shlex.split(example)) is None
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{path} {parameter.opts}: no help"


def test_the_command_that_makes_a_table_exists():
    assert set(MADE_BY.values()) <= commands().keys()


@pytest.mark.parametrize("table", TABLES)
def test_every_table_and_column_is_described(table):
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {table}\n")[2].partition("\n## ")[0]
    assert f"`{MADE_BY[table]}`" in " ".join(section.split())
    described = {cell.strip("` ") for line in section.splitlines() for cell in line.split("|")[1:2]}
    described |= {"kept", "reason"} if "| `kept`, `reason` |" in section else set()
    assert set(TABLES[table].names) - described == set()
