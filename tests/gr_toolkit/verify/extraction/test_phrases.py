"""Phrases state an answer; remarks on the answer do not, if there is another statement."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import extract_answer
from gr_toolkit.verify.extraction.phrases import answer_before

REMARKS = [
    "The answer is always an integer.",
    "The answer is positive, as it should be.",
    "The answer is in the simplest form.",
    "The answer is close to the estimate.",
    "The answer is verified by substitution.",
    "The answer is expected.",
    "The answer is supported by the data.",
    "So our answer is consistent.",
    "The answer is rounded to the nearest ten.",
    "The solution is complete.",
    "Hence the answer is indeed unique.",
    "The answer is the same as before.",
]


@pytest.mark.parametrize("remark", REMARKS)
@pytest.mark.parametrize("statement", [r"\boxed{7}.", "The answer is 7."])
def test_a_remark_on_an_answer_states_none(statement, remark):
    assert extract_answer(f"{statement} {remark}").answer == "7"


def test_words_are_an_answer_if_there_is_no_other():
    assert extract_answer("The answer is positive.").answer == "positive"
    assert extract_answer("The answer is not unique.").answer == "not unique"
    assert extract_answer("The answer is ice. Wait, that is wrong. The answer is steam.").answer == "steam"


def test_words_for_a_value_are_a_statement():
    text = r"\boxed{7}. But x is 0 there, which is not allowed. So the answer is "
    assert extract_answer(text + "undefined.").answer == "undefined"
    assert extract_answer(text + "positive.").answer == "7"


def test_heading_of_a_derivation_does_not_replace_a_box():
    assert extract_answer(r"\boxed{7}" + "\n\nWe explain.\nSolution: we add 3 and 4.").answer == "7"
    assert extract_answer(r"\boxed{7}. We add. The answer is " + "a long story " * 10).answer == "7"


BEFORE = {
    "So 7 is the answer.": "7",
    "x = 7 is our final answer": "x = 7",
    "**7.5** is the correct answer!": "7.5",
    "Hence (D) is the correct option.": "(D)",
    "8 is the answer. No wait, 7 is the answer.": "7",
    "Steam is the answer.": "Steam",
    "That is the answer.": None,
    "Here is the answer.": None,
    "7 is not the answer.": None,
}


@pytest.mark.parametrize("text", BEFORE)
def test_subject_of_is_the_answer(text):
    found = answer_before(text)
    assert (found.content if found else None) == BEFORE[text]


def test_later_subject_replaces_a_statement_only_if_it_is_a_value():
    assert extract_answer("The answer is 8. We forgot a sign. So 7 is the answer.").answer == "7"
    assert extract_answer("The answer is 8. The sum of all of them is the answer.").answer == "8"
