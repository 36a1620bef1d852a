"""Stores every completion of a run with its reward, in samples/step-000004.parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gr_toolkit.store.folder import Folder

SAMPLES = pa.schema(
    [
        ("step", pa.int64()),
        ("id", pa.string()),  # of the question
        ("question", pa.string()),
        ("completion", pa.string()),
        ("answer", pa.string()),  # extracted from the completion; null if it states no answer
        ("reference", pa.string()),
        ("correct", pa.bool_()),  # null: undecided
        ("decided_by", pa.string()),
        ("reward", pa.float64()),  # null: undecided
        ("tokens", pa.int64()),  # of the completion
    ]
)


def write_samples(folder: Path, step: int, columns: Mapping[str, Sequence[object]]) -> None:
    """Write the completions of a step. A repeated step replaces its file. Raises CannotWrite."""
    table = pa.table({"step": [step] * len(columns["id"]), **columns}, schema=SAMPLES)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    Folder(str(folder)).write(f"step-{step:06d}.parquet", buffer.getvalue())
