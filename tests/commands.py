"""Every command of `gr`, for the tests that walk them."""

from __future__ import annotations

from functools import cache

import typer
from typer.core import TyperCommand, TyperGroup

Command = TyperCommand | TyperGroup
UsageError = typer.BadParameter.__base__  # typer carries its own copy of click and exports only this


@cache
def commands() -> dict[str, Command]:
    """The commands and groups by the words that call them, `gr` first."""
    from cli import app

    found: dict[str, Command] = {}
    _collect("gr", typer.main.get_command(app), found)
    return found


def _collect(path: str, command: Command, found: dict[str, Command]) -> None:
    found[path] = command
    for name, below in getattr(command, "commands", {}).items():
        _collect(f"{path} {name}", below, found)


def problem(words: list[str]) -> str | None:
    """Why `gr` would not take these words, or None. Parses them and runs nothing."""
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
