"""The shared adversarial probes against the whole cascade without a model, from every kind of caller."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gr_toolkit.verify import Item, Verifier, verify


@pytest.fixture
def probes(shared) -> list[dict]:
    lines = (shared / "verdicts" / "adversarial.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 218
    return [json.loads(line) for line in lines]


def decisions(probes: list[dict]) -> list[bool | None]:
    return [decision(probe) for probe in probes]


def decision(probe: dict) -> bool | None:
    return verify(probe["question"], probe["gold"], probe["answer"]).correct


@pytest.mark.slow
def test_no_attack_succeeds_and_every_caller_gets_the_same_verdicts(probes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = decisions(probes)
    pairs = list(zip(probes, found, strict=True))
    assert [probe["name"] for probe, correct in pairs if correct and probe["expected"] is False] == []
    assert [probe["name"] for probe, correct in pairs if correct is False and probe["expected"]] == []
    decided = [correct for probe, correct in pairs if probe["expected"] is not None and correct is not None]
    assert len(decided) > 100

    few, expected = probes[::4], found[::4]
    in_a_thread: list[bool | None] = []
    thread = threading.Thread(target=lambda: in_a_thread.extend(decisions(few)))
    thread.start()
    thread.join()
    assert in_a_thread == expected

    items = [Item(probe["question"], probe["gold"], probe["answer"]) for probe in few]
    verdicts = asyncio.run(Verifier().verify_many(items))
    assert [verdict.correct for verdict in verdicts] == expected

    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.apply(decisions, (few,)) == expected
    assert list(tmp_path.iterdir()) == []  # no answer was executed


@pytest.mark.parametrize("number", range(1, 6))
def test_table_1_of_the_paper(probes, number):
    probe = [probe for probe in probes if probe["category"] == "paper-table1"][number - 1]
    assert verify(probe["question"], probe["gold"], probe["answer"]).correct is True


NUMBERS = st.integers(-10_000, 10_000).map(str)
TWO = st.lists(st.integers(2, 99), min_size=2, max_size=2, unique=True)
FRACTIONS = TWO.map(lambda pair: f"{pair[0]}/{pair[1]}")
DECIMALS = st.integers(-999, 999).map(lambda number: f"{number}.25")
EXPRESSIONS = TWO.map(lambda pair: f"{pair[0]}x + {pair[1]}")
LISTS = st.lists(st.integers(-99, 99), min_size=2, max_size=4, unique=True).map(
    lambda parts: ", ".join(map(str, parts))
)
SPELLINGS = [
    "  {}\n",
    "${}$",
    "$ {} $",
    r"\boxed{{{}}}",
    r"The answer is $\boxed{{{}}}$.",
    "<answer>{}</answer>",
    "**{}**",
]


@settings(max_examples=200, deadline=None)
@given(
    answer=st.one_of(NUMBERS, FRACTIONS, DECIMALS, EXPRESSIONS, LISTS, st.sampled_from("ABCD")),
    spelling=st.sampled_from(SPELLINGS),
)
def test_reference_in_another_spelling_is_correct(answer, spelling):
    assert verify("", answer, spelling.format(answer)).correct is True


@settings(max_examples=100, deadline=None)
@given(answer=st.one_of(EXPRESSIONS, LISTS, FRACTIONS))
def test_spaces_in_an_answer_do_not_matter(answer):
    assert (
        verify("", answer, answer.replace(" ", "").replace("/", " / ").replace("+", "  + ")).correct is True
    )


@settings(max_examples=100, deadline=None)
@given(text=st.text(min_size=1, max_size=60).filter(str.strip))
def test_any_text_equals_itself(text):
    assert verify("", text, f" {text}\n").correct is True
