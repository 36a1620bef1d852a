"""Guards of the rules: doubtful answers, answers of another kind, and texts for symbolic mathematics."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import (
    MAX_CHARS,
    MAX_PLAIN_WORDS,
    MAX_SENTENCE,
    MAX_SYMBOLIC,
    decide_by_rules,
    first_decision,
    objection,
    other_kind,
    worth_symbolic,
)

HEDGES = [
    "42 or 41", "either 42", "maybe 42", "perhaps 42", "possibly 42", "Probably 42", "42, not sure",
    "42, unsure", "42 unless odd", "it might be 42", "could be 42", "I think 42", "i guess 42", "42?",
]  # fmt: skip


@pytest.mark.parametrize("answer", HEDGES)
def test_hedge_is_doubtful_unless_the_reference_hedges_too(answer):
    assert objection("", "42", answer) == "the answer hedges"
    assert objection("", "41 or 42", answer) == ""
    assert objection("", "42", "42 ornaments, and i am sure") == ""


REPEATED = [
    ("Evaluate 2^3 + 1.", "2^3+1"),
    ("Evaluate $3 \\cdot 4$.", "3 * 4"),
    ("Evaluate 5!.", "5!"),
    ("Evaluate 3/4.", "3/4"),
    ("Evaluate 9 - 4.", "9-4"),
    (r"Evaluate $\sqrt{16}$.", r"\sqrt{16}"),
    (r"Evaluate $\frac{6}{8}$.", r"\frac{6}{8}"),
    (r"Evaluate $\log 100$.", r"\log 100"),
    (r"Evaluate $\ln e$.", r"\ln e"),
    (r"Find $\int x dx$.", r"\int x dx"),
    (r"Find $\lim x$.", r"\lim x"),
    (r"Find $\det A$.", r"\det A"),
    (r"Find $\prod k$.", r"\prod k"),
    (r"Find $\sum k$.", r"\sum k"),
    (r"Find $\binom{5}{2}$.", r"\binom{5}{2}"),
]


@pytest.mark.parametrize(("question", "answer"), REPEATED)
def test_calculation_in_the_question_is_no_answer(question, answer):
    assert objection(question, "unknown", normalise(answer)) == "the answer repeats the question"
    assert objection("What is it?", "unknown", normalise(answer)) == ""


STANDS = [
    ("Write 90° in radians.", r"\frac{\pi}{2}", "90°", True),
    ("Convert 5 km to meters.", "5000 m", "5 km", True),
    ("Is 42.0 more than 41?", "42", "42.0", False),  # the same digits
    ("Add 50 to it.", "50", "50", False),
    ("Add 1.50 to it.", "0.5", "50", False),  # a part of another number
    ("Add 50.5 to it.", "1/2", "50", False),
    ("Add 50% to it.", "1/2", "50", False),
    ("Turn by 50°.", "1/2", "50", False),
    ("Let x50 be it.", "1/2", "50", False),
    ("Add 50, then stop.", "1/2", "50", True),
    ("Let x be it.", "1/2", "x", False),  # one character says little
    ("Add 50% to it.", "0.5", "50%", True),
]


@pytest.mark.parametrize(("question", "reference", "answer", "doubtful"), STANDS)
def test_other_form_that_stands_in_the_question_is_doubtful(question, reference, answer, doubtful):
    expected = "the answer stands in the question" if doubtful else ""
    assert objection(question, reference, answer) == expected


REWRITES = [
    "Factor it.", "Factorise it.", "Expand it.", "Simplify it.", "Rationalize it.", "Rationalise it.",
    "Rewrite it.", "Use scientific notation.", "Give the standard form.", "Write it as a fraction.",
    "Write it as a decimal.", "Write it as a percentage.", "Write it as a mixed number.",
    "Write it as an improper fraction.", "Write it as a product.",
]  # fmt: skip


@pytest.mark.parametrize("question", REWRITES)
def test_another_form_is_doubtful_if_the_question_asks_for_one(question):
    assert objection(question, "(x+1)(x-1)", "x^2-1") != ""
    assert objection(question, "(x+1)(x-1)", "(x-1)(x+1)") == ""
    assert objection(question, r"\frac{1}{2}", "1/2") == ""


@pytest.mark.parametrize("question", ["Find the factorial.", "Find the exact value.", "Is it a product?"])
def test_another_form_is_accepted_for_other_questions(question):
    assert objection(question, "(x+1)(x-1)", "x^2-1") == ""


OTHER_KIND = [
    ("1945", "within the constraints", True),
    ("-1.5 m", "some distance", True),
    ("1945", "it is unity", False),
    ("1945", "none", False),
    ("1945", "Twenty-one", False),
    ("1945", "the ninth", False),
    ("1945", "infinitely many", False),
    ("1945", "XIX", False),  # a Roman numeral
    ("1945", "ab", False),
    ("1945", "in 1944", False),
    ("1945", r"\text{within} x^2", False),
    ("year", "within the constraints", False),
    ("x + 1", "within the constraints", False),
    ("1945", "w" * MAX_PLAIN_WORDS, True),
    ("1945", "w" * (MAX_PLAIN_WORDS + 1), False),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), OTHER_KIND)
def test_plain_words_are_no_number(reference, answer, expected):
    assert other_kind(reference, answer) is expected


NUMBER_WORDS = """
zero no none nil one two three four five six seven eight nine ten eleven twelve twenty thirty forty
fifty hundred thousand million billion dozen half halves first second third quarter fifth sixths
single double triple twice once pair pi infinite infinity fourteen unity both nothing free all rest
right straight empty never same XVI Seven
"""


@pytest.mark.parametrize("word", NUMBER_WORDS.split())
def test_word_that_may_denote_a_number_is_not_another_kind(word):
    assert other_kind("1945", "the lot of them")
    assert not other_kind("1945", f"the {word} of them")


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
    verdict = decide_by_rules("", reference, answer)
    assert (verdict.reason, verdict.correct is not True) == (reason, True)
    assert verdict.confidence == (None if verdict.correct is None else 1.0)


@pytest.mark.parametrize(("length", "read"), [(MAX_CHARS, True), (MAX_CHARS + 1, False)])
def test_length_of_a_text_is_limited(length, read):
    text = "a" * (length - 5)
    for pair in [(f"{text} word", f"{text} Word"), (f"{text} Word", "word"), ("word", f"{text} Word")]:
        assert ("characters" in decide_by_rules("", *pair).reason) is not read
    assert (decide_by_rules("", f"{text} word", f"{text} Word").correct is True) is read


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
