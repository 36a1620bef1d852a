"""Which columns of another schema fit, as a pure function of pyarrow tables."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gr_toolkit.errors import RowsDoNotFit
from gr_toolkit.store.shard import conform

UTC = "UTC"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (pa.array([1, None], pa.int64()), pa.int32()),
        (pa.array([1, 2], pa.int32()), pa.float64()),
        (pa.array([1.0, 2.0]), pa.int64()),
        (pa.array(["a", "b"], pa.string_view()), pa.string()),
        (pa.array(["a", "b"]), pa.binary()),
        (pa.array([7, 8]), pa.string()),
        (pa.array([7, 8], pa.timestamp("s", tz=UTC)), pa.timestamp("ms", tz=UTC)),
        (pa.array([[1, 2]], pa.large_list(pa.int64())), pa.list_(pa.uint32(), 2)),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_type_that_keeps_every_value_is_cast(old, new):
    schema = pa.schema([pa.field("x", new)])
    found = conform(pa.table({"x": old}), schema)
    assert found.schema.equals(schema)
    assert found["x"].null_count == old.null_count
    assert found["x"].cast(old.type).to_pylist() == old.to_pylist()


def test_column_without_values_may_have_any_type():
    schema = pa.schema([pa.field("x", pa.bool_())])
    assert conform(pa.table({"x": pa.nulls(2)}), schema)["x"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (pa.array([2**40]), pa.int32()),
        (pa.array([2**60]), pa.float64()),
        (pa.array([1.5]), pa.int64()),
        (pa.array([2]), pa.bool_()),
        (pa.array(["7"]), pa.int64()),
        (pa.array(["true"]).dictionary_encode(), pa.bool_()),
        (pa.array([b"\xff"]), pa.string()),
        (pa.array([1], pa.timestamp("us", tz=UTC)), pa.timestamp("ms", tz=UTC)),
        (pa.array([[1]]), pa.list_(pa.uint32(), 2)),
        (pa.array([[1]]), pa.string()),
        (pa.array([{"text": None}]), pa.struct([pa.field("text", pa.string(), nullable=False)])),
        (pa.array([{"other": 1}]), pa.struct([pa.field("text", pa.string(), nullable=False)])),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_type_that_would_change_a_value_does_not_fit(old, new):
    with pytest.raises(RowsDoNotFit, match=r"^its column x ") as raised:
        conform(pa.table({"x": old}), pa.schema([pa.field("x", new)]))
    assert "\n" not in str(raised.value)


def test_columns_are_in_the_order_of_the_schema_without_metadata():
    schema = pa.schema([pa.field("a", pa.int64()), pa.field("b", pa.int64())])
    for columns in ("ab", "ba", "b", "cba"):
        rows = pa.table({name: [1] for name in columns}).replace_schema_metadata({"gr.table": "x"})
        found = conform(rows, schema)
        assert found.column_names == ["a", "b"]
        assert found.schema.metadata is None
        assert found["a"].to_pylist() == [1 if "a" in columns else None]
