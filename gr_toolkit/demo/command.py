"""The `gr demo` command."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    data: Annotated[
        str, typer.Option("--data", metavar="FOLDER", help="Local folder used only by the demo.")
    ] = "demo-data",
    steps: Annotated[int, typer.Option(min=1, help="GRPO steps; 10 to 20 seconds each on two cores.")] = 12,
) -> None:
    """Run the whole pipeline offline on the bundled site: crawl, curate, train, eval; 9 minutes on two cores.

    Example: gr demo --steps 12
    """
    from gr_toolkit.demo.run import run_demo

    run_demo(data, steps)
