"""Files of pairs and verdicts: every row is counted, and a file appears whole or not at all."""

from __future__ import annotations

import fcntl
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from files import contents
from gr_toolkit.errors import CannotWrite, GrError, Locked, UsageError
from gr_toolkit.verify.batch.files import CHUNK_CHARACTERS, CHUNK_ROWS, MAX_LINE, read_chunks, writing
from gr_toolkit.verify.batch.rows import Line, Pair, parse_row, read_pair
from gr_toolkit.verify.verdict import Item

PAIR = {"question": "q", "ground_truth": "1", "student_answer": "2"}


def line(id: str | int = 1, reason: str = "") -> Line:
    return Line(id, None, "rules", None, reason, 0.0)


def read(path: Path) -> list[Pair]:
    return [pair for chunk in read_chunks(path) for pair in chunk]


def jsonl(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def parquet(path: Path, *rows: dict[str, object]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


@pytest.mark.parametrize("reference", ["ground_truth", "reference", "gold"])
@pytest.mark.parametrize("answer", ["student_answer", "answer", "completion"])
def test_usual_field_names_are_known(reference, answer):
    assert read_pair({"question": "q", reference: "r", answer: "a"}, 1).item == Item("q", "r", "a")


def test_most_specific_field_name_counts():
    row = {"question": "q", "reference": "r", "completion": "so it is 2", "answer": "2", "gold": "g"}
    assert read_pair(row, 1).item == Item("q", "r", "2")


@pytest.mark.parametrize(("value", "text"), [(42, "42"), (1.5, "1.5"), (True, "true"), ("", "")])
def test_scalar_value_becomes_text(value, text):
    assert read_pair(PAIR | {"ground_truth": value}, 1).item == Item("q", text, "2")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (b"", "an empty line"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"9" * 10_000, "not JSON"),
        (b"[1, 2]", "not an object"),
        (b"null", "not an object"),
        (b'{"question": "q", "student_answer": "2"}', "no ground_truth (or reference, or gold"),
        (b'{"ground_truth": "1", "question": "q"}', "no student_answer"),
        (b'{"ground_truth": "1", "answer": "2", "question": 7}', "question is not a text"),
        (b'{"ground_truth": "1", "answer": "2", "answer_type": 7}', "answer_type is not a text"),
        (b'{"ground_truth": "1", "answer": "2", "options": "A"}', "options is not a list"),
        (b'{"ground_truth": "1", "answer": "2", "options": [1]}', "options has an option"),
        (b'{"ground_truth": "1", "answer": "2", "tolerance": "0.1"}', "tolerance is not a number"),
        (b'{"ground_truth": "1", "answer": "2", "tolerance": true}', "tolerance is not a number"),
        (b'{"ground_truth": "1", "answer": "2", "tolerance": -0.1}', "tolerance is not a number"),
        (b'{"ground_truth": "1", "answer": "2", "thinking": 1}', "thinking is not true or false"),
        (b'{"question": "q", "ground_truth": null, "student_answer": "2"}', "ground_truth is null"),
        (b'{"question": "q", "ground_truth": "1", "answer": ["2"]}', "answer is a chat without a message"),
        (b'{"ground_truth": "1", "answer": []}', "answer is a chat without a message of the assistant"),
        (b'{"ground_truth": ["1"], "answer": "1"}', "ground_truth is not a text"),
        (b'{"ground_truth": "1", "answer": "2", "tolerance": NaN}', "tolerance is not a number"),
        (
            b'{"ground_truth": "1", "answer": "2", "tolerance": 1' + b"0" * 400 + b"}",
            "tolerance is not a number",
        ),
        (b'{"question": "q", "ground_truth": "1", "answer": {"a": "2"}}', "answer is not a text"),
    ],
)
def test_unreadable_row_describes_its_problem(row, problem):
    pair = parse_row(row, 7)
    assert (pair.id, pair.item) == (7, None)
    assert pair.problem.startswith(problem)


@settings(max_examples=50, deadline=None)
@given(st.binary() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_any_row_has_an_item_or_a_problem(row):
    pair = parse_row(row if isinstance(row, bytes) else row.encode(), 3)
    assert (pair.item is None) == bool(pair.problem)


def test_id_defaults_to_the_row_number(tmp_path):
    pairs = read(jsonl(tmp_path / "p.jsonl", PAIR, PAIR | {"id": "a"}, PAIR | {"id": 9}, PAIR | {"id": None}))
    assert [pair.id for pair in pairs] == [1, "a", 9, 4]


def test_only_a_boolean_is_a_label(tmp_path):
    rows = [PAIR | {"label": label} for label in (True, False, 1, "true", None)]
    assert [pair.label for pair in read(jsonl(tmp_path / "p.jsonl", *rows))] == [
        True,
        False,
        None,
        None,
        None,
    ]


def test_overlong_line_is_one_unreadable_row(tmp_path):
    path = tmp_path / "p.jsonl"
    good = json.dumps(PAIR).encode() + b"\n"
    with path.open("wb") as file:
        file.write(good + b'"' + b"a" * (2 * MAX_LINE + 5) + b'"\n' + good)
    first, long, last = read(path)
    assert first.item == last.item == Item("q", "1", "2")
    assert (long.id, long.item, last.id) == (2, None, 3)
    assert "bytes" in long.problem


def test_chunks_are_limited_in_rows_and_characters(tmp_path):
    large = PAIR | {"student_answer": "x" * (CHUNK_CHARACTERS // 4)}
    path = jsonl(tmp_path / "p.jsonl", *[PAIR] * (CHUNK_ROWS + 1), *[large] * 5)
    assert [len(chunk) for chunk in read_chunks(path)] == [CHUNK_ROWS, 5, 1]


def test_parquet_and_jsonl_give_the_same_pairs(tmp_path):
    rows = [
        {"id": "a", "question": "q", "gold": "1", "completion": "2", "label": True},
        {"id": None, "question": "q", "gold": None, "completion": "2", "label": None},
    ]
    expected = read(jsonl(tmp_path / "p.jsonl", *rows))
    assert read(parquet(tmp_path / "p.parquet", *rows)) == expected
    assert [pair.id for pair in expected] == ["a", 2]


def test_a_parquet_file_without_a_column_is_refused(tmp_path):
    path = parquet(tmp_path / "p.parquet", {"question": "q", "truth": "1", "answer": "2"})
    with pytest.raises(UsageError, match=r"no ground_truth .*question, truth, answer"):
        read(path)


def test_optional_fields_of_a_row():
    row = {"ground_truth": "1", "answer": [{"role": "assistant", "content": "\\boxed{1}"}]}
    assert read_pair(row, 1).item == Item("", "1", "\\boxed{1}")
    more = {
        "question": None,
        "answer_type": "Integer",
        "options": ["a", "b"],
        "tolerance": 0,
        "thinking": True,
    }
    assert read_pair(row | more, 1).item == Item("", "1", "\\boxed{1}", "Integer", ("a", "b"), 0, True)


def test_optional_columns_of_a_parquet_file(tmp_path):
    row = {
        "ground_truth": "1",
        "answer": "2",
        "options": ["a", "b"],
        "tolerance": 0.5,
        "answer_type": "Float",
    }
    (pair,) = read(parquet(tmp_path / "p.parquet", row))
    assert pair.item == Item("", "1", "2", "Float", ("a", "b"), 0.5)


@pytest.mark.parametrize("name", ["none.jsonl", "none.parquet", "folder.jsonl", "folder.parquet", "p.csv"])
def test_unreadable_file_is_named(tmp_path, name):
    for folder in ("folder.jsonl", "folder.parquet"):
        (tmp_path / folder).mkdir()
    with pytest.raises(UsageError, match=name):
        read(tmp_path / name)


@pytest.mark.parametrize("cut", [0, 3, 300, -5])
def test_a_damaged_parquet_file_is_named(tmp_path, cut):
    path = parquet(tmp_path / "p.parquet", PAIR)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(GrError, match=r"p\.parquet is damaged"):
        read(path)


def test_damage_inside_a_parquet_file_is_reported(tmp_path):
    path = parquet(tmp_path / "p.parquet", *[PAIR] * 100)
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)
    with pytest.raises(GrError, match=r"p\.parquet is damaged"):
        read(path)


def test_verdicts_are_the_same_in_both_formats(tmp_path):
    lines = [Line("a", True, "rules", 0.99, "equal", 0.1), Line("a", None, "error", None, "no", 0.0)]
    for name in ("v.jsonl", "v.parquet"):
        with writing(tmp_path / name) as write:
            write(lines[:1])
            write(lines[1:])
    written = [json.loads(text) for text in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert written == [one._asdict() for one in lines]
    assert pq.read_table(tmp_path / "v.parquet").to_pylist() == written


@pytest.mark.parametrize("name", ["v.jsonl", "v.parquet"])
def test_lone_surrogate_can_be_written(tmp_path, name):
    with writing(tmp_path / name) as write:
        write([line("\ud800", "\udfff")])
    assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("name", ["v.jsonl", "v.parquet"])
def test_failed_write_leaves_the_old_file(tmp_path, name):
    (tmp_path / name).write_text("old")
    before = contents(tmp_path)

    def fail() -> None:
        with writing(tmp_path / name) as write:
            write([line()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["v.jsonl", "v.parquet"])
def test_temporary_file_of_a_killed_run_is_overwritten(tmp_path, name):
    (tmp_path / f".tmp-{name}").write_bytes(b"half a line" * 1_000)
    with writing(tmp_path / name) as write:
        write([line("a")])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if name == "v.parquet":
        assert pq.read_table(tmp_path / name)["id"].to_pylist() == ["a"]
    else:
        assert json.loads((tmp_path / name).read_text())["id"] == "a"


def test_second_run_cannot_write_the_same_file(tmp_path):
    path = tmp_path / "v.jsonl"

    def second() -> None:
        with writing(path) as write:
            write([line("second")])

    with writing(path) as write:
        write([line("first")])
        with pytest.raises(Locked, match=r"v\.jsonl"):
            second()
    assert json.loads(path.read_text())["id"] == "first"


def test_locking_a_file_that_another_run_has_just_replaced_fails(tmp_path, monkeypatch):
    path, half = tmp_path / "v.jsonl", tmp_path / ".tmp-v.jsonl"
    lock = fcntl.flock

    def late(file, how) -> None:
        half.replace(path)  # the previous run ends
        half.touch()  # and another run starts
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(Locked, match="has just been written"), writing(path) as write:
        write([line("late")])
    assert half.exists()
    assert path.read_text() == ""


@pytest.mark.parametrize("name", ["v.jsonl", "v.parquet"])
def test_full_disk_is_reported_and_leaves_no_file(small_disk, name):
    noise = random.Random(1)

    def fill() -> None:
        with writing(small_disk / name) as write:
            for number in range(100):
                write([line(number, noise.randbytes(50_000).hex())])

    with pytest.raises(CannotWrite, match=f"{name}: No space left"):
        fill()
    assert list(small_disk.iterdir()) == []


def test_missing_folder_is_reported(tmp_path):
    def write_there() -> None:
        with writing(tmp_path / "none" / "v.jsonl"):
            pass

    with pytest.raises(CannotWrite, match=r"none/v\.jsonl"):
        write_there()
