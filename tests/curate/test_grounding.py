"""Locating an answer in a text, and the evidence for it."""

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


@pytest.mark.parametrize(
    ("needle", "text", "found"),
    [
        ("H_2O", "Water is H_2O here.", "H_2O"),
        ("x_1 = 2", "so $x_{1} = 2$.", "x_{1} = 2"),
        ("Yes", "Answer: **Yes**.", "Yes"),
        ("60 km/h", "It runs at 60km/h.", "60km/h"),
        ("Straße", "in der STRAßE", "STRAßE"),
        ("200", "It is 1,200 km away.", None),
        ("1,200", "It is 1,200 km away.", "1,200"),
        ("3*4", "The product 3*4 is", "3*4"),
        ("3*4", "The number 34 is", None),
        ("2", "the unknown x_2", None),
        (r"$*_\{}", r"Only $*_\{} stands here.", None),
    ],
)
def test_locate_ignores_markup_but_never_joins_words_across_it(needle, text, found):
    span = locate(needle, text)
    assert (text[slice(*span)] if span else None) == found


@pytest.mark.timeout(60)
def test_locate_does_not_backtrack_on_a_long_run_of_markup():
    run = "*" * 5_000
    assert locate(f"{'* ' * 50}end", f"a {run} b") is None
    assert locate(f"a {run} c", f"a {run} b {run} a {run} b") is None
    assert locate("a b", f"a {run} b") is not None


def test_evidence_is_verbatim_and_contains_the_answer():
    claimed = "its weight is 117.6 N"
    assert find_evidence("117.6 N", claimed, TEXT) == "Its weight is $117.6$ N"


def test_evidence_falls_back_to_the_line_of_the_answer():
    assert find_evidence("2.5", "words the page does not have", TEXT) == "The ratio is 2.5 to 1."


def test_invented_answer_has_no_evidence():
    assert find_evidence("42", "Its weight is", TEXT) is None


LONG = f"{'before ' * 40}the speed is 60 km/h {'after ' * 50}"


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("It is 60 km/h", "It is 60 km/h"),
        ("It is 60 km/h\nThe end", "It is 60 km/h"),
        ("Speed\n  It is 60 km/h.  \nThe end", "It is 60 km/h."),
        (LONG, LONG[LONG.index("60") - 200 : LONG.index("60") + len("60 km/h") + 200].strip()),
    ],
)
def test_evidence_is_the_line_of_the_answer_within_200_characters_on_each_side(text, evidence):
    assert find_evidence("60 km/h", "", text) == evidence


def test_claimed_evidence_without_the_answer_is_replaced():
    text = "The bus is fast.\nIts speed is 60 km/h."
    assert find_evidence("60 km/h", "The bus is fast.", text) == "Its speed is 60 km/h."
