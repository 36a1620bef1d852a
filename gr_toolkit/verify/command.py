"""`gr verify`: judge one pair, a file of pairs, or pairs posted over HTTP."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gr_toolkit import options

if TYPE_CHECKING:
    from gr_toolkit.settings import Settings


def verify(
    pairs: Annotated[
        Path | None, typer.Argument(metavar="[PAIRS]", help="A .jsonl or .parquet file of pairs.")
    ] = None,
    question: Annotated[str, typer.Option(help="Question of a single pair.")] = "",
    reference: Annotated[str | None, typer.Option(help="Reference answer of a single pair.")] = None,
    answer: Annotated[str | None, typer.Option(help="Answer or whole completion of a single pair.")] = None,
    answer_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Type of the reference, such as Integer or Boolean.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Text of option A, then B, ... of a single pair. Repeatable.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(min=0, help="Relative difference of numbers that counts as equal.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file, .jsonl or .parquet; default: stdout."),
    ] = None,
    rules_only: Annotated[
        bool, typer.Option("--rules-only", metavar="", help="Do not ask the verifier model.")
    ] = False,
    protocol: Annotated[
        Literal["paper"] | None, typer.Option(help="paper: extract the answer like General-Reasoner's code.")
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", metavar="", help="Serve verdicts over HTTP until Ctrl-C.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free port.")] = 8765,
    undecided_reward: Annotated[
        float, typer.Option(metavar="REWARD", help="Reward of an undecided answer, for --serve.")
    ] = 0.0,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Judge whether answers are correct: one pair, a file of pairs, or pairs posted to a server.

    A pair is a reference answer and the answer to judge.

    Example: gr verify --question "How far?" --reference "1000 m" --answer "1 km"
    """
    from gr_toolkit.errors import UsageError
    from gr_toolkit.llm.required import require_verifier
    from gr_toolkit.settings import load_settings
    from gr_toolkit.verify.opening import without_caches_if_read_only

    if [pairs is not None, reference is not None or answer is not None, serve].count(True) != 1:
        raise UsageError("give exactly one of: a file of pairs, --reference with --answer, --serve")
    if out and pairs is None:
        raise UsageError("--out requires a file of pairs")
    if (answer_type or option or tolerance is not None) and reference is None:
        raise UsageError("--answer-type, --option and --tolerance require --reference with --answer")
    if not isfinite(undecided_reward):
        raise UsageError("--undecided-reward must be a finite number")
    settings = load_settings(config, verify={"model": False if rules_only else None})
    require_verifier(settings)
    settings = without_caches_if_read_only(settings)
    if serve:
        from gr_toolkit.verify.batch.server import serve_until_stopped

        serve_until_stopped(settings, protocol, host, port, undecided_reward)
    elif pairs is not None:
        _judge_file(settings, pairs, out, protocol, as_json=json)
    elif reference is None or answer is None:
        raise UsageError("a single pair needs both --reference and --answer")
    else:
        from gr_toolkit.verify.batch.judging import judge_one, show
        from gr_toolkit.verify.verdict import Item, outcome_of

        item = Item(question, reference, answer, answer_type, tuple(option or ()), tolerance)
        judged = judge_one(settings, item, protocol)
        show(judged, as_json=json)
        if outcome_of(judged.correct, judged.decided_by) == "failed":
            raise typer.Exit(1)


def _judge_file(
    settings: Settings, pairs: Path, out: Path | None, protocol: Literal["paper"] | None, *, as_json: bool
) -> None:
    from gr_toolkit.console import reporting
    from gr_toolkit.errors import UsageError
    from gr_toolkit.verify.batch.judging import judge_file

    stdout = sys.stdout
    with (
        nullcontext() if out else redirect_stdout(sys.stderr),  # stdout is for verdicts only
        reporting(settings.state, as_json=as_json, must_log=False) as summaries,
    ):
        judge_file(settings, pairs, out or stdout, protocol, summaries)
    if 0 < summaries[0].rows == summaries[0].reasons["unreadable"]:
        raise UsageError(f"no row of {pairs} could be read; see the summary for the reasons")
