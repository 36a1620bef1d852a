"""`gr curate`: all steps, or one of them."""

from __future__ import annotations

from typing import Annotated

import typer

from gr_toolkit import options

STEPS = {
    "extract": "texts -> pairs: questions with short answers that the page states.",
    "dedup": "pairs -> duplicates: questions that repeat an earlier one.",
    "decontaminate": "pairs -> contaminated: questions that repeat a benchmark.",
    "judge": "pairs -> judged: is it verifiable, and of what type, subject and level?",
    "attempt": "judged -> attempts: sampled solutions, each verified.",
    "export": "attempts -> dataset: questions neither always nor never solved.",
}

app = typer.Typer(invoke_without_command=True)

Samples = Annotated[int | None, typer.Option("--samples", help="Solutions sampled of each question.")]


@app.callback()
def everything(
    context: typer.Context,
    data: options.Data = None,
    config: options.Config = None,
    samples: Samples = None,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Turn texts into verified questions: every step in order, over what is pending.

    Example: gr curate --data gr-data
    """
    if context.invoked_subcommand is None:
        _run(list(STEPS), data, config, samples, json, dry_run)
    else:
        _refuse_options(context, context.invoked_subcommand)


def _refuse_options(context: typer.Context, step: str) -> None:
    """Raise UsageError if options stand before the step, where they would go unheeded."""
    from gr_toolkit.errors import UsageError

    values = ((option.opts[0], context.params[str(option.name)]) for option in context.command.params)
    given = " ".join(
        name if value is True else f"{name} {value}"
        for name, value in values
        if value is not None and value is not False
    )
    if given:
        raise UsageError(f"put {given} after the step: gr curate {step} {given}")


def _add_command(step: str, purpose: str) -> None:
    def command(
        data: options.Data = None,
        config: options.Config = None,
        json: options.Json = False,
        dry_run: options.DryRun = False,
    ) -> None:
        _run([step], data, config, None, json, dry_run)

    def sampling_command(
        data: options.Data = None,
        config: options.Config = None,
        samples: Samples = None,
        json: options.Json = False,
        dry_run: options.DryRun = False,
    ) -> None:
        _run([step], data, config, samples, json, dry_run)

    add = app.command(step, help=f"{purpose}\n\nExample: gr curate {step}")
    add(sampling_command if step == "attempt" else command)


for _step, _purpose in STEPS.items():
    _add_command(_step, _purpose)


def _run(
    steps: list[str],
    data: str | None,
    config: options.Config,
    samples: int | None,
    json: bool,
    dry_run: bool,
) -> None:
    from curate.pipeline import curate, plan
    from gr_toolkit.console import finish, reporting
    from gr_toolkit.settings import load_settings

    settings = load_settings(config, data=data, curate={"samples": samples})
    if dry_run:
        return finish(plan(settings, steps), settings.state, as_json=json, dry_run=True)
    with reporting(settings.state, as_json=json) as summaries:
        curate(settings, steps, summaries)
