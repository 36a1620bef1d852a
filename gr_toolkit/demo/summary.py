"""What `gr demo` prints at its end: every stage in a line, the rewards, the scores, and what to change."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
from rich.table import Table

from gr_toolkit.console import describe, output_console
from gr_toolkit.llm.names import resolve_model, slug
from gr_toolkit.report.funnel import TableStatus, flow, read_funnel, rows_in
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from gr_toolkit.store.tables import MADE_BY

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
    """What the runs of a step took."""

    seconds: float
    tokens: int


NOTHING = Spent(0.0, 0)


def show_demo(settings: Settings, config: Path) -> None:
    """Print the summary of the whole way."""
    console = output_console()
    data = Path(settings.data)
    funnel = read_funnel(Store(settings.data, settings.state))
    console.print()
    console.print(step_table(funnel, read_log(settings.state / "runs.jsonl"), data))
    for line in [*flow(funnel), *training_lines(data), *score_lines(data)]:
        console.print(line, markup=False, highlight=False)
    console.print()
    console.print(HONEST.format(config=config), markup=False, highlight=False, soft_wrap=True)


def step_table(funnel: dict[str, TableStatus], spent: dict[str, Spent], data: Path) -> Table:
    """A line for each step: rows in, kept, turned down, seconds, tokens, and where its result lies."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("step", "in", "rows", "kept", "turned down", "seconds", "tokens", "where"):
        shown.add_column(heading, justify="left" if heading in ("step", "turned down", "where") else "right")

    def add(step: str, numbers: Sequence[str], took: Spent, where: Path) -> None:
        tokens = f"{took.tokens:,}" if took.tokens else ""
        shown.add_row(step, *numbers, f"{took.seconds:.1f}", tokens, str(where))

    reached = rows_in(funnel)
    for name, status in funnel.items():
        step, counts = MADE_BY[name].removeprefix("gr "), status.counts
        numbers = (str(reached[name]), str(counts.rows), str(counts.kept), describe(counts.reasons))
        add(step, numbers, spent.get(step, NOTHING), data / name / "*.parquet")
    trained = spent.get("train grpo", NOTHING)
    trained = trained._replace(tokens=trained.tokens + sampled_tokens(data))
    add("train grpo", [""] * 4, trained, data / "runs" / "grpo")
    for step in sorted(step for step in spent if step.startswith("eval ")):
        add(step, [""] * 4, spent[step], data / "evals")
    return shown


def read_log(path: Path) -> dict[str, Spent]:
    """Seconds and tokens by step, over every run that is in the run log."""
    totals: dict[str, Spent] = defaultdict(lambda: NOTHING)
    for line in path.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        before = totals[run["step"]]
        tokens = run["input_tokens"] + run["output_tokens"]
        totals[run["step"]] = Spent(before.seconds + run["seconds"], before.tokens + tokens)
    return totals


def sampled_tokens(data: Path) -> int:
    """How many tokens the policy wrote in all GRPO steps; the run log has only those of servers."""
    samples = pq.read_table(data / "runs" / "grpo" / "samples", columns=["tokens"], use_threads=False)
    return sum(samples["tokens"].to_pylist())


def training_lines(data: Path) -> list[str]:
    """The reward of each GRPO step."""
    metrics = data / "runs" / "grpo" / "metrics.jsonl"
    rewards = [json.loads(line).get("reward") for line in metrics.read_text(encoding="utf-8").splitlines()]
    shown = " ".join(f"{reward:.2f}" for reward in rewards if reward is not None)
    return ["", f"GRPO reward by step: {shown}  ({metrics})"]


def score_lines(data: Path) -> list[str]:
    """The accuracy on each benchmark, before and after: of the model that was trained, and of the result."""
    lines = []
    for when, model in (("before", "local"), ("after", resolve_model(str(data / "runs" / "grpo" / "final")))):
        for path in sorted((data / "evals" / slug(model)).glob("*.score.json")):
            score = json.loads(path.read_text(encoding="utf-8"))
            accuracy = "unknown" if score["accuracy"] is None else f"{score['accuracy']:.1%}"
            stated = score["correct"] + score["wrong"] + score["undecided"]
            lines.append(
                f"{when:<7}{score['benchmark']:<8} accuracy {accuracy:>6}, an answer stated to {stated} "
                f"of {score['n']} questions  ({path})"
            )
    return lines
