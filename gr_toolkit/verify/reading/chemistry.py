"""Reads chemical formulas, ions, isotopes, reactions and electron configurations, and compares them.

A formula is read only as a whole: a text with one unknown symbol is no formula, and nothing is said about it.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from gr_toolkit.verify.reading.elements import (
    ELEMENT,
    NUMBER_OF,
    compare_configurations,
    compare_isotopes,
    read_nuclide,
)

MAX_LENGTH = 300  # characters

# Elements whose ions may have several atoms: N3- may be an azide or a nitride, but Fe3+ is iron(III).
SEVERAL_ATOMS = frozenset(["H", "D", "C", "N", "O", "P", "S", "I", "Br", "As", "Sb", "Bi", "Se", "Te"])
GROUPS = frozenset(["Ac", "Pr"])  # also acetyl and propyl

# What only changes the look, in the order in which it is rewritten.
REWRITES = [
    (re.compile(r"\\(?:ce|text\w*|math(?:rm|bf|it|sf)|mbox|left|right)(?![A-Za-z])"), ""),
    (re.compile(r"\\q?quad(?![A-Za-z])|\\[,;:! ]|~|\*\*|\$"), " "),
    (re.compile("([⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+)"), r"^{\1}"),
    (re.compile(r"\\(?:cdot|bullet)(?![A-Za-z])|[·•⋅]"), "*"),
    (re.compile(r"\\frac\s*\{(\d+)\}\s*\{(\d+)\}"), r"\1/\2"),
    (re.compile(r"\\?↑|\\uparrow(?![A-Za-z])"), "(g)"),
    (re.compile(r"\\?↓|\\downarrow(?![A-Za-z])"), "(s)"),
]
PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻−–[]", "01234567890123456789+---()")
# A charge after a caret becomes <2+>, so that its sign is no plus or minus.
CARET = re.compile(r"\s*\^\s*(?:\{\s*(\d*)\s*([+-])\s*(\d*)\s*\}|(\d?)([+-])(\d?))")
ARROWS = {
    "both": r"⇌|⇋|↔|⟷|<-{1,2}>|<=>|\\(?:(?:right|left)+harpoons|(?:long)?leftrightarrow)(?![A-Za-z])",
    "one": r"→|⟶|-{1,2}>|=>|\\(?:to|(?:long)?rightarrow)(?![A-Za-z])",
    "equals": "=",
}
ARROW = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in ARROWS.items()), re.IGNORECASE)
PLUS = re.compile(r"\s+\+\s*|(?<=[\w)\]])\+(?=[A-Z\d(^])")
STATE = re.compile(r"[\s_]*\((s|l|g|aq)\)$")
COEFFICIENT = re.compile(r"(\d{1,4}(?:/\d{1,4})?)\s*(?=[A-Z(^e])")
CHARGE = re.compile(r"<(?P<number>\d*)(?P<caret>[+-])>$|(?P<gap>\s?)(?P<digits>\d*)(?P<sign>[+-])$")
TOKEN = re.compile(rf"(?P<element>{ELEMENT})|_?(?P<count>[1-9]\d{{0,3}})|(?P<open>\()|(?P<close>\))")
WRAPPED = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
ABOUT_CHEMISTRY = re.compile(
    r"formula|compound|reaction|reagent|reactant|molecul|chemi|\b(?:cat|an)?ions?\b|\bacid|\bsalt\b"
    r"|\bgas\b|oxid"
    r"|precipitat|\belement\b|\bbase\b|solution of",
    re.IGNORECASE,
)


# Without one of these, a formula may be a word, such as No or In.
FORMULA_SIGN = re.compile(r"[\d₀-₉⁰¹²³⁴-⁹⁺⁻^=>→⟶⇌⇋↔⟷\\+<]|-$")


class Species(NamedTuple):
    """A formula with its charge (0 if none is written) and state of matter (empty if none is written)."""

    formula: str
    atoms: frozenset[tuple[str, int]]
    charge: int
    state: str


Term = tuple[Fraction, Species]  # an amount and a species, such as 2 and H2O


class Reaction(NamedTuple):
    """The terms of both sides, and the arrow between them: → or ⇌, or = for either."""

    sides: tuple[tuple[Term, ...], tuple[Term, ...]]
    arrow: str


def compare_chemistry(reference: str, answer: str, question: str = "") -> bool | None:
    """Return whether both texts are the same formula, reaction, isotope or electron configuration.

    The result is None if either text is anything else, or if the two may mean the same: isomers, hydrates,
    multiples, an ion and its salt. Formulas are different only if the question is about chemistry.
    """
    if max(len(reference), len(answer)) > MAX_LENGTH:
        return None
    if not FORMULA_SIGN.search(reference) and not FORMULA_SIGN.search(answer):
        return None
    gold, given = _plain(reference), _plain(answer)
    for compare in (compare_configurations, compare_isotopes, _compare_reactions):
        decision = compare(gold, given)
        if decision is not None:
            return decision
    return _compare_formulas(gold, given, question)


def _plain(text: str) -> str:
    """Return the text with one spelling of scripts, arrows and brackets, and without braces."""
    for pattern, plain in REWRITES:
        text = pattern.sub(plain, text)
    text = CARET.sub(_charge_in_angles, ARROW.sub(_spaced_arrow, text.translate(PLAIN)))
    text = re.sub("[{}]", "", re.sub(r"([_^]\s*)\{\s*([^{}()]*)\}", r"\1\2 ", text))
    text = re.sub(r"(?<=[\w)])\s+(?=[_^])|(?<=[_^])\s+", "", text)
    return " ".join(text.split()).rstrip(".")


def _spaced_arrow(arrow: re.Match[str]) -> str:
    return {"both": " ⇌ ", "one": " → ", "equals": " = "}[str(arrow.lastgroup)]


def _charge_in_angles(caret: re.Match[str]) -> str:
    before, sign, after = caret.groups()[:3] if caret[2] else caret.groups()[3:]
    return f"<{before or after}{sign}>"


def _compare_reactions(gold: str, given: str) -> bool | None:
    reaction, other = _reaction(gold), _reaction(given)
    if reaction is None or other is None or not _arrows_agree(reaction.arrow, other.arrow):
        return None
    same = all(_same_side(*sides) for sides in zip(reaction.sides, other.sides, strict=True))
    return True if same else None


def _arrows_agree(arrow: str, other: str) -> bool:
    return arrow == other or "=" in (arrow, other)


def _same_side(side: tuple[Term, ...], other: tuple[Term, ...]) -> bool:
    """Whether two sides have the same species in the same amounts, in any order. A state may be left out."""
    rest = list(other)
    for amount, species in side:
        found = next((term for term in rest if term[0] == amount and _same(species, term[1])), None)
        if found is None:
            return False
        rest.remove(found)
    return not rest


def _same(species: Species, other: Species) -> bool:
    states = {species.state, other.state} - {""}
    return species[:3] == other[:3] and len(states) < 2


@lru_cache(maxsize=256)
def _reaction(text: str) -> Reaction | None:
    sides = re.split(" ([⇌→=]) ", text)
    if len(sides) != 3:
        return None
    terms = [[_term(part.strip()) for part in PLUS.split(side)] for side in (sides[0], sides[2])]
    left, right = (tuple(term for term in side if term is not None) for side in terms)
    return Reaction((left, right), sides[1]) if [len(left), len(right)] == [*map(len, terms)] else None


def _compare_formulas(gold: str, given: str, question: str) -> bool | None:
    term, other = _term(gold), _term(given)
    if term is None or other is None:
        return None
    if term[0] == other[0] and _same(term[1], other[1]):
        return True
    differ = term[0] == other[0] == 1 and _surely_differ(term[1], other[1])
    return (
        False if differ and gold.casefold() != given.casefold() and ABOUT_CHEMISTRY.search(question) else None
    )


def _surely_differ(species: Species, other: Species) -> bool:
    """Whether two formulas surely are different substances: no isomers, hydrates, multiples or salts."""
    atoms, others = Counter(dict(species.atoms)), Counter(dict(other.atoms))
    if GROUPS & (atoms.keys() | others.keys()) or bool(species.charge) != bool(other.charge):
        return False
    if atoms == others:
        return species.charge != other.charge
    ratios = {Fraction(atoms[name], others[name] or 1) for name in atoms.keys() | others.keys()}
    if len(ratios) == 1:
        return False
    water = [atoms[name] - others[name] for name in ("H", "O")]
    apart = {name for name in atoms.keys() | others.keys() if atoms[name] != others[name]}
    return not (apart == {"H", "O"} and water[0] == 2 * water[1])


def _term(text: str) -> Term | None:
    """Read a coefficient and a species; None if the text is anything else."""
    match = COEFFICIENT.match(text)
    amount = Fraction(1)
    if match:
        over, _, under = match[1].partition("/")
        if not int(over) or not int(under or 1):
            return None
        amount, text = Fraction(int(over), int(under or 1)), text[match.end() :]
    state = STATE.search(text)
    charged = _charge(text[: state.start()] if state else text)
    if charged is None:
        return None
    body, charge = charged[0].replace(" ", ""), charged[1]
    nuclide = "e" if (body, charge) == ("e", -1) else read_nuclide(body)
    formula = (nuclide, Counter({nuclide: 1})) if nuclide else _formula(body)
    if formula is None:
        return None
    return amount, Species(formula[0], frozenset(formula[1].items()), charge, state[1] if state else "")


def _charge(text: str) -> tuple[str, int] | None:
    """Split a species into its formula and its charge; None if the digits before the sign are ambiguous."""
    match = CHARGE.search(text)
    if match is None:
        return text, 0
    before, sign, digits = text[: match.start()], match["caret"] or match["sign"], match["digits"] or ""
    if match["caret"]:
        digits, below = match["number"], ""
    elif match["gap"]:
        below = ""
    elif before.endswith("_"):
        digits, below = digits[1:], digits[:1]
    elif before in NUMBER_OF:
        if digits and before in SEVERAL_ATOMS:
            return None
        below = ""
    elif len(digits) == 1 or digits.endswith("0"):
        digits, below = "", digits
    else:
        digits, below = digits[-1:], digits[:-1]
    return before + below, int(digits or 1) * (1 if sign == "+" else -1)


def _formula(text: str) -> tuple[str, Counter[str]] | None:
    """The canonical spelling and the atoms of a formula without charge, such as Ca(OH)2 or CuSO4*5H2O."""
    keys: list[str] = []
    atoms: Counter[str] = Counter()
    for number, part in enumerate(re.split(r"\*|(?<=[\w)])\.(?=\d*[A-Z])", text)):
        match = re.match(r"\d*", part) if number else None
        digits = match.group() if match else ""
        read = _part(part[len(digits) :])
        if read is None:
            return None
        keys.append(digits + read[0])
        for name, count in read[1].items():
            atoms[name] += count * int(digits or 1)
    return "*".join(keys), atoms


def _part(text: str) -> tuple[str, Counter[str]] | None:
    if wrapped := WRAPPED.fullmatch(text):  # [Fe(CN)6]
        text = wrapped[1]
    groups: list[Counter[str]] = [Counter()]
    last: Counter[str] | None = None  # what a count multiplies
    position, key = 0, ""
    while match := TOKEN.match(text, position):
        position, kind = match.end(), match.lastgroup
        key += match["count"] or match.group()
        if kind == "open":
            groups.append(Counter())
            last = None
        elif kind == "count":
            if last is None:
                return None
            groups[-1].update({name: count * (int(match["count"]) - 1) for name, count in last.items()})
            last = None
        else:
            if kind == "close" and len(groups) == 1:
                return None
            last = Counter({match["element"]: 1}) if kind == "element" else groups.pop()
            groups[-1].update(last)
    whole = position == len(text) and len(groups) == 1 and groups[0]
    return (key, groups[0]) if whole else None
