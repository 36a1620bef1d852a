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

from gr_toolkit.verify.quantities.units import (
    COUNTED_UNITS,
    CURRENCIES,
    OTHER_MEANINGS,
    VAGUE_UNITS,
    conversions,
    convert,
    read_unit,
)
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
    ("Mbit/s", "Mbps", "megabits per second", "Mb/s"),
    ("kB", "KB", "kilobytes"),
    ("MiB", "mebibytes"),
    ("kvar", "kVAr", "kVAR"),
    ("kWh", "kwh", "KWH"),
    ("troy ounces", "ozt", "troy-ounce"),
    ("acre-feet", "acre foot"),
    ("ft-lb", "ft*lb", "foot-pounds", "ft lbf"),
    ("light-seconds", "light second"),
    ("decades", "decade"),
    ("CHF", "Swiss francs"),
    ("C$", "CAD", "Canadian dollars"),
    ("₩", "won", "KRW"),
    ("₽", "roubles", "rubles", "RUB"),
    ("zloty", "PLN"),
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
    (8, "Mbps", "kB/s", 1000),
    (2, "KiB", "bytes", 2048),
    (3, "MiB", "KiB", 3072),
    (3, "MB", "kB", 3000),
    (2, "stone", "lb", 28),
    (3, "fortnights", "weeks", 6),
    (5, "furlongs", "chains", 50),
    (4, "rods", "chain", 1),
    (5, "carats", "g", 1),
    (2, "ksi", "psi", 2000),
    (3, "kips", "lbf", 3000),
    (2, "therms", "Btu", 200_000),
    (1, "long ton", "lb", 2240),
    (1, "short ton", "lb", 2000),
    (1, "barrel", "gal", 42),
    (2, "centuries", "decades", 20),
    (3, "rad", "cGy", 3),
    (100, "rem", "Sv", 1),
    (4, "dioptres", "m^-1", 4),
    (75, "pence", "£", Fraction(3, 4)),
    (75, "cents", "A$", Fraction(3, 4)),
    (7, "$", "NZ$", 7),
    (7, "pounds", "£", 7),
    (7, "francs", "CHF", 7),
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
    ("£", "lb"),
    ("US$", "A$"),
    ("CHF", "€"),
    ("₹", "¥"),
    ("kvar", "kW"),
    ("kVA", "kW"),
    ("MB", "MB/s"),
    ("kat", "mol"),
]

NOUNS = re.findall(
    r"\w+",
    """
apple point stroke automobile dog cat house person people man men woman child student teacher book page car
bus train plane ship goat helicopter candle genotype chromosome neuron cell gene species tree leaf branch root
flower seed egg bird fish cow horse sheep pig ball game goal team player card die dice coin ticket box bag
bottle can plate spoon chair table door window wall floor room building street town city country state river
lake sea island mountain rock star planet moon sun cloud storm word letter sentence paragraph chapter
question answer problem solution way path step turn cycle side edge vertex corner circle square triangle row
column group set element member vote pit at am any text more times ton tons Calories
stones pair pairs dozen score gross hand hands b quads
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
    [
        ("mJ", "MJ"),
        ("J", "kJ"),
        ("nm", "mm"),
        ("ft", "in"),
        ("s", "ms"),
        ("g/L", "kg/L"),
        ("m/s", "km/h"),
        ("MB", "Mb"),
        ("mW", "MW"),
        ("kB", "KiB"),
        ("ounce", "troy ounce"),
        ("lb", "stone"),
    ],
)
def test_related_units_have_different_sizes(one, other):
    assert convert(Fraction(5), read_unit(one), read_unit(other)) not in (None, 5)


# One unit may have several sizes: a value in another unit is surely wrong only if no size yields it.
SIZES = [
    (1, "GB", "MB", [1000, 1024]),
    (1, "GB", "GiB", [1]),
    (64, "kB", "bytes", [64_000, 65_536]),
    (1, "month", "days", [28, 30, 31, Fraction("30.4375")]),
    (2, "years", "days", [730, Fraction("730.5")]),
    (5, "hundredweight", "lb", [500, 560]),
]


@pytest.mark.parametrize(("value", "old", "new", "expected"), SIZES)
def test_all_sizes_of_a_unit_are_tried(value, old, new, expected):
    assert set(expected) <= set(conversions(Fraction(value), read_unit(old), read_unit(new)))


def test_only_some_pairs_of_units_have_several_sizes():
    for old, new in [("KiB", "bytes"), ("kg", "g"), ("L", "mL"), ("km", "m"), ("h", "s")]:
        assert len(set(conversions(Fraction(1), read_unit(old), read_unit(new)))) == 1


@pytest.mark.parametrize(
    ("old", "new", "reading", "difference"),
    [
        ("°C", "K", Fraction("283.15"), 10),
        ("°C", "°F", 50, 18),
        ("K", "°C", Fraction("-263.15"), 10),
    ],
)
def test_temperature_is_a_reading_or_a_difference(old, new, reading, difference):
    source, target = read_unit(old), read_unit(new)
    assert next(conversions(Fraction(10), source, target)) == reading
    assert next(conversions(Fraction(10), source, target, difference=True)) == difference


def test_lists_of_units_name_known_units():
    lists = VAGUE_UNITS | COUNTED_UNITS | CURRENCIES | OTHER_MEANINGS.keys()
    assert {"dollar", "euro", "penny"} <= CURRENCIES <= COUNTED_UNITS
    assert all(read_unit(text) for others in OTHER_MEANINGS.values() for text in others if text != "1")
    assert all(read_unit(name) for name in lists)


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
        "import sys; from gr_toolkit.verify.quantities.units import convert, read_unit as u;"
        "assert convert(1.0, u('km'), u('m')) == 1000.0; assert 'pint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: convert(Fraction(1), read_unit("mile"), read_unit("m")), range(64)))
    assert set(results) == {Fraction("1609.344")}
