"""Sentences, reasons, lengths and special texts, as the rules read them."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import (
    MAX_CHARS,
    MAX_SENTENCE,
    MAX_SYMBOLIC,
    decide_by_rules,
    first_decision,
    worth_symbolic,
)
from gr_toolkit.verify.verdict import Item, Verdict


def decide(question: str, reference: str, answer: str) -> Verdict:
    return decide_by_rules(Item(question, reference, answer))


SENTENCES = [
    ("27", "The volume of the cube is 27", True),
    ("27", "Its volume equals 27", True),
    ("27", "Their sum is equal to 27", True),
    ("27", "Our results are 27", True),
    ("27", "The volume is 28", False),
    ("-27", "The value was -27", True),
    (r"\frac{1}{2}", r"The value is \frac{1}{2}", True),
    ("27", "The volume is not 27", None),
    ("27", "The volume is 27 and the area is 9", False),
    ("27", "The volume is 9 and the area is 27", False),
    ("27", f"The {'v' * (MAX_SENTENCE - 10)} is 27", None),
    ("27", "A volume is 27", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), SENTENCES)
def test_subject_before_a_value_is_ignored(reference, answer, expected):
    assert first_decision(reference, answer, "")[1] is expected


REASONS = [
    ("", "42", "the reference is empty"),
    (" \n", " ", "the reference is empty"),
    ("42", " \n", "the answer is empty"),
    ("42", "...", "the answer has no letter or digit"),
    ("...", "--", "every rule abstained"),
    ("42", "\u202e24", "characters that change how the text looks"),
    ("42", "42\u2066", "characters that change how the text looks"),
    ("4\u20e3", "4", "characters that change how the text looks"),
    ("Paris", "London", "every rule abstained"),
    ("42", "41 or 42", "'41 or 42' against '42'"),
]


@pytest.mark.parametrize(("reference", "answer", "reason"), REASONS)
def test_reason_of_a_verdict(reference, answer, reason):
    verdict = decide("", reference, answer)
    assert (verdict.reason, verdict.correct is not True) == (reason, True)


@pytest.mark.parametrize(("length", "read"), [(MAX_CHARS, True), (MAX_CHARS + 1, False)])
def test_length_of_a_text_is_limited(length, read):
    text = "a" * (length - 5)
    for pair in [(f"{text} word", f"{text} Word"), (f"{text} Word", "word"), ("word", f"{text} Word")]:
        assert ("characters" in decide("", *pair).reason) is not read
    assert (decide("", f"{text} word", f"{text} Word").correct is True) is read


def test_exclamation_mark_may_be_a_factorial():
    assert first_decision("5", "5!", "")[1] is None
    assert first_decision("120", "5!", "")[1] is None
    assert first_decision("5", "5", "")[1] is True


@pytest.mark.parametrize("answer", [r"\emptyset", r"\{\}", "{ }", "the empty set", "Empty set", "∅"])
def test_spellings_of_the_empty_set(answer):
    assert first_decision(r"\emptyset", normalise(answer), "")[1] is True
    assert first_decision(r"\{0\}", normalise(answer), "")[1] is not True


SYMBOLIC = [
    (r"\sum_{k=1}^n k", r"\frac{n(n+1)}{2}", True),
    ("z", r"\overline{z} + 1", False),  # one letter may be a name
    (r"1 + \overline{z}", r"\overline{z} + 1", True),
    ("x + 1", "1 + x", False),  # the rules read both
    ("x < 1", "x > 2", False),
    ("x = 1", "x = 2", False),
    ("1, 2", "2, 1", False),
    (r"1 + \overline{z}", "the sum", False),
    ("the sum", r"1 + \overline{z}", False),
    (r"x + \overline{z} and 1", r"x + \overline{z} or 1", False),
    (r"x + \overline{z} and 1", r"x + \overline{z} and 2", True),
    ("1" * (MAX_SYMBOLIC - 20) + r" + \overline{z}", r"\overline{z} + 1", True),
    ("1" * MAX_SYMBOLIC + r" + \overline{z}", r"\overline{z} + 1", False),
    (r"\overline{z} + 1", "1" * MAX_SYMBOLIC + r" + \overline{z}", False),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), SYMBOLIC)
def test_texts_for_symbolic_mathematics(reference, answer, expected):
    assert worth_symbolic(reference, answer) is expected
