from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from gr_toolkit.console import Summary, describe, finish, progress
from gr_toolkit.errors import CannotWrite

EXTRACT = Summary(
    "curate extract",
    table="pairs",
    rows_in=9,
    rows=7,
    kept=4,
    reasons=Counter({"not grounded": 2, "empty [x]": 1}),
    seconds=1.25,
    requests=3,
    input_tokens=1_200,
    output_tokens=34,
    cost_usd=0.0123,
    notes=["asked [m]"],
)


def test_summary_is_a_table_followed_by_notes(tmp_path, capsys):
    finish([EXTRACT, Summary("curate dedup")], tmp_path, as_json=False)
    heading, extract, dedup, note = capsys.readouterr().out.splitlines()
    assert heading.split() == ["step", "in", "rows", "kept", "rejected", "seconds", "tokens", "cost"]
    cells = "curate extract 9 7 4 not grounded 2, empty [x] 1 1.2 1,234 $0.0123"
    assert " ".join(extract.split()) == cells
    assert " ".join(dedup.split()) == "curate dedup 0 0 0 0.0"
    assert note == "curate extract: asked [m]"


def test_json_summary_is_one_object_on_stdout(tmp_path, capsys):
    finish([EXTRACT], tmp_path, as_json=True)
    (step,) = json.loads(capsys.readouterr().out)["steps"]
    assert step["step"] == "curate extract"
    assert step["reasons"] == {"not grounded": 2, "empty [x]": 1}


def test_each_run_is_appended_to_the_log(tmp_path):
    for _ in range(2):
        finish([EXTRACT, EXTRACT], tmp_path / "new" / "state", as_json=False)
    lines = (tmp_path / "new" / "state" / "runs.jsonl").read_text().splitlines()
    assert [json.loads(line)["rows"] for line in lines] == [7] * 4
    assert all(json.loads(line)["at"].endswith("+00:00") for line in lines)


def test_unwritable_log_is_reported_after_the_summary(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match=r"runs\.jsonl"):
        finish([EXTRACT], tmp_path / "file", as_json=False)
    assert "curate extract" in capsys.readouterr().out


def test_describe_lists_the_most_frequent_reasons_first():
    assert describe(Counter()) == ""
    assert describe(Counter(a=1, b=3)) == "b 3, a 1"
    assert describe(Counter(a=5, b=4, c=3, d=2, e=1, f=1)) == "a 5, b 4, c 3, d 2, other 2"


def test_progress_line_shows_speed_and_detail(capsys, monkeypatch):
    monkeypatch.setattr("gr_toolkit.console.LOG_EVERY_SECONDS", 0)
    with progress("crawl", None, lambda: "1.5 MB; 200 3") as advance:
        advance(3)
    assert re.fullmatch(r"crawl: 3, [\d.]+/s; 1\.5 MB; 200 3\n", capsys.readouterr().err)


def test_progress_without_a_terminal_is_log_lines(monkeypatch, capsys):
    monkeypatch.setattr("gr_toolkit.console.LOG_EVERY_SECONDS", 0.0)
    with progress("fetch", None) as advance:
        advance(2)
        advance(1)
    with progress("nothing", 0) as advance:
        advance(0)
    printed = capsys.readouterr()
    assert printed.err.splitlines() == ["fetch: 2", "fetch: 3"]
    assert printed.out == ""


def test_progress_is_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress("fetch", 3) as advance:
        advance(3)
    printed = capsys.readouterr()
    assert "fetch" in printed.err
    assert "3/3" in printed.err
    assert printed.out == ""
