"""Decoys: other references of the same kind, which a correct answer does not match."""

from __future__ import annotations

import re

import pytest

from gr_toolkit.verify.cascade import by_rules
from gr_toolkit.verify.judge.decoys import FORMULAS, PHRASES, SENTENCES, decoy
from gr_toolkit.verify.rules import decide_by_rules
from gr_toolkit.verify.verdict import Item

CHOICE = "Which metal is liquid at room temperature?\nA. iron\nB. mercury\nC. zinc"
# The reference, and a pattern of the decoys of its kind.
TYPED = {
    "12": r"\d+",
    "-3.75": r"-\d+\.\d\d",
    "1,250": r"\d,\d{3}",
    "48 km/h": r"\d+ km/h",
    "65%": r"\d+%",
    r"\frac{2}{7}": r"\\frac\{\d+\}\{\d+\}",
    "6.2 × 10^4": r"\d+\.\d × 10\^4",
    "(1, 4]": r"\(\d+, \d+\]",
    "(2, -5)": r"\(\d+, -\d+\)",
    "{1, 8, 9}": r"\{\d+, \d+, \d+\}",
    "x = 6": r"x = \d+",
    "5x^2 + 1": r"\d+x\^2 \+ \d+",
    r"\begin{pmatrix}1&2\\3&4\end{pmatrix}": r"\\begin\{pmatrix\}.*\\end\{pmatrix\}",
    "Yes": "No|False",
    "False": "Yes|True",
    "14 July 1789": r"\d+ \w+ \d{4}",
}


@pytest.mark.parametrize("reference", TYPED)
def test_decoy_of_a_value_is_another_value_of_its_kind(reference):
    found = decoy(Item("", reference, reference))
    assert re.fullmatch(TYPED[reference], found)
    assert decide_by_rules(Item("", found, reference)).correct is False


@pytest.mark.parametrize("reference", TYPED)
def test_decoy_differs_from_the_reference_if_the_answer_is_unreadable(reference):
    found = decoy(Item("", reference, "the one from the lecture, ⟨sic⟩"))
    assert found != reference
    assert decide_by_rules(Item("", reference, found)).correct is not True


def test_decoy_of_a_letter_is_another_option():
    assert decoy(Item(CHOICE, "B", "the silvery liquid")) in ("A", "C")
    assert decoy(Item("Which metal is it?", "B", "B, of course")) in tuple("ACDE")


def test_options_of_the_item_are_the_choices():
    _, item = by_rules(Item("Which metal?", "B", "mercurial stuff", options=("iron", "mercury")))
    assert decoy(item) == "A"


@pytest.mark.parametrize("answer", ["CaCO_3", "calcium carbonate", "Fe_2O_3", "N2H4"])
@pytest.mark.parametrize("reference", ["CaCO_3", "N_2H_4", "H2O"])
def test_decoy_of_a_formula_is_a_compound_of_other_elements(reference, answer):
    for question in "abcdef":
        found = decoy(Item(question, reference, answer))
        assert found in FORMULAS
        assert found != answer


def test_no_alternative_of_a_reference_is_kept():
    """Any number of "1905 / 1921" may be the whole answer, so the decoy has neither."""
    found = decoy(Item("When?", "1905 / 1921", "It was about 1921, they say"))
    assert not {"1905", "1921"} & set(re.findall(r"\d+", found))


@pytest.mark.parametrize(
    ("reference", "pool"),
    [
        ("gravity", PHRASES),
        ("la gravité", PHRASES),
        ("重力", PHRASES),
        ("It falls because the Earth attracts it.", SENTENCES),
        ("many words " * 1_000, SENTENCES),
        ("9" * 10_000, PHRASES),
    ],
)
def test_decoy_of_prose_is_unrelated(reference, pool):
    assert decoy(Item("What pulls the apple down?", reference, "the pull of the planet")) in pool


@pytest.mark.parametrize("place", ["question", "reference", "answer"])
def test_decoy_of_prose_shares_no_longer_word_with_any_text(place):
    item = Item("", "osmosis", "some process")._replace(**{place: "beeswax " + " ".join(PHRASES[:-1])})
    found = decoy(item)
    assert found == PHRASES[-1] if place != "reference" else found in SENTENCES


def test_without_an_unrelated_text_there_is_no_decoy():
    assert decoy(Item(" ".join([*PHRASES, *SENTENCES]), "osmosis", "some process")) is None


def test_decoy_depends_on_the_texts_alone():
    items = [Item("", "osmosis", f"some process {number}") for number in range(60)]
    found = [decoy(item) for item in items]
    assert found == [decoy(item) for item in items]
    assert len(set(found)) > len(PHRASES) / 2


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "odd",
    [
        "",
        " ",
        "\ud800",
        "\x00",
        "$",
        "{",
        "1" * 2_000,
        "1^" * 900,
        "1," * 900,
        "(" * 2_000,
        "٣",
        "9" * 100_000,
    ],
)
def test_any_text_has_a_decoy(odd):
    assert decoy(Item(odd, odd, odd)) != odd
    assert decoy(Item("", "5", odd))
    assert decoy(Item("", odd, "5"))
