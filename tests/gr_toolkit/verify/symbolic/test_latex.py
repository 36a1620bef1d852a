"""Any text is prepared for the LaTeX parser, or refused, quickly."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gr_toolkit.verify import verify
from gr_toolkit.verify.symbolic.latex import MAX_CHARS, Unreadable, as_latex, refuse_unevaluated

pytestmark = pytest.mark.timeout(60)  # each test takes a second; exponential time would never end

# Pieces of texts that the patterns can match in many ways.
PIECES = st.one_of(
    st.sampled_from(
        [*string.printable, r"\frac", r"\sqrt", r"\pm", r"\cdot", r"\sin", "ab", "10", r"\overline{z}"]
    ),
    st.text(max_size=5),
)


def read_or_refuse(text: str) -> None:
    with suppress(Unreadable):
        refuse_unevaluated("x", as_latex(text))


def test_many_words_after_a_number_are_refused_quickly():
    assert verify("", "42", "1 " + "ab " * 40 + r"\overline{z}").correct is not True


@pytest.mark.parametrize(
    "piece",
    [
        *("1 ", "ab ", "1", "1.", "1,", " ", "-", "a{", "}", "(", "(,", "|", "| ", "/1", "^1", "^{1}"),
        *(r"\sin_1", r"\pm", r"\frac", r"\frac{1}{2}", r"\binom ", "),", "and ", ", or"),
    ],
)
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("1 ", r"\overline{z}"), ("(1", "!"), (r"\sin", "@")]
)
def test_repeated_pieces_are_read_quickly(before, piece, after):
    times = (MAX_CHARS - len(before + after)) // len(piece)
    read_or_refuse(before + piece * times + after)


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), times=st.integers(1, 40))
def test_any_text_is_read_or_refused_quickly(pieces, times):
    read_or_refuse(("".join(pieces) * times)[:MAX_CHARS])


def test_a_number_with_a_unit_is_refused():
    with pytest.raises(Unreadable, match="unit"):
        as_latex("5 km")
    with pytest.raises(Unreadable, match="unit"):
        as_latex("3 * 10^5 abc / d")
    assert as_latex("5 abc + x")
