"""The Parquet schemas that follow from the row types."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gr_toolkit.store.tables import ROWS, SCHEMAS

UTC_MILLISECONDS = pa.timestamp("ms", tz="UTC")


@pytest.mark.parametrize(
    ("table", "column", "type_", "nullable"),
    [
        ("pages", "id", pa.string(), False),
        ("pages", "fetched_at", UTC_MILLISECONDS, False),
        ("pages", "status", pa.int32(), False),
        ("pages", "etag", pa.string(), True),
        ("pages", "html", pa.binary(), False),
        ("pages", "kept", pa.bool_(), False),
        ("pages", "reason", pa.string(), True),
        ("texts", "math_kept", pa.float64(), False),
        ("pairs", "grounded", pa.bool_(), False),
        ("pairs", "answer", pa.string(), True),
        ("signatures", "minhash", pa.list_(pa.uint32(), 128), False),
        ("judged", "verifiable", pa.bool_(), True),
        ("attempts", "sample", pa.int32(), False),
        ("attempts", "verdict", pa.bool_(), True),
        ("dataset", "pass_rate", pa.float64(), True),
        ("dataset", "split", pa.string(), False),
    ],
)
def test_column_has_the_type_and_nullability_of_its_annotation(table, column, type_, nullable):
    field = SCHEMAS[table].field(column)
    assert (field.type, field.nullable) == (type_, nullable)


def test_markup_column_is_a_list_of_structs_whose_votes_alone_may_be_null():
    questions = SCHEMAS["texts"].field("qa_markup").type.value_type
    answers = questions.field("answers").type.value_type
    assert [field.name for field in questions] == ["question", "answers"]
    assert [(field.name, field.type, field.nullable) for field in answers] == [
        ("text", pa.string(), False),
        ("accepted", pa.bool_(), False),
        ("votes", pa.int64(), True),
    ]


@pytest.mark.parametrize("table", ROWS)
def test_columns_are_in_the_order_of_the_row_type_and_kept_and_reason_are_last(table):
    own = [name for name in ROWS[table].__annotations__ if name not in ("kept", "reason")]
    assert SCHEMAS[table].names == [*own, "kept", "reason"]
