"""`gr curate`: runs all its steps, or one of them."""

from __future__ import annotations

from typing import Annotated

import typer

from gr_toolkit import options
from gr_toolkit.steps import STEPS, Step

CURATE_STEPS = [step for step in STEPS if step.name.startswith("curate ")]

app = typer.Typer(invoke_without_command=True)

Samples = Annotated[int | None, typer.Option("--samples", help="Solutions sampled per question.")]


@app.callback()
def everything(
    context: typer.Context,
    data: options.Data = None,
    config: options.Config = None,
    samples: Samples = None,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Turn texts into verified questions: run every step in order over its pending shards.

    Example: gr curate --data gr-data
    """
    if context.invoked_subcommand is None:
        _run(CURATE_STEPS, data, config, samples, None, json, dry_run)
    else:
        _refuse_options(context, context.invoked_subcommand)


def _refuse_options(context: typer.Context, step: str) -> None:
    """Raise UsageError if there are options before the step's name, because they would have no effect."""
    from gr_toolkit.errors import UsageError

    values = ((option.opts[0], context.params[str(option.name)]) for option in context.command.params)
    given = " ".join(
        name if value is True else f"{name} {value}"
        for name, value in values
        if value is not None and value is not False
    )
    if given:
        raise UsageError(f"put {given} after the step: gr curate {step} {given}")


def _add_command(step: Step) -> None:
    def command(
        data: options.Data = None,
        config: options.Config = None,
        again: options.Again = None,
        json: options.Json = False,
        dry_run: options.DryRun = False,
    ) -> None:
        _run([step], data, config, None, again, json, dry_run)

    def sampling_command(
        data: options.Data = None,
        config: options.Config = None,
        samples: Samples = None,
        again: options.Again = None,
        json: options.Json = False,
        dry_run: options.DryRun = False,
    ) -> None:
        _run([step], data, config, samples, again, json, dry_run)

    help = f"{step.needs[0]} -> {step.table}: {step.purpose}\n\nExample: {step.command}"
    add = app.command(step.subcommand, help=help)
    add(sampling_command if step.table == "attempts" else command)


for _step in CURATE_STEPS:
    _add_command(_step)


def _run(
    steps: list[Step],
    data: str | None,
    config: options.Config,
    samples: int | None,
    again: str | None,
    json: bool,
    dry_run: bool,
) -> None:
    from curate.pipeline import curate, plan
    from gr_toolkit.console import reporting, show_summaries
    from gr_toolkit.settings import load_settings

    settings = load_settings(config, data=data, curate={"samples": samples})
    if dry_run:
        return show_summaries(plan(settings, steps, again), as_json=json)
    with reporting(settings.state, as_json=json) as summaries:
        curate(settings, steps, summaries, again)
