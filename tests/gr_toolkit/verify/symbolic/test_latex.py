"""What is given to the LaTeX reader is found in no time, whatever the text."""

from __future__ import annotations

import string
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gr_toolkit.verify import verify
from gr_toolkit.verify.symbolic.latex import MAX_CHARS, Unreadable, as_latex, refuse_work_left

# What texts are made of that the patterns here take apart in many ways.
PIECES = st.one_of(
    st.sampled_from(
        [*string.printable, r"\frac", r"\sqrt", r"\pm", r"\cdot", r"\sin", "ab", "10", r"\overline{z}"]
    ),
    st.text(max_size=5),
)


def seconds(text: str) -> float:
    """How long it takes to read the text, or to refuse it."""
    began = time.monotonic()
    with suppress(Unreadable):
        refuse_work_left("x", as_latex(text))
    return time.monotonic() - began


def test_many_words_after_a_number_are_refused_in_no_time():
    began = time.monotonic()
    verify("", "42", "1 " + "ab " * 40 + r"\overline{z}")
    assert time.monotonic() - began < 10  # with the start of a worker


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
def test_what_comes_again_and_again_is_read_in_no_time(before, piece, after):
    times = (MAX_CHARS - len(before + after)) // len(piece)
    assert seconds(before + piece * times + after) < 1


@pytest.mark.timeout(60)
@settings(max_examples=150, deadline=2_000)
@given(pieces=st.lists(PIECES, max_size=12), times=st.integers(1, 40))
def test_any_text_is_read_or_refused_in_no_time(pieces, times):
    assert seconds(("".join(pieces) * times)[:MAX_CHARS]) < 1


def test_a_number_with_a_unit_is_refused():
    with pytest.raises(Unreadable, match="unit"):
        as_latex("5 km")
    with pytest.raises(Unreadable, match="unit"):
        as_latex("3 * 10^5 abc / d")
    assert as_latex("5 abc + x")
