"""Prints the final summary of `gr demo`: a line per step, rewards, scores, and settings for a real run."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
from pydantic import TypeAdapter
from rich.table import Table

from gr_toolkit.console import Summary, describe, output_console
from gr_toolkit.llm.names import resolve_model, slug
from gr_toolkit.report.funnel import TableStatus, flow, read_funnel, rows_in
from gr_toolkit.runs import records
from gr_toolkit.settings import Settings
from gr_toolkit.steps import step_of
from gr_toolkit.store import Store

CLOSING = """\
SmolLM2-135M is far too small to extract, judge or solve well: its questions are few and often poor, and
its scores prove that the pipeline runs, not that the model is good. For a real run, configure a real model
in {config} (or in your own gr.toml, from `gr init`):
  [llm] model, base_url   any OpenAI-compatible server, e.g. model = "gpt-5-mini", or vLLM at http://host:8000/v1
  [curate] samples = 8, any_pass_rate = false, pairs_per_chunk = 10
  [verify] model = true   with [llm.verifier] model = "TIGER-Lab/general-verifier"
  [train]                 a larger model with --model, longer completions, hundreds of steps
Then: gr crawl URL, gr curate, gr train grpo, gr eval. To see all tables: gr status --config {config}"""


class Spent(NamedTuple):
    """Total time and tokens of all runs of a step."""

    seconds: float
    tokens: int


NOTHING = Spent(0.0, 0)
CURVE_HEIGHT = 6  # lines of text


def show_demo(settings: Settings, config: Path) -> None:
    """Print the summary of the whole pipeline."""
    console = output_console()
    data = Path(settings.data)
    funnel = read_funnel(Store(settings.data, settings.state))
    console.print()
    console.print(step_table(funnel, read_log(settings.state), data))
    for line in [*flow(funnel), *training_lines(data), *score_lines(data)]:
        console.print(line, markup=False, highlight=False)
    console.print()
    console.print(CLOSING.format(config=config), markup=False, highlight=False, soft_wrap=True)


def step_table(funnel: dict[str, TableStatus], spent: dict[str, Spent], data: Path) -> Table:
    """Return a table with a line per step: rows, reasons, seconds, tokens, and the path of its result."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("step", "in", "rows", "kept", "rejected", "seconds", "tokens", "where"):
        shown.add_column(heading, justify="left" if heading in ("step", "rejected", "where") else "right")

    def add(step: str, numbers: Sequence[str], took: Spent, where: Path) -> None:
        tokens = f"{took.tokens:,}" if took.tokens else ""
        shown.add_row(step, *numbers, f"{took.seconds:.1f}", tokens, str(where))

    reached = rows_in(funnel)
    for name, status in funnel.items():
        step, counts = step_of(name).name, status.counts
        numbers = (str(reached[name]), str(counts.rows), str(counts.kept), describe(counts.reasons))
        add(step, numbers, spent.get(step, NOTHING), data / name / "*.parquet")
    trained = spent.get("train grpo", NOTHING)
    trained = trained._replace(tokens=trained.tokens + sampled_tokens(data))
    add("train grpo", [""] * 4, trained, data / "runs" / "grpo")
    for step in sorted(step for step in spent if step.startswith("eval ")):
        add(step, [""] * 4, spent[step], data / "evals")
    return shown


def read_log(state: Path) -> dict[str, Spent]:
    """Sum seconds and tokens by step over all runs that ended, in the log of the state folder."""
    totals: dict[str, Spent] = defaultdict(lambda: NOTHING)
    summary_of = TypeAdapter(Summary).validate_python
    for record in records.read(state):
        for summary in map(summary_of, record["steps"] if record["event"] == "end" else []):
            before = totals[summary.step]
            tokens = summary.input_tokens + summary.output_tokens
            totals[summary.step] = Spent(before.seconds + summary.seconds, before.tokens + tokens)
    return totals


def sampled_tokens(data: Path) -> int:
    """Count the tokens sampled in all GRPO steps; the run log counts only tokens of model servers."""
    samples = pq.read_table(data / "runs" / "grpo" / "samples", columns=["tokens"], use_threads=False)
    return sum(samples["tokens"].to_pylist())


def training_lines(data: Path) -> list[str]:
    """Return lines that show the reward of each GRPO step, as a curve and as numbers."""
    metrics = data / "runs" / "grpo" / "metrics.jsonl"
    logged = [json.loads(line).get("reward") for line in metrics.read_text(encoding="utf-8").splitlines()]
    rewards = [reward for reward in logged if reward is not None]
    shown = " ".join(f"{reward:.2f}" for reward in rewards)
    return ["", *reward_curve(rewards), f"GRPO reward by step: {shown}  ({metrics})"]


def reward_curve(rewards: Sequence[float]) -> list[str]:
    """Draw the rewards as columns, one per step; the axis runs from the lowest to the highest reward."""
    if len(set(rewards)) < 2:
        return []
    low, high = min(rewards), max(rewards)
    heights = [1 + round((reward - low) / (high - low) * (CURVE_HEIGHT - 1)) for reward in rewards]
    labels = {CURVE_HEIGHT - 1: f"{high:.2f}", 0: f"{low:.2f}"}
    return [
        f"{labels.get(row, ''):>6} | " + "  ".join("###" if height > row else "   " for height in heights)
        for row in reversed(range(CURVE_HEIGHT))
    ]


def score_lines(data: Path) -> list[str]:
    """Return a line per benchmark with the accuracy, for the model before and after training."""
    lines = []
    for when, model in (("before", "local"), ("after", resolve_model(str(data / "runs" / "grpo" / "final")))):
        for path in sorted((data / "evals" / slug(model)).glob("*.score.json")):
            score = json.loads(path.read_text(encoding="utf-8"))
            accuracy = "unknown" if score["accuracy"] is None else f"{score['accuracy']:.1%}"
            stated = score["correct"] + score["wrong"] + score["undecided"]
            lines.append(
                f"{when:<7}{score['benchmark']:<8} accuracy {accuracy:>6}, {stated} "
                f"of {score['n']} questions answered  ({path})"
            )
    return lines
