"""Options shared by several commands, and a command group with extended help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import typer
from typer.core import TyperGroup

Data = Annotated[
    str | None,
    typer.Option("--data", metavar="FOLDER", help="Data folder, local or a URL such as s3://bucket/run."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration file; default: $GR_CONFIG or ./gr.toml."),
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON instead of text.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", metavar="", help="Print what would be done, without doing it.")
]
Again = Annotated[
    str | None,
    typer.Option(
        "--again",
        metavar="REASON",
        help="First set aside the shards that hold rows with this reason, and what was made from them.",
    ),
]
EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="local|ray",
        help="Where to process shards: on this machine's cores, or on Ray.",
    ),
]


class GroupWithMainCommand(TyperGroup):
    """A command group whose `--help` also shows the help of its main command."""

    main_command: ClassVar[str]

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """Return the group's help, followed by the main command's."""
        command = self.commands[self.main_command]
        inner = type(ctx)(command, parent=ctx, info_name=self.main_command)
        return super().get_help(ctx) + command.get_help(inner)
