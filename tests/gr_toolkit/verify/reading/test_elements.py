"""Isotopes and electron configurations."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.reading.chemistry import compare_chemistry
from gr_toolkit.verify.reading.elements import NUMBER_OF, SYMBOL_OF
from gr_toolkit.verify.reading.normalise import normalise

CASES = [
    ("cobalt-60", "^{60}_{27}Co", True),
    ("cobalt-60", "Co-60", True),
    ("cobalt-60", "⁶⁰Co", True),
    ("cobalt-60", r"{}_{27}^{60}\text{Co}", True),
    ("cobalt-60", "Cobalt - 60", True),
    ("cobalt-60", "^{60}_{28}Co", None),  # nickel's number
    ("cobalt-60", "cobalt-59", False),
    ("^{60}Co", "^{60}Ni", False),
    ("B-12", "C-12", None),  # may be anything
    ("plan-9", "plan-10", None),
    ("1s^2 2s^2 2p^4", "1s²2s²2p⁴", True),
    ("1s^2 2s^2 2p^4", "2p^4 1s^{2} 2s^{2}", True),
    ("[Ar] 4s^2 3d^6", "[Ar] 3d^6 4s^2", True),
    ("[Ne] 3s^2", "1s^2 2s^2 2p^6 3s^2", True),
    ("[Ne] 3s^2", "[Ne] 3s^1", False),
    ("1s^2 2s^2 2p^4", "1s^2 2s^2 2p^3", False),
    ("[Ne] 3s^2 3p^1", "3s^2 3p^1", None),  # the valence shell only
    ("1s^3 2s^2", "1s^2 2s^2", None),  # impossible
    ("1s22s22p4", "1s^2 2s^2 2p^4", None),
    ("1s^2 1s^2", "1s^2 2s^2", None),
]


@pytest.mark.parametrize(("one", "other", "expected"), CASES)
def test_isotopes_and_configurations(one, other, expected):
    for pair in [(one, other), (other, one), (normalise(one), normalise(other))]:
        assert compare_chemistry(*pair) is expected


def test_elements_are_numbered_in_order():
    assert [NUMBER_OF[symbol] for symbol in ("H", "Ne", "Fe", "Ag", "Lu", "Au", "U", "Lr")] == [
        1, 10, 26, 47, 71, 79, 92, 103,
    ]  # fmt: skip
    assert (SYMBOL_OF["tungsten"], SYMBOL_OF["aluminum"], SYMBOL_OF["lawrencium"]) == ("W", "Al", "Lr")
