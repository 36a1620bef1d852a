"""`./data` was the default data folder once; a project may still have its tables there."""

from __future__ import annotations

import shlex
from pathlib import Path

from gr_toolkit.errors import UsageError

FORMER = Path("data")
TABLES = {"pages", "texts", "pairs", "duplicates", "contaminated", "judged", "attempts", "dataset"}
OURS = TABLES | {"signatures", "runs", "evals", "warc", "corrupt", ".state", "demo.toml"}


def refuse_former_default(default: str) -> None:
    """Raise UsageError if `./data` holds tables and the present default folder does not exist."""
    if Path(default).exists() or not _holds_tables():
        return
    found = {path.name for path in FORMER.iterdir()}
    named = shlex.join(str(FORMER / name) for name in sorted(found & OURS))
    move = f"mkdir {default} && mv {named} {default}" if found - OURS else f"mv {FORMER} {default}"
    raise UsageError(
        f"the tables are in ./{FORMER}, which was the default data folder; it is ./{default} now. "
        f"Move them: {move}. Or use them where they are: --data {FORMER}, or GR_DATA={FORMER}. "
        f"Or leave them and start afresh: mkdir {default}"
    )


def _holds_tables() -> bool:
    """Whether a shard of ours is there; other projects have Parquet files in `data` too."""
    return any(_is_shard(path) for table in TABLES for path in FORMER.glob(f"{table}/*.parquet"))


def _is_shard(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return path.is_file() and pq.read_schema(path).names[-2:] == ["kept", "reason"]
    except (OSError, pa.ArrowException):
        return False
