"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
