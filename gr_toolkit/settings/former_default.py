"""Detects tables in `./data`, the default data folder of earlier versions."""

from __future__ import annotations

import shlex
from pathlib import Path

from gr_toolkit.errors import UsageError
from gr_toolkit.steps import FUNNEL, STEPS

FORMER = Path("data")
TABLES = {table for step in STEPS for table in (step.table, *step.scratch)}
# Names that gr creates in a data folder.
OURS = TABLES | {"runs", "evals", "warc", "corrupt", "replaced", ".state", "demo.toml"}


def refuse_former_default(default: str) -> None:
    """Raise UsageError if `./data` holds tables and the current default folder does not exist."""
    if Path(default).exists() or not _holds_tables():
        return
    found = {path.name for path in FORMER.iterdir()}
    named = shlex.join(str(FORMER / name) for name in sorted(found & OURS))
    move = f"mkdir {default} && mv {named} {default}" if found - OURS else f"mv {FORMER} {default}"
    raise UsageError(
        f"the tables are in ./{FORMER}, the former default data folder; the default is now ./{default}. "
        f"Move them: {move}. Or use them in place: --data {FORMER}, or GR_DATA={FORMER}. "
        f"Or start with an empty folder: mkdir {default}"
    )


def _holds_tables() -> bool:
    """Whether `./data` has a shard written by gr. (Other programs also keep Parquet files in `data`.)"""
    return any(_is_shard(path) for table in FUNNEL for path in FORMER.glob(f"{table}/*.parquet"))


def _is_shard(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return path.is_file() and pq.read_schema(path).names[-2:] == ["kept", "reason"]
    except (OSError, pa.ArrowException):
        return False
