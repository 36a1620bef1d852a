"""The option of a benchmark that chooses the parts to run."""

from __future__ import annotations

import argparse
from collections.abc import Collection


def add_parts(parser: argparse.ArgumentParser, names: Collection[str]) -> None:
    """Add `--parts`, a list of these names; the default is all of them."""

    def chosen(text: str) -> list[str]:
        parts = text.split(",")
        if unknown := set(parts).difference(names):
            raise argparse.ArgumentTypeError(f"no part named {', '.join(sorted(unknown))}")
        return parts

    parser.add_argument(
        "--parts", type=chosen, default=list(names), help=f"comma-separated parts: {', '.join(names)}"
    )
