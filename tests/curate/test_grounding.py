import pytest

from curate.grounding import find_evidence, locate

TEXT = (
    "A block of mass 12 kg rests.\nIts weight is $117.6$ N, since 12 * 9.8 = 117.6 N.\nThe ratio is 2.5 to 1."
)


@pytest.mark.parametrize(
    ("needle", "found"),
    [
        ("117.6 N", "117.6$ N"),
        ("12 KG", "12 kg"),
        ("2", None),
        ("2.5", "2.5"),
        ("5", None),
        ("block of   mass", "block of mass"),
        ("9.8 =", "9.8 ="),
        ("mass 13 kg", None),
        ("", None),
        ("$", None),
    ],
)
def test_locate_finds_whole_words_and_numbers_only(needle, found):
    span = locate(needle, TEXT)
    assert (TEXT[slice(*span)] if span else None) == found


def test_evidence_is_verbatim_and_holds_the_answer():
    claimed = "its weight is 117.6 N"
    assert find_evidence("117.6 N", claimed, TEXT) == "Its weight is $117.6$ N"


def test_evidence_falls_back_on_the_line_of_the_answer():
    assert find_evidence("2.5", "words the page does not have", TEXT) == "The ratio is 2.5 to 1."


def test_an_invented_answer_has_no_evidence():
    assert find_evidence("42", "Its weight is", TEXT) is None
