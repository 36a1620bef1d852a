"""Guards of the rules: answers that are never correct, and doubts about a yes."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.guards import doubt, is_typed, never_right, repeats
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import MAX_CHARS, MAX_TYPED, decide_by_rules, first_decision
from gr_toolkit.verify.verdict import Item


def refusal(reference: str, answer: str, question: str = "") -> str:
    def compare(one: str, other: str) -> bool | None:
        return first_decision(one, other, question)[1]

    return never_right(question, normalise(reference), normalise(answer), compare)


@pytest.mark.parametrize(
    "answer",
    ["...", "{}", "()", "[ ]", "$", "$$", "\\", "```", "```python\n```", "<b></b>", r"\boxed{}", "#"],
)
def test_answer_without_a_letter_or_digit(answer):
    assert refusal("7", answer) == "the answer has no letter or digit"
    assert refusal("Paris", answer) == "the answer has no letter or digit"
    assert refusal("{...}", answer) == ""  # the reference has none either


@pytest.mark.parametrize(("reference", "answer"), [("no solution", "{}"), ("none", r"\{\}"), (">", "<")])
def test_signs_that_may_be_an_answer(reference, answer):
    assert refusal(reference, answer) == ""


HEDGES = [
    "7 or 8", "either 7", "maybe 7", "perhaps 7", "possibly 7", "Probably 7", "7, not sure",
    "7, unsure", "7 unless odd", "it might be 7", "could be 7", "I think 7", "i guess 7", "7?",
]  # fmt: skip


@pytest.mark.parametrize("answer", HEDGES)
def test_hedge(answer):
    assert refusal("7", answer) == "the answer hedges"
    assert refusal("7 or 8, perhaps", answer) == ""


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("x = 2, x = -5", "x = 2 or x = -5"),  # "or" joins the roots
        ("x < 1 or x > 3", "x > 3 or x < 1"),
        ("5 m", "5 m or 500 cm"),  # the same value twice
        ("Lima", "Lima, which might be damp"),  # prose may be uncertain about something else
    ],
)
def test_or_and_might_are_not_always_hedges(reference, answer):
    assert refusal(reference, answer) == ""


def test_hedge_about_a_name():
    assert refusal("Lima", "Lima or Quito") == "the answer hedges"
    assert refusal("Lima", "Quito or La Paz") == ""  # left to the model, which says no


UNFINISHED = [
    ("56", r"7 * 8"),
    ("56", "50 + 6"),
    ("0.75", "0.5 + 0.25"),
    ("4", r"\sqrt{16}"),
    ("1/3", r"\int_0^1 x^2 dx"),
    ("x^2", r"\int 2x dx"),
    ("55", r"\sum_{k=1}^{10} k"),
    ("6", r"\prod_{k=1}^3 k"),
    ("3", r"\lim_{x \to 0} (x + 3)"),
    ("3", r"7^{7^7} \bmod 5"),
    ("3", r"9^{9^{9^9}}"),
    ("3", r"(10^6)! - (10^6)!"),
    ("5", "Compute the square root of 25"),
    ("5", r"Simplify $\sqrt{25}$"),
]


@pytest.mark.parametrize(("reference", "answer"), UNFINISHED)
def test_calculation_that_is_not_carried_out(reference, answer):
    assert refusal(reference, answer) == "the calculation is not carried out"


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("56", "56"),
        ("2.83", r"2\sqrt{2}"),  # an exact value for a rounded one
        ("2.5", r"2\frac{1}{2}"),
        ("1024", "2^{10}"),  # a usual form of a large number
        (r"2 \cdot 3 \cdot 5", r"5 \cdot 3 \cdot 2"),
        (r"\int_0^1 f(x) dx", r"\int_0^1 f(t) dt"),
        ("x^2 - 1", "(x - 1)(x + 1)"),
        ("finding food", "find food"),
    ],
)
def test_finished_answer(reference, answer):
    assert refusal(reference, answer) == ""


@pytest.mark.parametrize("answer", ["nan", r"\frac{0}{0}", "0/0", r"\frac{1}{0}", r"\infty - \infty", "1/0"])
def test_result_that_is_no_value(answer):
    assert refusal("0", answer) == "the answer is not a value"
    assert refusal("undefined", answer) == ""
    assert refusal(r"\infty", answer) == ""


@pytest.mark.parametrize("answer", ["x = x", "0 = 0", "y < y", r"f(x) = f(x)", "7 = 7"])
def test_statement_that_is_always_true(answer):
    assert refusal("x = 7", answer) == "the answer is always true"


def test_question_repeated_in_words():
    question = "Why does the moon show the same face to the earth at all times?"
    assert refusal("tidal locking", question, question) == "the answer repeats the question"
    assert refusal("tidal locking", "the moon show the same face to the earth at all times", question) != ""
    assert refusal("the moon", "the moon", "Which is closer to us, the sun or the moon?") == ""


REPEATED = [
    ("Expand $(x+1)^2$.", "(x+1)^2"),
    (r"Simplify $\frac{6}{8}$.", r"\frac{6}{8}"),
    ("Convert 5 km to meters.", "5 km"),
    ("Write 0.75 as a fraction.", "0.75"),
]


@pytest.mark.parametrize(("question", "answer"), REPEATED)
def test_answer_repeats_what_is_to_be_rewritten(question, answer):
    assert repeats(question, normalise(answer))
    assert not repeats("What is it?", normalise(answer))


STANDS = [
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
    assert doubt(question, reference, answer) == expected


REWRITES = [
    "Factor it.", "Factorise it.", "Expand it.", "Simplify it.", "Rationalize it.", "Rationalise it.",
    "Rewrite it.", "Use scientific notation.", "Give the standard form.", "Write it as a fraction.",
    "Write it as a decimal.", "Write it as a percentage.", "Write it as a mixed number.",
    "Write it as an improper fraction.", "Write it as a product.",
]  # fmt: skip


@pytest.mark.parametrize("question", REWRITES)
def test_another_form_is_doubtful_if_the_question_asks_for_one(question):
    assert doubt(question, "(x+1)(x-1)", "x^2-1") != ""
    assert doubt(question, "(x+1)(x-1)", "(x-1)(x+1)") == ""
    assert doubt(question, r"\frac{1}{2}", "1/2") == ""


OTHER_QUESTIONS = [
    "Find the factorial.", "Find the exact value.", "Is it a product?", "What is made in the factory?",
    "Give the simplified value.",
]  # fmt: skip


@pytest.mark.parametrize("question", OTHER_QUESTIONS)
def test_another_form_is_accepted_for_other_questions(question):
    assert doubt(question, "(x+1)(x-1)", "x^2-1") == ""


def test_types_of_references():
    typed = ["7", "7 m", "B", "Yes", "x + 1", "x = 1", "x < 1", "1, 2", r"\{1, 2\}", "[0, 1)"]
    assert [text for text in typed if not is_typed(text)] == []
    prose = ["Lima", "the cell divides", "because it is warm"]
    assert [text for text in prose if is_typed(text)] == []


def test_refused_answer_is_wrong_unless_guards_do_not_bind():
    item = Item("", "7", "7 or 8?")
    assert decide_by_rules(item) == (False, "guard", None, "the answer hedges")
    assert decide_by_rules(item, binding=False)[:2] == (None, "rules")


@pytest.mark.parametrize(("reference", "correct"), [("7", False), ("tidal locking", None), ("7" * 201, None)])
def test_answer_that_is_too_long(reference, correct):
    assert len("7" * 201) > MAX_TYPED
    assert decide_by_rules(Item("", reference, "7 " * MAX_CHARS)).correct is correct
