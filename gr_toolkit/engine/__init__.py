"""Runs a step over its pending shards, on this machine's cores or on Ray."""

from gr_toolkit.engine.run import run_here, run_spread, spread

__all__ = ["run_here", "run_spread", "spread"]
