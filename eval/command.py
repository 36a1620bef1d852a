"""`gr eval`: scores a model on benchmarks."""

from __future__ import annotations

from typing import Annotated

import typer

from gr_toolkit import options


def evaluate(
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="local, local:NAME, a folder, a .gguf file, or a model of the server at llm.base_url.",
        ),
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option(
            "--on", metavar="BENCHMARK", help="tiny, dataset, or a .jsonl or .parquet file; repeatable."
        ),
    ] = None,
    samples: Annotated[int | None, typer.Option("--samples", min=1, help="Completions per question.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="Maximum tokens per completion.")
    ] = None,
    data: options.Data = None,
    config: options.Config = None,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Score a model on benchmarks. A second run reads the cached replies and costs nothing.

    Example: gr eval --model gr-data/runs/grpo/final --on tiny
    """
    from eval.evaluation import evaluate_model, plan_evaluation
    from gr_toolkit.console import reporting, show_summaries
    from gr_toolkit.settings import load_settings

    settings = load_settings(config, data=data, eval={"samples": samples, "max_tokens": max_tokens})
    if dry_run:
        return show_summaries(plan_evaluation(settings, model, on), as_json=json)
    with reporting(settings.state, as_json=json) as summaries:
        evaluate_model(settings, model, on, summaries)
