"""`./data` was the default data folder once; a project may still have its tables there."""

from __future__ import annotations

import shlex
from pathlib import Path

from gr_toolkit.errors import UsageError

FORMER = Path("data")
TABLES = ("pages", "texts", "pairs", "dataset")  # any folder of ours has some of them
BUNDLED = {"sample_site", "benchmarks", "README.md"}  # what a checkout of the toolkit has in `data`


def refuse_former_default(default: str) -> None:
    """Raise UsageError if `./data` holds tables and the present default folder does not exist."""
    if Path(default).exists() or not _holds_tables():
        return
    ours = sorted(path.name for path in FORMER.iterdir() if path.name not in BUNDLED)
    named = shlex.join(str(FORMER / name) for name in ours)
    if "demo.toml" in ours:
        advice = f"They are an earlier demo's; delete them: rm -r {named}"
    elif any((FORMER / name).exists() for name in BUNDLED):
        advice = f"Move them: mkdir {default} && mv {named} {default}"
    else:
        advice = f"Move them: mv {FORMER} {default}"
    raise UsageError(
        f"the tables are in ./{FORMER}, which was the default data folder; it is ./{default} now. {advice} "
        f"(or use them where they are: --data {FORMER}, or GR_DATA={FORMER})"
    )


def _holds_tables() -> bool:
    """Whether a shard of ours is there; other projects have Parquet files in `data` too."""
    shards = (shard for table in TABLES for shard in FORMER.glob(f"{table}/*.parquet"))
    return any(map(_is_shard, shards))


def _is_shard(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return bool(pq.read_schema(path).names[-2:] == ["kept", "reason"])
    except (OSError, pa.ArrowException):
        return False
