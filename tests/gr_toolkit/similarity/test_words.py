from __future__ import annotations

import pytest

from gr_toolkit.similarity.words import guard, plain


def guard_of(text: str) -> str:
    return guard(plain(text))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (r"$6 \times 3$", "6 × 3"),
        ("6 * 3", "6 × 3"),
        (r"$6 \div 3$", "6 ÷ 3"),
        ("half of it, ½", "half of it, 1/2"),
        ("f(−5)", "f(-5)"),
        ("7 – 2", "7 - 2"),
        (r"$a \cdot b$", "a ⋅ b"),
        (r"$a \leq b$", "a <= b"),
        (r"$a \geqslant b$", "a ≥ b"),
        (r"$a \neq b$", "a != b"),
        (r"$\sqrt{2}$", "√2"),
        (r"$5\%$", "5 percent"),
        ("1,200.50 euros", "1200.5 euros"),
        ("in one hour", "in 1 hour"),
        ("This one: which one of the three is it?", "Which of the three is it?"),
        ("Thanks!! Find 2 + 2.", "Find 2 + 2"),
        ("a well-known fact - or is it?", "a well known fact, or is it?"),
    ],
)
def test_different_notations_have_the_same_guard(first, second):
    assert guard_of(first) == guard_of(second)


@pytest.mark.parametrize(
    ("text", "numbers_and_operators"),
    [
        ("A 12 V battery drives 0.50 A through R_1.", "12 0.5 1"),
        (r"$\left(x - 1\right) \times \alpha$", "- 1 *"),
        ("n! and 5! but not an exclamation!", "! 5 !"),
        ("a one-eyed cat of the two", "1 2"),
    ],
)
def test_a_guard_is_the_numbers_and_operators_in_order(text, numbers_and_operators):
    assert guard_of(text) == numbers_and_operators
