"""`gr verify` as a user or cron runs it: one pair, and files of pairs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands import gr, refusal
from files import ROOT, contents
from gr_toolkit.verify.batch.judging import show
from gr_toolkit.verify.batch.rows import Line
from loopback import Accepts, fails, serving

FIELDS = ["id", "correct", "decided_by", "confidence", "reason", "seconds"]
CORRECT = {"question": "How far?", "ground_truth": "42", "student_answer": "\\boxed{42}"}
WRONG = {"question": "How far?", "ground_truth": "42", "student_answer": "41"}

UNKNOWN = {
    "question": "What makes a plant grow?",
    "ground_truth": "photosynthesis in its leaves",
    "student_answer": "it turns light into sugar",
}


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start `gr verify` in the folder, without the tester's own settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GR_", "OPENAI_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "verify", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gr_verify(folder: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run `gr verify` and return its exit code, stdout and stderr."""
    return gr(folder, "verify", *arguments, **variables)


def write_pairs(path: Path, *rows: object) -> None:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def without_seconds(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def decided(note: str) -> int:
    """The number of decided rows in a note such as `decided by quantities 2, text 1`."""
    assert note.startswith("decided by ")
    return sum(map(int, re.findall(r"\d+", note)))


@pytest.mark.parametrize(
    ("pair", "word", "correct"),
    [(CORRECT, "correct", True), (WRONG, "wrong", False), (UNKNOWN, "undecided", None)],
)
def test_one_pair_is_judged_in_words_or_as_json(tmp_path, pair, word, correct):
    options = zip(("--question", "--reference", "--answer"), pair.values(), strict=True)
    arguments = [*(word for option in options for word in option), "--rules-only"]
    code, output, errors = gr_verify(tmp_path, *arguments)
    assert (code, errors) == (0, "")
    assert output.startswith(f"{word} (")
    code, output, errors = gr_verify(tmp_path, *arguments, "--json")
    verdict = json.loads(output)
    assert list(verdict) == FIELDS[1:]
    assert verdict["correct"] is correct


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--reference", "B", "--answer", "Oslo", "--option", "Paris", "--option", "Oslo"], "correct"),
        (["--reference", "B", "--answer", "Paris", "--option", "Paris", "--option", "Oslo"], "wrong"),
        (["--reference", "200", "--answer", "209", "--tolerance", "0.05"], "correct"),
        (["--reference", "200", "--answer", "211", "--tolerance", "0.05"], "wrong"),
        (["--reference", "12", "--answer", "no idea at all", "--answer-type", "Integer"], "wrong"),
    ],
)
def test_one_pair_with_its_type_options_or_tolerance(tmp_path, arguments, word):
    code, output, errors = gr_verify(tmp_path, *arguments, "--rules-only")
    assert (code, errors, output.partition(" ")[0]) == (0, "", word)


def test_an_answer_may_begin_with_a_minus(tmp_path):
    code, output, _ = gr_verify(tmp_path, "--reference", "-5", "--answer", "-5.0", "--rules-only")
    assert (code, output[:7]) == (0, "correct")


def test_a_reason_cannot_control_the_terminal(capsys):
    show(Line(1, None, "model", None, "so\x1b[2J\r\nright \ud800", 0.0), as_json=False)
    assert capsys.readouterr().out == "undecided (model)\nso [2J  right  \n"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "give exactly one of: a file of pairs, "),
        (["p.jsonl", "--serve"], "give exactly one of: a file of pairs, "),
        (["p.jsonl", "--answer", "1"], "give exactly one of: a file of pairs, "),
        (["--reference", "1", "--answer", "1", "--out", "v.jsonl"], "--out requires a file"),
        (["--answer", "1"], "both --reference and --answer"),
        (["p.jsonl", "--answer-type", "Integer"], "--answer-type, --option and --tolerance require"),
        (["p.jsonl", "--option", "Paris"], "--answer-type, --option and --tolerance require"),
        (["--serve", "--tolerance", "0"], "--answer-type, --option and --tolerance require"),
        (["--serve", "--undecided-reward", "nan"], "--undecided-reward must be a finite number"),
        (["none.jsonl"], "none.jsonl"),
        (["p.csv"], "p.csv. The file name must end in .jsonl or .parquet"),
        (["p.jsonl", "--out", "v.txt"], "v.txt. The file name must end in .jsonl or .parquet"),
        (["p.jsonl", "--out", "p.jsonl"], "would overwrite the pairs in p.jsonl"),
        (["wrong.parquet"], "wrong.parquet has no ground_truth"),
    ],
)
def test_usage_error_is_one_line_and_writes_nothing(tmp_path, arguments, part):
    write_pairs(tmp_path / "p.jsonl", CORRECT)
    pq.write_table(pa.Table.from_pylist([{"question": "q", "truth": "1"}]), tmp_path / "wrong.parquet")
    before = contents(tmp_path)
    code, output, errors = gr_verify(tmp_path, *arguments, "--rules-only")
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("gr: ")
    assert part in errors
    assert contents(tmp_path) == before


def test_every_row_gets_its_line_in_order(tmp_path):
    rows = [
        WRONG | {"id": "b"},
        CORRECT | {"id": "a"},
        "{half a row",
        WRONG | {"id": "b"},
        {"id": "c", "question": "q", "ground_truth": "42"},
        "",
        CORRECT | {"ground_truth": None},
        CORRECT,
    ]
    write_pairs(tmp_path / "p.jsonl", *rows)
    code, output, errors = gr_verify(tmp_path, "p.jsonl", "--rules-only", "--out", "v.jsonl", "--json")
    assert (code, errors) == (0, "")
    verdicts = lines((tmp_path / "v.jsonl").read_text())
    assert all(list(verdict) == FIELDS for verdict in verdicts)
    assert [verdict["id"] for verdict in verdicts] == ["b", "a", 3, "b", "c", 6, 7, 8]
    no, yes, broken = False, True, None
    assert [verdict["correct"] for verdict in verdicts] == [no, yes, broken, no, broken, broken, broken, yes]
    assert all(verdict["decided_by"] == "error" for verdict in verdicts if verdict["correct"] is None)
    assert [verdicts[n]["reason"] for n in (4, 5, 6)] == [
        "no student_answer (or answer, or completion)",
        "an empty line",
        "ground_truth is null",
    ]
    (step,) = json.loads(output)["steps"]
    assert (step["rows_in"], step["rows"], step["kept"]) == (8, 8, 2)
    assert step["reasons"] == {"wrong": 2, "unreadable": 4}
    assert decided(step["notes"][0]) == 4


def test_without_out_stdout_has_only_verdicts(tmp_path):
    write_pairs(tmp_path / "p.jsonl", CORRECT, WRONG)
    code, output, errors = gr_verify(tmp_path, "p.jsonl", "--rules-only")
    assert code == 0
    assert [verdict["correct"] for verdict in lines(output)] == [True, False]
    assert decided(errors.partition("\nverify: ")[2]) == 2


def test_summary_reports_agreement_with_labels(tmp_path):
    rows = [CORRECT | {"label": True}, CORRECT | {"label": False}, WRONG | {"label": False}, CORRECT]
    write_pairs(tmp_path / "p.jsonl", *rows, UNKNOWN | {"label": False})
    code, output, _ = gr_verify(tmp_path, "p.jsonl", "--rules-only", "--out", "v.jsonl")
    assert code == 0
    assert "decided 75.0 % (3 of 4) of the labelled rows" in output
    assert "yes is correct in 50.0 % (1 of 2); no is correct in 100.0 % (1 of 1)" in output


def test_parquet_and_jsonl_give_the_same_verdicts(tmp_path):
    rows = [CORRECT | {"id": "a"}, WRONG | {"id": "b"}, WRONG | {"id": "a", "student_answer": None}]
    write_pairs(tmp_path / "p.jsonl", *rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    for pairs, out in (("p.jsonl", "v.jsonl"), ("p.parquet", "v.parquet"), ("p.parquet", "w.jsonl")):
        assert gr_verify(tmp_path, pairs, "--rules-only", "--out", out)[0] == 0
    expected = without_seconds(lines((tmp_path / "v.jsonl").read_text()))
    assert without_seconds(pq.read_table(tmp_path / "v.parquet").to_pylist()) == expected
    assert without_seconds(lines((tmp_path / "w.jsonl").read_text())) == expected


def test_file_without_readable_rows_is_an_error_but_has_its_lines(tmp_path):
    write_pairs(tmp_path / "p.jsonl", {"prompt": "q", "truth": "1"}, {"prompt": "q", "truth": "2"})
    code, output, errors = gr_verify(tmp_path, "p.jsonl", "--rules-only", "--out", "v.jsonl")
    assert code == 2
    assert errors == "gr: no row of p.jsonl could be read; see the summary for the reasons\n"
    assert "not judged: no ground_truth (or reference, or gold, or expected_answer) 2" in output
    assert len(lines((tmp_path / "v.jsonl").read_text())) == 2


def test_empty_file_gives_an_empty_file_of_verdicts(tmp_path):
    (tmp_path / "p.jsonl").touch()
    assert gr_verify(tmp_path, "p.jsonl", "--rules-only", "--out", "v.parquet")[0] == 0
    assert pq.read_table(tmp_path / "v.parquet").num_rows == 0


def test_paper_protocol_extracts_answers_like_the_paper(tmp_path):
    write_pairs(tmp_path / "p.jsonl", CORRECT, CORRECT | {"student_answer": "42"})
    _, output, _ = gr_verify(tmp_path, "p.jsonl", "--rules-only")
    assert [verdict["correct"] for verdict in lines(output)] == [True, True]
    _, output, _ = gr_verify(tmp_path, "p.jsonl", "--rules-only", "--protocol", "paper")
    assert [verdict["correct"] for verdict in lines(output)] == [True, False]
    assert lines(output)[1]["decided_by"] == "no answer"


def test_paper_protocol_answer_is_judged_as_is(tmp_path):
    step = {"student_answer": r"\boxed{40 + 2, so the answer is 42}"}
    write_pairs(tmp_path / "p.jsonl", CORRECT | step)
    _, output, _ = gr_verify(tmp_path, "p.jsonl", "--rules-only", "--protocol", "paper")
    assert lines(output)[0]["correct"] is not True


def test_killed_run_leaves_no_output_and_the_next_run_succeeds(tmp_path):
    write_pairs(tmp_path / "p.jsonl", *[CORRECT, WRONG] * 20_000)
    process = start(tmp_path, "p.jsonl", "--rules-only", "--out", "v.jsonl")
    half = tmp_path / ".tmp-v.jsonl"
    while not (half.exists() and half.stat().st_size):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "v.jsonl").exists()
    write_pairs(tmp_path / "p.jsonl", CORRECT, WRONG)
    assert gr_verify(tmp_path, "p.jsonl", "--rules-only", "--out", "v.jsonl")[0] == 0
    assert len(lines((tmp_path / "v.jsonl").read_text())) == 2
    assert not half.exists()


def test_ctrl_c_leaves_no_output_and_prints_the_summary(tmp_path):
    write_pairs(tmp_path / "p.jsonl", *[CORRECT, WRONG] * 20_000)
    process = start(tmp_path, "p.jsonl", "--rules-only", "--out", "v.jsonl")
    half = tmp_path / ".tmp-v.jsonl"
    while not (half.exists() and half.stat().st_size):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "verify: did not finish" in output
    assert "carries on" not in errors  # the next run starts from the beginning
    assert not half.exists()
    assert not (tmp_path / "v.jsonl").exists()


def test_failing_model_leaves_open_rows_undecided(tmp_path):
    write_pairs(tmp_path / "p.jsonl", CORRECT, UNKNOWN)
    model = {"GR_LLM__MODEL": "m", "GR_LLM__RETRIES": "0", "GR_LLM__PATIENCE": "0"}
    with serving(fails(500, "out of order")) as server:
        code, output, _ = gr_verify(
            tmp_path, "p.jsonl", "--out", "v.jsonl", GR_LLM__BASE_URL=server.url, **model
        )
    assert code == 1
    correct, unknown = lines((tmp_path / "v.jsonl").read_text())
    assert correct["correct"] is True
    assert (unknown["correct"], unknown["decided_by"]) == (None, "error")
    assert "out of order" in unknown["reason"]
    assert "failed 1" in output


def test_pair_that_the_model_does_not_answer_exits_1(tmp_path):
    pair = ["--question", "Why?", "--reference", "photosynthesis", "--answer", "sunlight"]
    model = {"GR_LLM__MODEL": "m", "GR_LLM__RETRIES": "0", "GR_LLM__PATIENCE": "0"}
    with serving(fails(500, "out of order")) as server:
        code, output, errors = gr_verify(tmp_path, *pair, GR_LLM__BASE_URL=server.url, **model)
    assert code == 1, errors
    assert output.startswith("undecided (error)\n")
    assert "out of order" in output


def test_every_adversarial_probe_gets_a_line_and_no_attack_succeeds(tmp_path, shared):
    probes = lines((shared / "verdicts" / "adversarial.jsonl").read_text())
    code, output, errors = gr_verify(tmp_path, str(shared / "verdicts" / "adversarial.jsonl"), "--rules-only")
    assert code == 0, errors
    verdicts = lines(output)
    assert [verdict["id"] for verdict in verdicts] == list(range(1, len(probes) + 1))
    fooled = [
        probe["name"]
        for probe, verdict in zip(probes, verdicts, strict=True)
        if verdict["correct"] is True and probe["expected"] is False
    ]
    assert fooled == []


def test_rules_need_no_data_folder(tmp_path):
    write_pairs(tmp_path / "p.jsonl", CORRECT, WRONG)
    before = contents(tmp_path)
    assert gr_verify(tmp_path, "p.jsonl")[0] == 0
    assert gr_verify(tmp_path, "--reference", "1000 m", "--answer", "1 km")[0] == 0
    assert contents(tmp_path) == before


def test_read_only_folder_only_disables_the_caches(read_only):
    with serving(Accepts()) as server:
        model = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": server.url}
        code, output, errors = gr_verify(read_only, "pairs.jsonl", **model)
    assert code == 0, errors
    assert [row["correct"] for row in lines(output)] == [True, False, True]
    assert "verdicts and responses are not cached: gr-data/.state is not writable" in errors


@pytest.fixture
def read_only(tmp_path):
    """A folder with pairs, on a read-only file system."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a tmpfs is not permitted here")
    write_pairs(folder / "pairs.jsonl", CORRECT, WRONG, UNKNOWN)
    subprocess.run([*mount[:1], "-o", "remount,ro", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("arguments", [["p.jsonl"], ["--reference", "1", "--answer", "1"], ["--serve"]])
def test_a_verifier_that_cannot_be_asked_is_refused_before_the_first_pair(tmp_path, arguments):
    write_pairs(tmp_path / "p.jsonl", {"question": "", "reference": "1", "answer": "1"})
    for role in ("VERIFIER", "SECOND_VERIFIER"):
        variables = {"GR_LLM__VERIFIER__MODEL": "m", "GR_LLM__BASE_URL": "http://127.0.0.1:9/v1"}
        variables |= {f"GR_LLM__{role}__MODEL": "local:nope.gguf"}
        refused = refusal(tmp_path, "verify", *arguments, **variables)
        assert f"llm.{role.lower()}.model: no model at nope.gguf" in refused
        if arguments != ["--serve"]:
            assert gr_verify(tmp_path, *arguments, "--rules-only", **variables)[0] == 0
