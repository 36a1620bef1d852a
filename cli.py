"""The `gr` command: mounts each stage's commands, and nothing else."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import crawl.command
import curate.command
import demo
import eval.command
import init
import llm.command
import report.command
import train.command
import verify.command
from errors import GrError

INTERRUPTED = 130  # the exit code after Ctrl-C: typer's, and the shell's custom

app = typer.Typer(
    name="gr",
    help="Make reasoning models from the web: crawl, curate, train, eval. Each stage runs by itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(crawl.command.app, name="crawl")
app.add_typer(curate.command.app, name="curate")
app.add_typer(train.command.app, name="train")
app.add_typer(llm.command.app, name="llm")
app.command("eval")(eval.command.evaluate)
app.command("verify")(verify.command.verify)
app.command("status")(report.command.status)
app.command("init")(init.init)
app.command("demo")(demo.demo)


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Make reasoning models from the web: crawl, curate, train, eval. Each stage runs by itself."""
    if debug:
        os.environ["GR_DEBUG"] = "1"


def main() -> None:
    """Run the command line. A failure the user can act on is one line on stderr and its exit code."""
    try:
        app()
    except GrError as error:
        if os.environ.get("GR_DEBUG"):
            raise
        print(f"gr: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            print("gr: stopped. To finish, run the same command again.", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
