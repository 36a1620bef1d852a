"""Every command of `gr`, for tests that iterate over them, and `gr` run inside the test process."""

from __future__ import annotations

import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

Command = TyperCommand | TyperGroup
UsageError = typer.BadParameter.__base__  # typer carries its own copy of click and exports only this


@cache
def commands() -> dict[str, Command]:
    """The commands and groups by the words that invoke them, `gr` first."""
    from cli import app

    found: dict[str, Command] = {}
    _collect("gr", typer.main.get_command(app), found)
    return found


def _collect(path: str, command: Command, found: dict[str, Command]) -> None:
    found[path] = command
    for name, below in getattr(command, "commands", {}).items():
        _collect(f"{path} {name}", below, found)


def problem(words: list[str]) -> str | None:
    """Why `gr` would reject these words, or None. Parses them and runs nothing."""
    command, context = commands()["gr"], None
    try:
        while True:
            context = command.make_context(command.name, words, parent=context)
            words = [*context._protected_args, *context.args]
            if not words or not isinstance(command, TyperGroup):
                return None
            _, command, words = command.resolve_command(context, words)
    except typer.Exit:  # --help
        return None
    except UsageError as error:
        return f"gr {' '.join(words)}: {error.format_message()}"


def gr(folder: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run `gr` in this process, in `folder`, without the GR_ and OPENAI_ variables of the environment.

    Return its exit code, stdout and stderr. A separate process would take a second, mostly for imports.
    """
    from cli import main

    theirs = [name for name in os.environ if name.startswith(("GR_", "OPENAI_"))]
    output, errors = StringIO(), StringIO()
    with (
        pytest.MonkeyPatch.context() as changed,
        chdir(folder),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        for name in theirs:
            changed.delenv(name)
        for name, value in variables.items():
            changed.setenv(name, value)
        changed.setattr(sys, "argv", ["gr", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, output.getvalue(), errors.getvalue()


def refusal(folder: Path, *arguments: str, code: int = 2, **variables: str) -> str:
    """The one line with which `gr` refuses to run in `folder`, which it leaves as it was."""
    before = sorted(folder.rglob("*"))
    exit_code, output, errors = gr(folder, *arguments, **variables)
    assert (exit_code, output) == (code, ""), errors
    assert errors.startswith("gr: "), errors
    assert errors.count("\n") == 1, errors
    assert sorted(folder.rglob("*")) == before
    return errors
