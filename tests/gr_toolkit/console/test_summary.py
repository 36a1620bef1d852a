from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from gr_toolkit.console import Summary, describe, show_summaries
from gr_toolkit.console.summary import log_line

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


def test_summary_is_a_table_followed_by_notes(capsys):
    show_summaries([EXTRACT, Summary("curate dedup")], as_json=False)
    heading, extract, dedup, note = capsys.readouterr().out.splitlines()
    assert heading.split() == ["step", "in", "rows", "kept", "rejected", "seconds", "tokens", "cost"]
    cells = "curate extract 9 7 4 not grounded 2, empty [x] 1 1.2 1,234 $0.0123"
    assert " ".join(extract.split()) == cells
    assert " ".join(dedup.split()) == "curate dedup 0 0 0 0.0"
    assert note == "curate extract: asked [m]"


def test_json_summary_is_one_object_on_stdout(capsys):
    show_summaries([EXTRACT], as_json=True)
    (step,) = json.loads(capsys.readouterr().out)["steps"]
    assert step["step"] == "curate extract"
    assert step["reasons"] == {"not grounded": 2, "empty [x]": 1}


def test_secrets_are_masked_in_the_notes_and_the_first_rows(capsys):
    secret = "http://e.org/?api_key=planted-key-123"
    for as_json in (False, True):
        show_summaries([Summary("crawl", notes=[secret], first={"odd": secret})], as_json=as_json)
        printed = capsys.readouterr().out
        assert "http://e.org/?api_key=***" in printed
        assert "planted" not in printed


def test_log_line_tells_counts_reasons_costs_and_notes():
    summary = replace(EXTRACT, first={"not grounded": "a1"})
    assert log_line(summary) == (
        "curate extract: 9 in, 7 rows, 4 kept, 1.2 s; rejected: not grounded 2, empty [x] 1; "
        "first not grounded: a1; 3 requests, 1,234 tokens, $0.0123; asked [m]"
    )


def test_step_is_idle_if_it_has_counted_nothing():
    assert Summary("curate dedup", table="duplicates", seconds=1.0, notes=["nothing"]).is_idle
    assert not Summary("crawl", first={"timeout": "http://e.org/"}).is_idle
    assert not Summary("curate dedup", rows_in=1).is_idle


def test_describe_lists_the_most_frequent_reasons_first():
    assert describe(Counter()) == ""
    assert describe(Counter(a=1, b=3)) == "b 3, a 1"
    assert describe(Counter(a=5, b=4, c=3, d=2, e=1, f=1)) == "a 5, b 4, c 3, d 2, other 2"
