"""What a response says after its answer may confirm it, replace it or take it back."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import answer_of, extract_answer
from gr_toolkit.verify.extraction.retractions import correction, reconsidered

KEPT = [
    "",
    " Wait, let me verify: 3 + 4 = 7.",
    " Hold on, is it even? No matter, 7 is right.",
    " That is wrong for 8.",
    " It is wrong to add 8.",
    " The other options are wrong.",
    " This is not correct in general, but here it is.",
    " I made a table.",
    " Let me check again. Good.",
    " No other value fits.",
    " Wait for it ✓",
]


@pytest.mark.parametrize("rest", KEPT)
def test_a_check_keeps_the_answer(rest):
    assert reconsidered("7", rest) == "7"
    assert extract_answer(r"\boxed{7}." + rest).answer == "7"


TAKEN_BACK = [
    " is wrong.",
    " is not the answer.",
    ". That is wrong.",
    ". No, this is incorrect!",
    ". That doesn't look right.",
    ". Hmm, wait.",
    ". Oops.",
    ". I made an arithmetic error.",
    ". Scratch that.",
    ". I take that back.",
    ". Please disregard this answer.",
    ". Let me start over. First we add",
    ". That was a mistake because I added.",
]


@pytest.mark.parametrize("rest", TAKEN_BACK)
def test_a_retraction_leaves_no_answer(rest):
    assert extract_answer(r"\boxed{7}" + rest) is None
    assert answer_of(r"\boxed{7}" + rest) is None


REPLACED = {
    " Wait, 9.": "9",
    " No, it should be 9.": "9",
    " On second thought, 9.": "9",
    " Scratch that, 9.": "9",
    " Edit: (D)": "(D)",
    " I mean 9, not 7.": "9",
    " Hmm, wait. 4 + 5 = 9, not 7.": "9",
    " Oops, I forgot two of them. It is 9.": "9",
    " That is wrong. Let me redo it. Adding them gives $9$.": "9",
    " That is wrong, so the total is 9 cm.": "9 cm",
}


@pytest.mark.parametrize("rest", REPLACED)
def test_a_new_value_replaces_the_answer(rest):
    assert extract_answer(r"\boxed{7}." + rest).answer == REPLACED[rest]


def test_correction_needs_a_value():
    assert correction("Wait, I made a table.") is None
    assert correction("No idea why.") is None
    assert correction("Actually, " + "9 + " * 40) is None


@pytest.mark.timeout(120)  # linear time is some seconds, quadratic time is minutes
@pytest.mark.parametrize("piece", ["\n", "\n* ", "oh! ", "oh, ", "wait ", "no, it should be ", ". ", "= 9 "])
def test_long_text_is_not_read_in_quadratic_time(piece):
    text = r"\boxed{7} " + piece * (200_000 // len(piece))
    assert answer_of(text) is None or answer_of(text).strip()
