"""bench/verify.py: its input, scores, handling of failing graders, and output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.verdicts import grading
from bench.verdicts.graders import LOADERS, Pair
from bench.verdicts.grading import Setup, running
from bench.verdicts.measure import main
from bench.verdicts.rows import CORE, BadRow, read_probes, read_rows
from bench.verdicts.scores import Share, score
from bench.verdicts.tables import code

ROWS = [
    {"question": "1 / 2?", "ground_truth": "0.5", "student_answer": "1/2", "label": True},
    {"question": "3 + 4?", "ground_truth": "7", "student_answer": " 7 ", "label": True},
    {"question": "3 + 4?", "ground_truth": "7", "student_answer": "8", "label": False},
    {"question": "Who?", "ground_truth": "The Beatles", "student_answer": "beatles!", "label": True},
    {"question": "Who?", "ground_truth": "x", "student_answer": "y", "label": True, "suspect": "a doubt"},
    {"question": "Who?", "ground_truth": "x", "student_answer": None, "label": False},
]
PROBES = [
    {"category": "hedge", "name": "two", "question": "", "gold": "7", "answer": "7", "expected": False},
    {"category": "paper-table1", "name": "one", "question": "", "gold": "7", "answer": "7", "expected": True},
    {"category": "any", "name": "open", "question": "", "gold": "7", "answer": "8", "expected": None},
]
# A stand-in for Qwen's grader, which users provide: it shows every kind of failure.
GRADER = """
import os, time
print("noise")
def math_equal(answer, reference):
    print("more noise")
    if answer == "hang": time.sleep(60)
    if answer == "die": os._exit(3)
    if answer == "raise": raise SystemExit("no")
    return answer == reference
"""


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    """A few labelled rows."""
    return _write(tmp_path / "rows.jsonl", ROWS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a few probes."""
    (tmp_path / "data").mkdir()
    _write(tmp_path / "data" / "adversarial.jsonl", PROBES)
    return tmp_path / "data"


def _write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _pairs(*answers: str) -> list[Pair]:
    return [Pair("", "7", answer, bare=True) for answer in answers]


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(8, 10, 49.02, 94.33), (0, 10, 0.0, 27.75), (50, 50, 92.87, 100.0)]
)
def test_wilson_intervals_match_the_textbook(part, whole, low, high):
    assert Share(part, whole).interval() == pytest.approx((low, high), abs=0.01)


def test_an_empty_share_has_no_percentage():
    assert Share(0, 0).percent is None
    assert Share(0, 0).interval() == (0.0, 100.0)


def test_an_undecided_row_is_neither_correct_nor_an_error():
    got = score(
        [True, True, True, False, False, True, False],
        ["yes", "no", "abstains", "yes", "no", "hung", "crashed"],
    )
    assert got.decided == Share(4, 7)
    assert got.right == Share(2, 7)
    assert got.right_of_decided == Share(2, 4)
    assert (got.yes, got.no) == (Share(1, 2), Share(1, 2))
    assert (got.false_positives, got.false_negatives) == (Share(1, 3), Share(1, 4))


def test_doubtful_rows_are_skipped_and_a_null_answer_is_empty(rows_file):
    rows = read_rows([rows_file])
    assert [row.id for row in rows] == ["rows:1", "rows:2", "rows:3", "rows:4", "rows:6"]
    assert rows[-1].pair == Pair("Who?", "x", "", bare=True)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"ground_truth": "1", "student_answer": "1"}',
        '{"ground_truth": "1", "student_answer": "1", "label": 1}',
    ],
)
def test_a_malformed_line_is_an_error_with_its_number(tmp_path, line):
    (tmp_path / "rows.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(BadRow, match=r"rows\.jsonl, line 2"):
        read_rows([tmp_path / "rows.jsonl"])


def test_the_core_set_has_the_rows_of_the_published_table(shared):
    verdicts = shared / "verdicts"
    assert len(read_rows(verdicts / f"{name}.jsonl" for name in CORE)) == 787
    probes = read_probes(verdicts / "adversarial.jsonl")
    assert len(probes) == 218
    assert sum(probe.category == "paper-table1" for probe in probes) == 5


def test_exact_and_normalised_match_compare_text():
    pairs = [Pair("", "The Beatles", answer, bare=True) for answer in ("The Beatles ", "beatles!", "Beatle")]
    assert [each.outcome for each in LOADERS["exact"]()(pairs)] == ["yes", "no", "no"]
    assert [each.outcome for each in LOADERS["normalised"]()(pairs)] == ["yes", "yes", "no"]


@pytest.mark.parametrize("name", ["math-verify-paper", "math-verify"])
def test_math_verify_reads_bare_answers_and_texts_and_has_its_known_errors(name):
    asked = [("\\frac{1}{2}", "0.5", True), ("42", "So \\boxed{42}", False), ("B", "(C)", True)]
    asked.append(("5 m", "5 km", True))  # it drops the unit
    with running(Setup(name)) as process:
        graded = process.grade([Pair("", *each) for each in asked], one_by_one=False)
    assert [each.outcome for each in graded.judgements] == ["yes", "yes", "no", "yes"]
    assert len(graded.seconds) == 1


def test_a_grader_that_hangs_dies_or_raises_loses_only_that_pair(tmp_path, monkeypatch):
    (tmp_path / "grader.py").write_text(GRADER, encoding="utf-8")
    setup = Setup("qwen", sys.executable, str(tmp_path / "grader.py"))
    with running(setup) as process:
        before = process.grade(_pairs("7"), one_by_one=False)
        with monkeypatch.context() as patch:
            patch.setattr(grading, "LIMIT", 0.5)
            hung = process.grade(_pairs("hang"), one_by_one=False)
        after = process.grade(_pairs("die", "raise", "8", "7"), one_by_one=False)
    judgements = [*before.judgements, *hung.judgements, *after.judgements]
    assert [each.outcome for each in judgements] == ["yes", "hung", "crashed", "crashed", "no", "yes"]
    assert judgements[3].why == "SystemExit: no"
    assert len(after.seconds) == 4


def test_the_command_compares_gr_verify_with_a_peer(rows_file, data, tmp_path, root):
    figures_file = tmp_path / "figures.json"
    options = ["--data", str(data), "--peers", "exact,qwen", "--repeats", "2", "--adversarial", "--errors"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.verify", str(rows_file), *options, "--json", str(figures_file)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Qwen2.5-Math grader: skipped" in done.stderr
    figures = json.loads(figures_file.read_text(encoding="utf-8"))
    assert list(figures["graders"]) == ["ours", "exact"]
    ours, exact = figures["graders"]["ours"], figures["graders"]["exact"]
    assert exact["all"]["right"] == {
        "part": 3,
        "whole": 5,
        "percent": 60.0,
        "interval": pytest.approx([23.07, 88.24], abs=0.01),
    }
    assert ours["all"]["yes"]["percent"] == 100.0
    assert len(ours["calls_per_second_of_each_run"]) == 2
    assert exact["probes"]["wrong_yes"] == ["two"]
    assert "| exact match | 60.0 | 60.0 | 0.0 / 66.7 | 100.0 |" in done.stdout
    assert "| exact match | yes |" in done.stdout.partition("Table 1")[2]
    assert "**Rows where gr verify differs from the label (0)**" in done.stdout


def test_a_peer_that_cannot_start_is_skipped(rows_file, data, tmp_path, capfd):
    (tmp_path / "grader.py").write_text("import no_such_module_anywhere\n", encoding="utf-8")
    arguments = [str(rows_file), "--data", str(data), "--repeats", "1", "--peers", "qwen"]
    assert main([*arguments, "--qwen", str(tmp_path / "grader.py")]) == 0
    printed = capfd.readouterr()
    assert "no_such_module_anywhere" in printed.err
    assert "qwen did not start and is skipped" in printed.err
    assert "| gr verify --rules-only |" in printed.out
    assert "Qwen" not in printed.out


def test_unusable_input_is_an_error_of_one_line(tmp_path, capsys):
    assert main(["--data", str(tmp_path / "none"), "--peers", "exact"]) == 2
    assert "error: no folder" in capsys.readouterr().err
    assert main([str(tmp_path / "none.jsonl"), "--peers", "exact"]) == 2
    assert "none.jsonl" in capsys.readouterr().err
    _write(tmp_path / "rows.jsonl", [{"suspect": "yes"}])
    assert main([str(tmp_path / "rows.jsonl"), "--peers", "exact"]) == 2
    assert "no rows" in capsys.readouterr().err
    assert main([str(_write(tmp_path / "rows.jsonl", ROWS)), "--peers", "oracle"]) == 2
    assert "no peer named oracle" in capsys.readouterr().err


def test_code_escapes_text_that_would_break_a_table():
    assert code("a | b\n`c`  d") == "`a ¦ b 'c' d`"
    assert len(code("x" * 500)) < 80
