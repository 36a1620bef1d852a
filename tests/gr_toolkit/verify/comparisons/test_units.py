"""Units: recognising them, and converting between them."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gr_toolkit.verify.comparisons.units import convert, read_unit
from gr_toolkit.verify.reading.normalise import normalise

SAME_UNIT = [
    ("m", "meters", "metre", r"\text{ m}"),
    ("m/s^2", "m/s²", "m s^-2", "m s^{-2}", "m·s⁻²", "meters per second squared", "m/s/s", "m/(s^2)"),
    ("N*m", "N m", "N·m", "newton-meters", "N.m", r"N \cdot m"),
    ("kJ/mol", "kJ mol^{-1}", r"\mathrm{kJ} \mathrm{~mol}^{-1}", "kJ mol-1", "kJ/mole"),
    ("J/(mol K)", "J/mol*K", "J/mol-K", "J K<sup>-1</sup> mol<sup>-1</sup>", "J mol⁻¹ K⁻¹"),
    ("square meters", "meter^2", "sq. m", "m2", "m²", "meters squared"),
    ("ft^3", "ft³", "cubic feet", "cu ft"),
    ("Btu/hr-ft", "Btu/(hr)(ft)", "BTU/(hr ft)"),
    ("°C", r"^\circ C", r"^{\circ}\text{C}", "degrees Celsius", "deg C", "℃"),
    ("°", "degrees", "degree", r"^\circ"),
    ("GeV/c^2", "GeV/c²"),
    ("μN", "µN", r"\mu N", "micronewtons"),
    ("lb", "lbs", "pounds"),
    ("lb force", "lbf", "pounds-force"),
    ("dollars", "$", "USD", r"\$", "US dollars"),
    ("%", r"\%", "percent", "per cent"),
    ("kΩ", r"k\Omega", "kiloohms"),
    ("mm Hg", "mmHg"),
    ("g-mol", "mol", "gmol", "gram-moles"),
    ("kWh", "kilowatt-hours", "kW h", "kilowatt hour"),
    ("s^-1", "1/s", "/s", "sec^-1", "s^(-1)"),
    ("in", "in.", "inches"),
    ("L", "l", "liters", "litre"),
]

CONVERSIONS = [
    (1, "km", "m", 1000),
    (1, "J", "N*m", 1),
    (20, "°C", "°F", 68),
    (20, "degrees", "°F", 68),
    (25, "C", "K", Fraction("298.15")),
    (1, "J/K", "J/°C", 1),
    (2, "hours", "minutes", 120),
    (5, "dollars", "cents", 500),
    (60, "rpm", "Hz", 1),
    (60, "rpm", "min^-1", 60),
    (5, "rad/s", "s^-1", 5),
    (5, "Hz", "s^-1", 5),
    (36, "km/h", "m/s", 10),
    (1, "atm", "torr", 760),
    (1, "cal", "J", Fraction("4.184")),
    (1, "kWh", "MJ", Fraction("3.6")),
    (1, "M", "mol/dm^3", 1),
    (1, "mL", "cc", 1),
    (1, "ft", "in", 12),
    (1, "tonne", "kg", 1000),
    (1, "gauss", "T", Fraction(1, 10_000)),
    (1, "lb/in^2", "psi", 1),
]

DIFFERENT_DIMENSIONS = [
    ("m", "kg"),
    ("m", "m^2"),
    ("dollars", "euros"),
    ("£", "€"),
    ("%", "rad"),
    ("J", "W"),
    ("dB", "Pa"),
    ("mol", "g"),
    ("N", "kg"),
]

NOUNS = re.findall(
    r"\w+",
    """
apple point stroke automobile dog cat house person people man men woman child student teacher book page car
bus train plane ship goat helicopter candle genotype chromosome neuron cell gene species tree leaf branch root
flower seed egg bird fish cow horse sheep pig ball game goal team player card die dice coin ticket box bag
bottle can plate spoon chair table door window wall floor room building street town city country state river
lake sea island mountain stone rock star planet moon sun cloud storm word letter sentence paragraph chapter
question answer problem solution way path step turn cycle side edge vertex corner circle square triangle row
column group set element member vote pit at am any text more times ton tons Calories
""",
)


@pytest.mark.parametrize("spellings", SAME_UNIT, ids=lambda spellings: spellings[0])
def test_spellings_of_one_unit_are_equal(spellings):
    first = read_unit(spellings[0])
    assert first is not None
    for spelling in spellings:
        for text in (spelling, normalise(spelling)):
            unit = read_unit(text)
            assert unit is not None, text
            assert convert(Fraction(1), unit, first) == convert(Fraction(1), first, first), text


@pytest.mark.parametrize(("value", "old", "new", "expected"), CONVERSIONS)
def test_conversions_are_exact_and_reversible(value, old, new, expected):
    source, target = read_unit(old), read_unit(new)
    assert convert(Fraction(value), source, target) == expected
    assert convert(Fraction(expected), target, source) == value


def test_angles_and_cycles_convert_to_radians():
    assert convert(180.0, read_unit("°"), read_unit("rad")) == pytest.approx(3.14159265358979)
    assert convert(1.0, read_unit("Hz"), read_unit("rad/s")) == pytest.approx(6.28318530717959)


@pytest.mark.parametrize(("one", "other"), DIFFERENT_DIMENSIONS)
def test_units_of_different_dimensions_do_not_convert(one, other):
    assert convert(Fraction(5), read_unit(one), read_unit(other)) is None
    assert convert(Fraction(5), read_unit(other), read_unit(one)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("mJ", "MJ"), ("J", "kJ"), ("nm", "mm"), ("ft", "in"), ("s", "ms"), ("g/L", "kg/L"), ("m/s", "km/h")],
)
def test_related_units_have_different_sizes(one, other):
    assert convert(Fraction(5), read_unit(one), read_unit(other)) not in (None, 5)


@pytest.mark.parametrize("noun", [form for noun in NOUNS for form in (noun, f"{noun}s")])
def test_noun_is_not_a_unit(noun):
    assert read_unit(noun) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "c",
        "PA",
        "N2",
        "H2O",
        "(m/s)^2",
        "m^99",
        "m^0",
        "m/s^-1",
        "kg/(m/s)",
        "Tm",
        "m; import os",
        "m^9^9",
    ],
)
def test_text_other_than_a_plain_unit_is_none(text):
    assert read_unit(text) is None


@given(st.text(max_size=80) | st.text("mskgJN*/^()- 0123456789{}\\°", max_size=70))
def test_any_text_is_a_unit_or_none(text):
    unit = read_unit(text)
    assert unit is None or convert(Fraction(3), unit, unit) == 3


def test_result_too_large_for_a_float_is_none():
    huge, tiny = read_unit("ly^12 pc^12"), read_unit("nm^12 fm^12")
    assert convert(1.0, huge, tiny) is None


def test_prefix_conversions_do_not_load_pint_and_threads_agree():
    program = (
        "import sys; from gr_toolkit.verify.comparisons.units import convert, read_unit as u;"
        "assert convert(1.0, u('km'), u('m')) == 1000.0; assert 'pint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: convert(Fraction(1), read_unit("mile"), read_unit("m")), range(64)))
    assert set(results) == {Fraction("1609.344")}
