"""Rules of the code base: imports, the contents and cost of --help, file sizes, and complete docs."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

from commands import commands, problem
from files import ROOT
from gr_toolkit.steps import STEPS, step_of
from gr_toolkit.store.tables import SCHEMAS
from processes import LIBRARIES
from processes import ROOMS as PRELOADED

STAGES = {"crawl", "curate", "train", "eval"}
INSTALLED = {"cli", "gr_toolkit"} | STAGES
# The packages (rooms) of gr_toolkit, and the rooms each may import. All may import single files and SHARED.
SHARED = {"settings", "runs", "console"}
ROOMS = {
    "demo": {"report", "llm", "store"},
    "report": {"store"},
    "verify": {"llm"},
    "engine": {"store"},
    "similarity": set(),
    "llm": set(),
    "store": set(),
}
HEAVY = {"torch", "transformers", "trl", "scrapy", "polars", "openai"}
MAX_LINES = 300
MAX_FILES = 13  # in one folder


def modules() -> Iterator[str]:
    """Yield the dotted name of every Python file of the toolkit; a package is named by its folder."""
    for name in sorted(INSTALLED):
        for path in [ROOT / f"{name}.py", *(ROOT / name).rglob("*.py")]:
            if path.is_file():
                parts = path.relative_to(ROOT).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = set(modules())


def path_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(module: str) -> set[str]:
    """The modules of the toolkit that a module imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: a relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(names & MODULES or {str(node.module)})
    return found & MODULES


def room(module: str) -> str:
    """The room that contains the module; empty for a single file of gr_toolkit and for a shared package."""
    return next((part for part in module.split(".")[1:2] if part in ROOMS), "")


def tracked(pattern: str) -> list[str]:
    """The files tracked by git that match the pattern."""
    listing = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listing.stdout.splitlines()


def test_only_known_names_are_importable_at_the_top_level():
    assert [path.name for path in ROOT.glob("*.py")] == ["cli.py"]
    assert {Path(line).parts[0] for line in tracked("*/*.py")} == {*STAGES, "gr_toolkit", "tests", "bench"}


def test_every_room_has_an_import_rule():
    folders = {path.parent.name for path in (ROOT / "gr_toolkit").glob("*/__init__.py")}
    assert folders == ROOMS.keys() | SHARED


@pytest.mark.parametrize("module", sorted(MODULES - {"cli"}))
def test_module_imports_only_allowed_modules(module):
    top = module.partition(".")[0]
    others = {name for name in imports(module) if name.partition(".")[0] != top}
    assert {name.partition(".")[0] for name in others} <= ({"gr_toolkit"} if top in STAGES else set())
    if top == "gr_toolkit" and module != "gr_toolkit":
        here = room(module)
        assert {room(name) for name in imports(module)} <= {"", here} | ROOMS.get(here, set())


def children(package: str) -> dict[str, set[str]]:
    """Each file and folder of a package, with the siblings it imports."""
    inside = f"{package}."
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        if module.startswith(inside):
            child = module.removeprefix(inside).partition(".")[0]
            targets = (name.removeprefix(inside) for name in imports(module) if name.startswith(inside))
            graph.setdefault(child, set()).update(target.partition(".")[0] for target in targets)
    return {child: targets - {child} for child, targets in graph.items()}


@pytest.mark.parametrize("package", sorted(name for name in MODULES if path_of(name).name == "__init__.py"))
def test_package_has_no_import_cycle(package):
    TopologicalSorter(children(package)).prepare()  # raises CycleError


@pytest.mark.parametrize("package", sorted(name for name in MODULES if path_of(name).name == "__init__.py"))
def test_folder_does_not_have_too_many_files(package):
    files = [path for path in path_of(package).parent.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= MAX_FILES


@pytest.mark.parametrize("module", sorted(MODULES))
def test_file_is_not_too_long(module):
    assert len(path_of(module).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_wheel_contains_every_module_and_the_bundled_files(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {Path(name).parts[0].removesuffix(".py") for name in names if ".dist-info/" not in name}
    assert tops == INSTALLED
    bundled = {f"gr_toolkit/{name}" for name in tracked("data/*") if name != "data/README.md"}
    assert {name for name in names if name.startswith("gr_toolkit/data/")} == bundled
    assert {module for module in MODULES if str(path_of(module).relative_to(ROOT)) not in names} == set()


def imported_by(script: str) -> set[str]:
    """Run a script in another process; return the modules it has imported at its end."""
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


def test_help_of_every_command_imports_nothing_heavy():
    script = (
        "from commands import commands\n"
        "for path in commands():\n"
        "    commands()['gr']([*path.split()[1:], '--help'], standalone_mode=False)"
    )
    assert imported_by(script) & HEAVY == set()


@pytest.mark.parametrize("path", commands())
def test_every_command_has_help_and_a_valid_example(path):
    command = commands()[path]
    text = " ".join((command.help or "").split())
    assert text
    assert not command.get_short_help_str(1000).endswith(":"), (
        "its line in the list of commands would be cut at the colon"
    )
    if not hasattr(command, "commands") or command.invoke_without_command:
        example = text.partition("Example: gr ")[2] or text.partition("Example:  gr ")[2]
        assert example, f"no example in the help of `{path}`"
        assert problem(shlex.split(example)) is None
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{path} {parameter.opts}: no help"


def test_preloaded_modules_of_killed_processes_can_be_imported():
    for name in [*LIBRARIES, *PRELOADED]:  # a fork server ignores import errors
        import_module(name)


def test_every_step_is_a_command():
    assert {step.command for step in STEPS} <= commands().keys()


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_table_and_column_is_described(table):
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {table}\n")[2].partition("\n## ")[0]
    assert f"`{step_of(table).command}`" in " ".join(section.split())
    described = {cell.strip("` ") for line in section.splitlines() for cell in line.split("|")[1:2]}
    described |= {"kept", "reason"} if "| `kept`, `reason` |" in section else set()
    assert set(SCHEMAS[table].names) - described == set()


def test_architecture_page_shows_every_package_and_every_file_of_a_stage():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = {name for name in MODULES if path_of(name).name == "__init__.py"}
    assert {name for name in packages if f"{name.rpartition('.')[2]}/" not in page} == set()
    files = {path.name for stage in STAGES for path in (ROOT / stage).glob("*.py")} - {"__init__.py"}
    assert {name for name in files if name not in page and name.removesuffix(".py") not in page} == set()


def test_architecture_page_lists_the_import_rules():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rules: dict[str, set[str]] = {}
    for rooms, below in re.findall(r"^\| (`.*?) \| (.*?) \|$", page, re.MULTILINE):
        rules |= {name: set(re.findall(r"`(\w+)`", below)) for name in re.findall(r"`(\w+)`", rooms)}
    assert rules == ROOMS
