"""What `gr demo` prints at its end: every stage in a line, the rewards, the scores, and what to change."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from console import describe, output_console
from report.funnel import TableStatus, flow, read_funnel
from settings import Settings
from store import Store
from store.tables import NEEDS

HONEST = """\
SmolLM2-135M is far too small to extract, judge or solve well: its questions are few and often poor, and
its scores say that the way works, not that the model is good. For a real run, take a real model in {config}
(or a gr.toml of your own, from `gr init`):
  [llm] model, base_url   any OpenAI-compatible server, e.g. model = "gpt-5-mini", or vLLM at http://host:8000/v1
  [curate] samples = 8, any_pass_rate = false, pairs_per_chunk = 10
  [verify] model = true   with [llm.verifier] model = "TIGER-Lab/general-verifier"
  [train]                 a larger model with --model, longer completions, hundreds of steps
Then: gr crawl URL, gr curate, gr train grpo, gr eval. What lies where: gr status --config {config}"""


class Spent(NamedTuple):
    """What the finished runs of a step took."""

    seconds: float
    tokens: int


def show_demo(settings: Settings, config: Path) -> None:
    """Print the summary of the whole way."""
    console = output_console()
    funnel = read_funnel(Store(settings.data, settings.state))
    spent = read_log(settings.state / "runs.jsonl")
    console.print()
    console.print(stage_table(funnel, spent, settings.data))
    for line in [*flow(funnel), *training_lines(Path(settings.data)), *score_lines(Path(settings.data))]:
        console.print(line, markup=False, highlight=False)
    console.print()
    console.print(HONEST.format(config=config), markup=False, highlight=False, soft_wrap=True)


def stage_table(funnel: dict[str, TableStatus], spent: dict[str, Spent], data: str) -> Table:
    """A line for each table: rows in, kept, turned down, seconds, tokens, and where it lies."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("table", "in", "rows", "kept", "turned down", "seconds", "tokens", "where"):
        shown.add_column(heading, justify="left" if heading in ("table", "turned down", "where") else "right")
    for name, status in funnel.items():
        rows_in = funnel[NEEDS[name][0]].counts.kept if NEEDS[name] else status.counts.rows
        took = spent.get(name, Spent(0.0, 0))
        counts = status.counts
        numbers = (str(rows_in), str(counts.rows), str(counts.kept), describe(counts.reasons))
        tokens = f"{took.tokens:,}" if took.tokens else ""
        shown.add_row(name, *numbers, f"{took.seconds:.1f}", tokens, f"{data}/{name}/*.parquet")
    return shown


def read_log(path: Path) -> dict[str, Spent]:
    """Seconds and tokens by table, over every run that is in the run log."""
    totals: dict[str, Spent] = defaultdict(lambda: Spent(0.0, 0))
    for line in path.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        before = totals[run["table"]]
        tokens = run["input_tokens"] + run["output_tokens"]
        totals[run["table"]] = Spent(before.seconds + run["seconds"], before.tokens + tokens)
    return totals


def training_lines(data: Path) -> list[str]:
    """The reward of each GRPO step."""
    metrics = data / "runs" / "grpo" / "metrics.jsonl"
    rewards = [json.loads(line).get("reward") for line in metrics.read_text(encoding="utf-8").splitlines()]
    shown = " ".join(f"{reward:.2f}" for reward in rewards if reward is not None)
    return ["", f"GRPO reward by step: {shown}  ({metrics})"]


def score_lines(data: Path) -> list[str]:
    """The accuracy of the model on each benchmark, before and after."""
    lines = []
    paths = (data / "evals").glob("*/*.score.json")
    scores = [(json.loads(path.read_text(encoding="utf-8")), path) for path in paths]
    for score, path in sorted(scores, key=lambda one: (one[0]["model"] != "local", one[0]["benchmark"])):
        when = "before" if score["model"] == "local" else "after"
        accuracy = "unknown" if score["accuracy"] is None else f"{score['accuracy']:.1%}"
        stated = score["correct"] + score["wrong"] + score["undecided"]
        lines.append(
            f"{when:<7}{score['benchmark']:<8} accuracy {accuracy:>6}, an answer stated to {stated} "
            f"of {score['n']} questions  ({path})"
        )
    return lines
