"""Runs a step over the shards that are pending, on this machine's cores or on Ray."""

from gr_toolkit.engine.run import run_here, run_spread, spread

__all__ = ["run_here", "run_spread", "spread"]
