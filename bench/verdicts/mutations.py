"""True pairs of all kinds, and mutations of them whose label is known by construction.

Each case is an answer with its question and reference, and whether it is correct. A mutation changes the
value (another sign, size, unit, order or option), or only its form (a converted unit, a reordered set).
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple


class Case(NamedTuple):
    """An answer, whether it is correct, and the mutation that made it."""

    mutation: str
    question: str
    reference: str
    answer: str
    correct: bool


def cases(pairs: int, seed: int = 0) -> Iterator[Case]:
    """Yield the cases of this many true pairs, each kind in turn; always the same for one seed."""
    draw = Random(seed)
    for number in range(pairs):
        yield from KINDS[number % len(KINDS)](draw)


def _whole(draw: Random) -> Iterator[Case]:
    value = draw.randint(21, 9_999)
    question = draw.choice(["How many tiles are there?", "Find N.", "What is the remainder?", "Evaluate it."])
    yield Case("as it is", question, f"{value}", draw.choice([f"{value}", f"${value}$", f"{value}.0"]), True)
    yield Case("rounded away", question, f"{value}", f"{value + draw.choice([-0.4, 0.3, 0.49])}", False)
    yield Case("half off", question, f"{value}", rf"\frac{{{2 * value + 1}}}{{2}}", False)
    yield Case("negated", question, f"{value}", f"-{value}", False)
    yield Case("one more", question, f"{value}", f"{value + draw.choice([-1, 1])}", False)
    yield Case("power of ten", question, f"{value}", f"{value}0", False)


def _decimal(draw: Random) -> Iterator[Case]:
    value, places = draw.uniform(1, 900), draw.choice([2, 3])
    text, step = f"{value:.{places}f}", 10.0**-places
    question = "What is the mean?"
    yield Case("more digits", question, text, f"{float(text) + step * draw.uniform(-0.4, 0.4):.6f}", True)
    yield Case("5 % off", question, text, f"{float(text) * draw.choice([0.95, 1.05]):.{places}f}", False)
    yield Case("negated", question, text, f"-{text}", False)
    yield Case("point moved", question, text, f"{float(text) * 10:.{places - 1}f}", False)


def _fraction(draw: Random) -> Iterator[Case]:
    under = draw.choice([3, 7, 9, 11, 13])
    over = draw.randrange(1, under)
    reference = rf"\frac{{{over}}}{{{under}}}"
    question = "What is the probability?"
    yield Case("other spelling", question, reference, f"{over}/{under}", True)
    yield Case("ten digits", question, reference, f"{over / under:.10f}", True)
    yield Case("inverted", question, reference, rf"\frac{{{under}}}{{{over}}}", False)
    yield Case("negated", question, reference, rf"-\frac{{{over}}}{{{under}}}", False)
    yield Case("of ten more", question, reference, rf"\frac{{{over}}}{{{under + 10}}}", False)


# A unit, another unit of its dimension, and how many of the other it is.
UNITS = [("m", "km", 0.001), ("kg", "g", 1000), ("J", "kJ", 0.001), ("hours", "minutes", 60),
         ("cm", "m", 0.01), ("L", "mL", 1000), ("MHz", "kHz", 1000), ("m/s", "km/h", 3.6),
         ("kPa", "Pa", 1000), ("weeks", "days", 7),
         ("ft", "in", 12), ("MB/s", "kB/s", 1000), ("kW", "W", 1000), ("mg", "g", 0.001)]  # fmt: skip


def _quantity(draw: Random) -> Iterator[Case]:
    unit, other, factor = draw.choice(UNITS)
    value = draw.randint(2, 400)
    question, reference = "How large is it?", f"{value} {unit}"
    yield Case("unit converted", question, reference, f"{value * factor:.10g} {other}", True)
    yield Case("unit changed", question, reference, f"{value} {other}", False)
    yield Case("other dimension", question, reference, f"{value} lux", False)
    yield Case("negated", question, reference, f"-{value} {unit}", False)
    yield Case("twice", question, reference, f"{2 * value} {unit}", False)


def _money(draw: Random) -> Iterator[Case]:
    value = draw.randint(2, 400)
    yield Case("other spelling", "What does it cost?", f"${value}", f"{value} dollars", True)
    yield Case("in cents", "What does it cost?", f"${value}", f"{value * 100} cents", True)
    yield Case("other currency", "What does it cost?", f"${value}", f"€{value}", False)
    yield Case("cents", "What does it cost?", f"${value}", f"{value} cents", False)


def _roots(draw: Random) -> Iterator[Case]:
    one, two = draw.sample(range(-40, 40), 2)
    question = draw.choice(["Solve the equation for x.", "Find all roots.", "What are the zeros of f?"])
    reference, swapped = f"x = {one} or x = {two}", f"x = {two} or x = {one}"
    yield Case("reordered roots", question, reference, swapped, True)
    yield Case("reordered roots", question, f"{one}, {two}", f"{two}, {one}", True)
    yield Case("root negated", question, reference, f"x = {-one} or x = {two}", one == 0)
    yield Case("root dropped", question, reference, f"x = {one}", False)
    yield Case("root added", question, f"{one}, {two}", f"{one}, {two}, 41", False)


def _named(draw: Random) -> Iterator[Case]:
    one, two = draw.sample(range(1, 400), 2)
    question = draw.choice(
        [
            "Find the mean and the variance.",
            "What are the quotient and remainder?",
            "Solve for a and b.",
            "Find the length and the width, respectively.",
            "What are the coordinates of the vertex?",
            "What are the degrees of freedom (between, within)?",
        ]
    )
    yield Case("in order", question, f"{one}, {two}", f"{one} and {two}", True)
    yield Case("swapped", question, f"{one}, {two}", f"{two}, {one}", False)
    yield Case("swapped", question, f"({one}, {two})", f"({two}, {one})", False)
    yield Case("names kept", question, f"a = {one}, b = {two}", f"b = {two}, a = {one}", True)
    yield Case("names swapped", question, f"a = {one}, b = {two}", f"a = {two}, b = {one}", False)


def _set(draw: Random) -> Iterator[Case]:
    items = draw.sample(range(1, 90), 4)
    turned = items[1:] + items[:1]
    reference = r"\{" + ", ".join(map(str, items)) + r"\}"
    yield Case("set reordered", "", reference, r"\{" + ", ".join(map(str, turned)) + r"\}", True)
    yield Case("item dropped", "", reference, r"\{" + ", ".join(map(str, items[1:])) + r"\}", False)
    yield Case("item added", "", reference, r"\{" + ", ".join(map(str, [*items, 91])) + r"\}", False)
    yield Case("item changed", "", reference, r"\{" + ", ".join(map(str, [*items[1:], 91])) + r"\}", False)


def _interval(draw: Random) -> Iterator[Case]:
    low, high = sorted(draw.sample(range(-50, 50), 2))
    yield Case("as inequality", "Solve the inequality.", f"({low}, {high})", f"{low} < x < {high}", True)
    yield Case("turned", "Solve the inequality.", f"({low}, {high})", f"{high} > x > {low}", True)
    yield Case("end moved", "Solve the inequality.", f"({low}, {high})", f"({low}, {high + 1})", False)
    yield Case("outside", "Solve the inequality.", f"x < {low}", f"x > {low}", False)
    union = rf"(-\infty, {low}) \cup ({high}, \infty)"
    turned = rf"({high}, \infty) \cup (-\infty, {low})"
    yield Case("union reordered", "Solve the inequality.", union, turned, True)


def _expression(draw: Random) -> Iterator[Case]:
    a, b, c = (draw.randint(2, 12) for _ in range(3))
    reference = f"{a}x^2 + {b}x - {c}"
    question = "What is f(x)?"
    yield Case("terms reordered", question, reference, f"-{c} + {b}x + {a}x^2", True)
    yield Case("factor taken out", question, reference, f"x({a}x + {b}) - {c}", True)
    yield Case("with its name", question, f"f(x) = {reference}", reference, True)
    yield Case("sign changed", question, reference, f"{a}x^2 - {b}x - {c}", False)
    yield Case("coefficient changed", question, reference, f"{a + 1}x^2 + {b}x - {c}", False)
    yield Case("power changed", question, reference, f"{a}x^3 + {b}x - {c}", False)


def _line(draw: Random) -> Iterator[Case]:
    a, b = draw.randint(2, 12), draw.randint(1, 12)
    reference = f"y = {a}x + {b}"
    yield Case("turned", "Give the line.", reference, f"{a}x - y + {b} = 0", True)
    yield Case("multiplied", "Give the line.", reference, f"2y = {2 * a}x + {2 * b}", True)
    yield Case("sign changed", "Give the line.", reference, f"y = {a}x - {b}", False)
    yield Case("swapped", "Give the line.", reference, f"x = {a}y + {b}", False)


def _options(draw: Random) -> Iterator[Case]:
    texts = draw.sample(["copper", "a front", "12 m", "the kidney", "basalt", "1848", "an arc"], 4)
    style = draw.choice([("A. ", "ABCD"), ("(a) ", "abcd"), ("(1) ", "1234")])
    labels = [style[0].replace(style[1][0], label).strip() for label in style[1]]
    question = "Which one?\n" + "\n".join(
        f"{label} {text}" for label, text in zip(labels, texts, strict=True)
    )
    right, wrong = draw.sample(range(4), 2)
    reference = labels[right].strip("().") if style[1] == "ABCD" else labels[right]
    yield Case("with its text", question, reference, f"{labels[right]} {texts[right]}", True)
    yield Case("the text", question, reference, texts[right], True)
    yield Case("another option", question, reference, labels[wrong], False)
    yield Case("another text", question, reference, texts[wrong], False)
    yield Case("two options", question, reference, f"{labels[right]} and {labels[wrong]}", False)


def _matrix(draw: Random) -> Iterator[Case]:
    a, b, c, d = draw.sample(range(-20, 20), 4)
    reference = rf"\begin{{pmatrix}}{a}&{b}\\{c}&{d}\end{{pmatrix}}"
    yield Case("other brackets", "Find M.", reference, reference.replace("pmatrix", "bmatrix"), True)
    yield Case(
        "transposed", "Find M.", reference, rf"\begin{{pmatrix}}{a}&{c}\\{b}&{d}\end{{pmatrix}}", False
    )
    yield Case("entry changed", "Find M.", reference, reference.replace(f"{a}&", f"{a + 1}&", 1), False)


def _date(draw: Random) -> Iterator[Case]:
    day, year = draw.randint(13, 28), draw.randint(1500, 2020)
    reference = f"{day} March {year}"
    yield Case("other spelling", "When was it?", reference, f"March {day}, {year}", True)
    yield Case("other day", "When was it?", reference, f"{day - 1} March {year}", False)
    yield Case("other year", "When was it?", reference, f"{day} March {year + 1}", False)


def _boolean(draw: Random) -> Iterator[Case]:
    yes, no = draw.choice([("Yes", "No"), ("True", "False")])
    yield Case("other spelling", "Is it so?", yes, draw.choice([f"{yes}!", yes.lower(), f"{yes}."]), True)
    yield Case("the opposite", "Is it so?", yes, no, False)


def _words(draw: Random) -> Iterator[Case]:
    words = {7: "seven", 12: "a dozen", 15: "fifteen", 40: "forty", 105: "one hundred and five"}
    value, other = draw.sample(sorted(words), 2)
    yield Case("in words", "How many are there?", f"{value}", words[value], True)
    yield Case("another in words", "How many are there?", f"{value}", words[other], False)


KINDS = [_whole, _decimal, _fraction, _quantity, _money, _roots, _named, _set, _interval, _expression, _line,
         _options, _matrix, _date, _boolean, _words]  # fmt: skip
