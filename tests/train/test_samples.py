"""The Parquet file with the completions of a training step."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from gr_toolkit.errors import CannotWrite
from train.samples import SAMPLES, write_samples

COLUMNS = {
    "id": ["a", "b"],
    "question": ["1+1?", "1+2?"],
    "completion": ["\\boxed{2}", "so"],
    "answer": ["2", None],
    "reference": ["2", "3"],
    "correct": [True, None],
    "decided_by": ["text", "no answer"],
    "reward": [1.0, None],
    "tokens": [3, 1],
}


@pytest.mark.parametrize(("step", "name"), [(4, "step-000004.parquet"), (1_234_567, "step-1234567.parquet")])
def test_file_is_named_after_its_step_and_has_a_row_per_completion(tmp_path, step, name):
    write_samples(tmp_path / "samples", step, COLUMNS)
    assert [path.name for path in (tmp_path / "samples").iterdir()] == [name]
    table = pq.read_table(tmp_path / "samples" / name)
    assert table.schema.equals(SAMPLES)
    assert table.to_pydict() == {"step": [step, step], **COLUMNS}


def test_repeated_step_replaces_its_file(tmp_path):
    write_samples(tmp_path, 4, COLUMNS)
    write_samples(tmp_path, 4, {name: values[:1] for name, values in COLUMNS.items()})
    assert pq.read_table(tmp_path / "step-000004.parquet")["id"].to_pylist() == ["a"]


def test_unwritable_folder_is_an_error(tmp_path):
    (tmp_path / "samples").write_text("a file")
    with pytest.raises(CannotWrite, match=r"samples/step-000004\.parquet"):
        write_samples(tmp_path / "samples", 4, COLUMNS)
