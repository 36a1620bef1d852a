from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gr_toolkit.verify.reading.normalise import normalise, spelling

SAME_FORM = [
    ("  Paris. ", "Paris"),
    ("x\u00a0=\u20095", "x = 5"),
    ("4\u200b2", "42"),
    ("④②", "4, 2"),
    ("⑫", "12"),
    ("❷➃", "2, 4"),
    ("４２", "42"),
    ("٤٢", "42"),
    ("−5", "-5"),
    ("–5", "-5"),
    ("x²", "x^{2}"),
    ("10⁻³", "10^{-3}"),
    ("x<sup>2</sup>", "x^{2}"),
    ("H₂O", "H_{2}O"),
    ("½", r"\frac{1}{2}"),
    (r"\dfrac{a}{2}", r"\frac{a}{2}"),
    ("\x0crac{a}{2}", r"\frac{a}{2}"),
    (r"\\frac{a}{2}", r"\frac{a}{2}"),
    ("$x+1$", "x+1"),
    (r"$a=2$, $a=3$", "a=2 , a=3"),
    (r"\(x+1\)", "x+1"),
    (r"\[x+1\]", "x+1"),
    (r"\text{Paris}", "Paris"),
    (r"\boxed{\textbf{B}}", "B"),
    (r"5\,\mathrm{m/s}", "5 m/s"),
    (r"5 $\mathrm{~m} / \mathrm{s}$", "5 m / s"),
    (r"\left(1, 2\right)", "( 1, 2 )"),
    (r"3 \times 4", "3 * 4"),
    ("3 × 4", "3 * 4"),
    (r"50\%", "50%"),
    (r"90^\circ", "90°"),
    (r"90^{\circ}", "90°"),
    (r"x \leqslant 2", r"x \le 2"),
    ("x ≤ 2", r"x \le 2"),
    (r"12^{\mathrm{th}}", "12"),
    ("the 15th day", "the 15 day"),
    ("1{,}234", "1,234"),
    ("**42**", "42"),
    ("```latex\nx^2\n```", "x^2"),
    (r"\$5", "$5"),
    ("ﬁnite", "finite"),
    ("185\\", "185"),
    ("#### 18", "18"),
]


@pytest.mark.parametrize(("first", "second"), SAME_FORM)
def test_spellings_of_one_answer_have_one_form(first, second):
    assert spelling(normalise(first)) == spelling(normalise(second))


OTHER_FORM = [
    ("10²", "102"),
    ("2½", "21/2"),
    ("4.9 MJ", "4.9 mJ"),
    ("X", "x"),
    ("CO", "Co"),
    (r"\Delta", r"\delta"),
    ("x^{12}", "x^12"),
    ("-5", "5"),
    ("4·9", "4.9"),
    ("$5", "5"),
    ("1 2", "12"),
    ("А", "A"),  # the first is Cyrillic
]


@pytest.mark.parametrize(("first", "second"), OTHER_FORM)
def test_different_answers_keep_different_forms(first, second):
    assert spelling(normalise(first)) != spelling(normalise(second))


def test_amounts_of_money_are_not_mathematics():
    assert normalise("$13.63, $62.50, 18%") == "$13.63, $62.50, 18%"


@pytest.mark.parametrize(
    ("first", "second"), [("PARIS", "Paris"), ("the Mitochondria", "The mitochondria"), ("x + 1", "x+1")]
)
def test_spelling_ignores_word_case_and_spaces(first, second):
    assert spelling(first) == spelling(second)


@given(st.text(max_size=200))
def test_normalise_accepts_any_text(text):
    assert isinstance(normalise(text), str)
