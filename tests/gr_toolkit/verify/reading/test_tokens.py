"""Tokens of an expression: numbers, products of letters, known names, and unreadable words."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.reading.tokens import Unreadable, tokens

READ = [
    ("2 + x", "2 + x"),
    ("1,234.5+1", "1234.5 + 1"),
    (".5", ".5"),
    ("2.", None),
    ("12,34", "12 , 34"),
    ("x**2", "x ^ 2"),
    (r"\{x\}+1", r"\{ x \} + 1"),
    ("(x|y_1:50%!°&)", "( x | y _ 1 : 50 % ! ° & )"),
    # a space is a token only between digits
    ("2 1/2", "2 _ 1 / 2"),
    ("2 x", "2 x"),
    ("x 2", "x 2"),
    # products of letters
    ("2ab", "2 a b"),
    ("2xyz", "2 x y z"),
    ("2abcd", "2 a b c d"),
    ("2ace", "2 a c e"),  # each letter follows by one or two places
    ("2acf", None),
    ("2cab", None),  # not ascending: a word
    ("2aab", None),
    ("2abcde", None),
    ("2ba", "2 b a"),
    ("2of", None),  # two letters that form a word
    ("2x'", "2 x'"),
    ("2xy'", "2 x y'"),
    ("2αβ", r"2 alpha beta"),
    ("2xα", "2 x alpha"),
    # known names, and names after one or two letters
    ("2sin x", "2 sin x"),
    ("2asin x", "2 arcsin x"),
    ("2Ln x", "2 ln x"),
    ("2alpha", "2 alpha"),
    ("2varphi", "2 varphi"),
    ("2inf", "2 infinity_as_written"),
    ("2xsin y", "2 x sin y"),
    ("2xysin z", "2 x y sin z"),
    ("2xyzsin w", None),
    ("2kpi", "2 k pi"),
    ("2rsqrt3", None),  # a digit after letters
    ("2sqrt3", "2 sqrt 3"),
    ("x2+1", None),
    ("sin2+1", "sin 2 + 1"),
    (r"\frac12", r"\frac 12"),
    # words without mathematics
    ("x", "x"),
    ("ab", None),
    ("sin", None),
    ("sin x", None),
    ("Paris", None),
    # other characters
    ("2 $", None),
    ("2 < x", None),
    ("2ж", None),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_tokens(text, expected):
    if expected is None:
        with pytest.raises(Unreadable):
            list(tokens(text))
    else:
        found = " ".join("_" if token == " " else token for token in tokens(text))
        assert found == expected.replace("infinity_as_written", "inf")
