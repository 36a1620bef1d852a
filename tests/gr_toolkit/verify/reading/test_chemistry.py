"""Chemical formulas and reactions: read as a whole or not at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gr_toolkit.verify.reading.chemistry import MAX_LENGTH, compare_chemistry
from gr_toolkit.verify.reading.normalise import normalise

ASKED = "What is the formula of the compound?"

SAME = [
    ("H3PO4", r"\text{H}_3\text{PO}_4"),
    ("H3PO4", r"\mathrm{H_{3}PO_{4}}"),
    ("N2O5", "N₂O₅"),
    ("C_{22}H_{46}", "C22H46"),
    ("Al^{3+}", "Al3+"),
    ("Al^{3+}", "Al³⁺"),
    ("Al^{3+}", "Al^+3"),
    ("CO3 2-", "CO_3^{2-}"),
    ("CO32-", "CO₃²⁻"),
    ("ClO4-", "ClO_4^-"),
    ("Al2(SO4)3", "Al_2(SO_4)_3"),
    ("[Cu(NH3)4]^{2+}", "Cu(NH_3)_4^{2+}"),
    ("FeSO4·7H2O", r"\mathrm{FeSO_4 \cdot 7H_2O}"),
    ("FeSO4·7H2O", "FeSO4.7H2O"),
    ("CO2(g)", "CO_2"),
    ("CO2 (g)", "CO_{2(g)}"),
    ("2Mg + O2 -> 2MgO", r"2\text{Mg}+\text{O}_2 \rightarrow 2\text{MgO}"),
    ("2Mg + O2 -> 2MgO", "O₂ + 2 Mg ⟶ 2 MgO"),
    ("2Mg + O2 -> 2MgO", "2Mg(s) + O2(g) = 2MgO(s)"),
    (r"\ce{2SO2 + O2 <=> 2SO3}", r"O_2 + 2SO_2 \rightleftharpoons 2SO_3"),
    ("Ba^{2+} + SO_4^{2-} -> BaSO_4", r"\text{SO}_4^{2-}(aq) + \text{Ba}^{2+}(aq) \to \text{BaSO}_4(s)"),
    ("Br- + Ag+ -> AgBr", "Ag^+ + Br^- → AgBr↓"),
    ("Cu -> Cu^{2+} + 2e^-", "Cu → 2e⁻ + Cu²⁺"),
    (r"H_2 + \frac{1}{2} O_2 \to H_2O", "1/2 O2 + H2 -> H2O"),
    (
        r"^{226}_{88}Ra \to ^{222}_{86}Rn + ^4_2He",
        r"{}^{226}_{88}\text{Ra} \rightarrow {}^{4}_{2}\text{He} + {}^{222}Rn",
    ),
]
UNDECIDED = [
    ("H2O(l)", "H2O(s)"),
    ("2Mg + O2 -> 2MgO", "2Mg + O2 <=> 2MgO"),
    ("2Mg + O2 -> 2MgO", "4Mg + 2O2 -> 4MgO"),
    ("2Mg + O2 -> 2MgO", "Mg + O2 -> MgO"),
    ("2Mg + O2 -> 2MgO", "2MgO -> 2Mg + O2"),
    ("2Mg + O2 -> 2MgO", "2Mg + O2 -> 2MgO -> MgO"),
    ("Co", "CO"),
    ("CO2", "Co2"),
    ("3CO2", "2CO2"),
    ("C6H12O6", "CH2O"),
    ("C3H8O", "CH3CH2CH2OH"),
    ("FeSO4·7H2O", "FeSO4"),
    ("H3O^+", "H^+"),
    ("Al^{3+}", "Al"),
    ("KBr", "Br^-"),
    ("NaOAc", "NaCH3CO2"),
    ("N3-", "N^{3-}"),  # an azide or a nitride
    ("Xx2O", "H2O"),
    ("H2O", "H2O or CO2"),
    ("(CH2)n", "(CH2)m"),
    ("H_0O", "H_0O2"),
    ("H2O)", "H2O"),
    ("x^2 + y", "y + x^3"),
]
DIFFERENT = [
    ("NO2", "N2O5"),
    ("CO", "CO2"),
    ("H2SO3", "H2SO4"),
    ("Fe^{2+}", "Fe^{3+}"),
    ("SO_4^{2-}", "SO_3^{2-}"),
    ("Ca(OH)2", "CaOH"),
    ("HCOOH", "CH3COOH"),
    ("KMnO4", "K2Cr2O7"),
]


def verdicts(one: str, other: str, question: str) -> set[bool | None]:
    texts = (one, other), (other, one), (normalise(one), normalise(other))
    return {compare_chemistry(*pair, question) for pair in texts}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_formula_or_reaction_match(one, other):
    assert verdicts(one, other, ASKED) == {True}
    assert verdicts(one, other, "") == {True}


@pytest.mark.parametrize(("one", "other"), UNDECIDED)
def test_other_ways_to_write_a_substance_are_undecided(one, other):
    assert verdicts(one, other, ASKED) == {None}


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_substance_is_wrong_only_if_the_question_is_about_chemistry(one, other):
    assert verdicts(one, other, ASKED) == {False}
    assert verdicts(one, other, "Which cell comes next?") == {None}


FORMULA_TEXT = st.text("HONaClFe0123456789+-^_{}()[]·.*=<>→⇌\\ espg", max_size=MAX_LENGTH + 5)


@given(FORMULA_TEXT | st.text(max_size=40), FORMULA_TEXT)
def test_any_text_is_judged(one, other):
    assert compare_chemistry(one, other, ASKED) in (True, False, None)
    assert compare_chemistry(other, other, ASKED) in (True, None)


@pytest.mark.parametrize("piece", ["(", "^", "_{", " ", "1", "^{1", "H(", "+ ", "1s2", "<-", "\\", "H+"])
def test_repeated_characters_are_read_quickly(piece):
    text = (piece * MAX_LENGTH)[:MAX_LENGTH]
    start = time.perf_counter()
    compare_chemistry(text, text, ASKED)
    assert time.perf_counter() - start < 0.5
