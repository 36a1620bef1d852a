"""`./data` was the default data folder once; a project may still have its tables there."""

from __future__ import annotations

from pathlib import Path

from gr_toolkit.errors import UsageError

FORMER = Path("data")
TABLES = ("pages", "texts", "pairs", "dataset")  # any folder of ours has some of them
BUNDLED = {"sample_site", "benchmarks", "README.md"}  # what a checkout of the toolkit has in `data`


def refuse_former_default(default: str) -> None:
    """Raise UsageError if `./data` holds tables and the present default folder does not exist."""
    if Path(default).exists() or not any(any(FORMER.glob(f"{table}/*.parquet")) for table in TABLES):
        return
    move = f"mv {FORMER} {default}"
    if any((FORMER / name).exists() for name in BUNDLED):
        ours = sorted(path.name for path in FORMER.iterdir() if path.name not in BUNDLED)
        move = f"mkdir {default} && mv {' '.join(f'{FORMER}/{name}' for name in ours)} {default}"
    raise UsageError(
        f"the tables are in ./{FORMER}, which was the default data folder; it is ./{default} now. "
        f"Move them: {move} (or use them where they are, with --data {FORMER})"
    )
