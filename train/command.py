"""`gr train`: trains a model."""

from __future__ import annotations

from typing import Annotated

import typer

from gr_toolkit import options


class TrainGroup(options.GroupWithMainCommand):
    """`gr train --help` also shows the options of `gr train grpo`."""

    main_command = "grpo"


app = typer.Typer(cls=TrainGroup, help="Train a model on the verified questions.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train a model on the verified questions."""


@app.command()
def grpo(
    model: Annotated[
        str,
        typer.Option("--model", metavar="MODEL", help="local, a Hugging Face id, a folder, or a GGUF file."),
    ] = "local",
    run: Annotated[str, typer.Option("--run", metavar="NAME", help="The run's folder under runs/.")] = "grpo",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Total optimizer steps.")] = 100,
    data: options.Data = None,
    config: options.Config = None,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Train a model on the train split with GRPO. The same command resumes the run.

    Example: gr train grpo --model Qwen/Qwen2.5-0.5B-Instruct --steps 200
    """
    from gr_toolkit.console import reporting, show_summaries
    from gr_toolkit.settings import load_settings
    from train.grpo import plan_grpo, train_grpo

    settings = load_settings(config, data=data)
    if dry_run:
        return show_summaries([plan_grpo(settings, model, run, steps)], as_json=json)
    with reporting(settings.state, as_json=json) as summaries:
        train_grpo(settings, model, run, steps, summaries)
