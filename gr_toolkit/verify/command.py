"""`gr verify`: options in, one call, the verdict or a summary of many out."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
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
    question: Annotated[str, typer.Option(help="Of one pair: what was asked.")] = "",
    reference: Annotated[str | None, typer.Option(help="Of one pair: the right answer.")] = None,
    answer: Annotated[str | None, typer.Option(help="Of one pair: the student's answer or text.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the verdicts go, .jsonl or .parquet; without it stdout."),
    ] = None,
    rules_only: Annotated[
        bool, typer.Option("--rules-only", help="Ask no model where the rules abstain.")
    ] = False,
    protocol: Annotated[
        Literal["paper"] | None, typer.Option(help="paper: find the answer as General-Reasoner's code does.")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Give verdicts over HTTP until Ctrl-C.")] = False,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes a free one.")] = 8765,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Is this answer right? Judge one pair, a file of pairs, or what is posted to a server.

    Example: gr verify --question "How far?" --reference "1000 m" --answer "1 km"
    """
    from gr_toolkit.errors import UsageError
    from gr_toolkit.settings import load_settings
    from gr_toolkit.verify.opening import without_caches_if_read_only

    if [pairs is not None, reference is not None or answer is not None, serve].count(True) != 1:
        raise UsageError("give a file of pairs, or --reference and --answer of one pair, or --serve")
    if out and pairs is None:
        raise UsageError("--out is for a file of pairs")
    settings = load_settings(config, verify={"model": False if rules_only else None})
    settings = without_caches_if_read_only(settings)
    if serve:
        from gr_toolkit.verify.batch.server import serve_until_stopped

        serve_until_stopped(settings, protocol, host, port)
    elif pairs is not None:
        _judge_file(settings, pairs, out, protocol, as_json=json)
    elif reference is None or answer is None:
        raise UsageError("one pair needs both --reference and --answer")
    else:
        from gr_toolkit.verify.batch.judging import judge_one, show
        from gr_toolkit.verify.verdict import Item

        show(judge_one(settings, Item(question, reference, answer), protocol), as_json=json)


def _judge_file(
    settings: Settings, pairs: Path, out: Path | None, protocol: Literal["paper"] | None, *, as_json: bool
) -> None:
    from gr_toolkit.console import reporting
    from gr_toolkit.errors import UsageError
    from gr_toolkit.verify.batch.judging import judge_file

    stdout = sys.stdout
    with (
        nullcontext() if out else redirect_stdout(sys.stderr),  # where verdicts go to stdout, only they do
        reporting(settings.state, as_json=as_json, must_log=False) as summaries,
    ):
        judge_file(settings, pairs, out or stdout, protocol, summaries)
    if 0 < summaries[0].rows == summaries[0].reasons["unreadable"]:
        raise UsageError(f"no row of {pairs} could be read; the summary says why")
