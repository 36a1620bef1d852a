"""What several commands share: options, declared once, and the help of a group."""

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
    typer.Option("--config", metavar="FILE", help="Configuration file; without it gr.toml, if there is one."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
EngineName = Annotated[
    str | None, typer.Option("--engine", metavar="local|ray", help="What runs the shards.")
]


class GroupWithMainCommand(TyperGroup):
    """A stage whose `--help` also shows the help of its most used command."""

    main_command: ClassVar[str]

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """The group's help, then the main command's."""
        command = self.commands[self.main_command]
        inner = type(ctx)(command, parent=ctx, info_name=self.main_command)
        return super().get_help(ctx) + command.get_help(inner)
