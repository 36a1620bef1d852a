"""Runs a step over its pending shards: in one process, on this machine's cores, on Ray, or asking a model."""

from gr_toolkit.engine.asking import Asking, run_asking
from gr_toolkit.engine.rounds import Asked, Rounds, as_async, in_rounds
from gr_toolkit.engine.run import require_engine, run_here, run_spread, spread

__all__ = [
    "Asked",
    "Asking",
    "Rounds",
    "as_async",
    "in_rounds",
    "require_engine",
    "run_asking",
    "run_here",
    "run_spread",
    "spread",
]
