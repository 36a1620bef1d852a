"""The `gr` command: combines the commands of all stages."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from gr_toolkit import interrupts

with interrupts.ending_quietly():  # the imports take a while
    import typer
    from typer.core import TyperGroup

    import crawl.command
    import curate.command
    import eval.command
    import gr_toolkit.demo.command
    import gr_toolkit.llm.command
    import gr_toolkit.report.command
    import gr_toolkit.verify.command
    import train.command
    from gr_toolkit import init
    from gr_toolkit.console import hide_library_bars, protect_output, run_to_end

ORDER = ["crawl", "curate", "train", "eval", "verify", "status", "llm", "init", "demo"]


class InOrder(TyperGroup):
    """Lists the commands in the order of the pipeline."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return the command names in pipeline order; by default typer lists commands before groups."""
        return sorted(self.commands, key=ORDER.index)


app = typer.Typer(
    name="gr",
    cls=InOrder,
    help="Make reasoning models from the web: crawl, curate, train, eval. Each stage can be run separately.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(crawl.command.app, name="crawl")
app.add_typer(curate.command.app, name="curate")
app.add_typer(train.command.app, name="train")
app.command("eval")(eval.command.evaluate)
app.command("verify")(gr_toolkit.verify.command.verify)
app.command("status")(gr_toolkit.report.command.status)
app.add_typer(gr_toolkit.llm.command.app, name="llm")
app.command("init")(init.init)
app.command("demo")(gr_toolkit.demo.command.demo)


def show_version(asked: bool) -> None:
    """Print the installed version and exit if --version was given."""
    if asked:
        from importlib.metadata import version

        print(f"gr {version('gr-toolkit')}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", metavar="", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", help="Show the version.", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Make reasoning models from the web: crawl, curate, train, eval. Each stage can be run separately."""
    if debug:
        os.environ["GR_DEBUG"] = "1"


def main() -> None:
    """Run the command line. Print an error as one line on stderr, and exit with its exit code.

    After a signal, exit with 128 + its number: 130 after Ctrl-C, 143 after SIGTERM.
    """
    with interrupts.handled():
        protect_output()
        hide_library_bars()
        sys.exit(run_to_end(app, sys.argv))


if __name__ == "__main__":
    main()
