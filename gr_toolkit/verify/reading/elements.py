"""The chemical elements, and what is written about one atom: its isotope and its electron configuration."""

from __future__ import annotations

import re

# The elements in the order of their atomic numbers, from 1.
NAMES = """
hydrogen helium lithium beryllium boron carbon nitrogen oxygen fluorine neon sodium magnesium aluminium
silicon phosphorus sulfur chlorine argon potassium calcium scandium titanium vanadium chromium manganese iron
cobalt nickel copper zinc gallium germanium arsenic selenium bromine krypton rubidium strontium yttrium
zirconium niobium molybdenum technetium ruthenium rhodium palladium silver cadmium indium tin antimony
tellurium iodine xenon caesium barium lanthanum cerium praseodymium neodymium promethium samarium europium
gadolinium terbium dysprosium holmium erbium thulium ytterbium lutetium hafnium tantalum tungsten rhenium
osmium iridium platinum gold mercury thallium lead bismuth polonium astatine radon francium radium actinium
thorium protactinium uranium neptunium plutonium americium curium berkelium californium einsteinium fermium
mendelevium nobelium lawrencium
"""
SYMBOLS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr
Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir
Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr
"""
NUMBER_OF = {symbol: number for number, symbol in enumerate(SYMBOLS.split(), start=1)} | {"D": 1}
SYMBOL_OF = dict(zip(NAMES.split(), SYMBOLS.split(), strict=True)) | {
    "aluminum": "Al",
    "sulphur": "S",
    "cesium": "Cs",
}
ELEMENT = "|".join(sorted(NUMBER_OF, key=len, reverse=True))  # a pattern
NUCLIDE = re.compile(
    rf"(?:\^(\d{{1,3}})(?: ?_(-?\d{{1,3}}))?|_(-?\d{{1,3}}) ?\^(\d{{1,3}})) ?({ELEMENT}|[nep])"
)
PARTICLES = {"n": 0, "e": -1, "p": 1}
HYPHENATED = re.compile(r"([A-Za-z]{1,14})\s?-\s?(\d{1,3})")
SHELL = re.compile(r"([1-8][spdf])\^?(\d{1,2})")
CONFIGURATION = re.compile(r"(?:\((He|Ne|Ar|Kr|Xe|Rn)\))? ?((?:[1-8][spdf]\^?\d{1,2} ?)+)")
CORES = {
    "He": "1s2", "Ne": "1s2 2s2 2p6", "Ar": "1s2 2s2 2p6 3s2 3p6", "Kr": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6",
    "Xe": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 5s2 5p6",
    "Rn": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 5s2 5p6 4f14 5d10 6s2 6p6",
}  # fmt: skip
ELECTRONS = {"s": 2, "p": 6, "d": 10, "f": 14}  # the most that a subshell holds


def compare_configurations(gold: str, given: str) -> bool | None:
    """Return whether two plain texts are the same electron configuration; None if one is anything else."""
    shells, other = _configuration(gold), _configuration(given)
    if shells is None or other is None:
        return None
    # A part of a configuration may be the valence shell.
    return True if shells == other else None if shells <= other or other <= shells else False


def _configuration(text: str) -> frozenset[tuple[str, str]] | None:
    """The subshells with their electrons: the pairs (1s, 2) and (2s, 1) for [He] 2s^1."""
    match = CONFIGURATION.fullmatch(text)
    if match is None:
        return None
    shells = SHELL.findall(f"{CORES.get(match[1] or '', '')} {match[2]}")
    names = {name for name, _ in shells}
    possible = 1 < len(names) == len(shells) and all(int(held) <= ELECTRONS[name[1]] for name, held in shells)
    return frozenset(shells) if possible else None


def compare_isotopes(gold: str, given: str) -> bool | None:
    """Return whether two plain texts name one isotope, as ^14_6C and carbon-14; None if one names none."""
    isotope, other = _isotope(gold), _isotope(given)
    if isotope is None or other is None:
        return None
    written_out = any("^" in text or len(text.split("-")[0]) > 2 for text in (gold, given))
    return True if isotope == other else False if written_out else None  # C-4 is not always carbon


def _isotope(text: str) -> str | None:
    """The isotope that the whole text names, as 14C for carbon-14; None for any other text."""
    if match := HYPHENATED.fullmatch(text):
        symbol = SYMBOL_OF.get(match[1].casefold(), match[1])
        return f"{match[2]}{symbol}" if symbol in NUMBER_OF else None
    return read_nuclide(text)


def read_nuclide(text: str) -> str | None:
    """Return mass number and symbol of a nuclide or particle, as 14C for ^14_6C; None for other text."""
    match = NUCLIDE.fullmatch(text)
    if match is None:
        return None
    mass, number, symbol = match[1] or match[4], match[2] or match[3], match[5]
    expected = PARTICLES.get(symbol, NUMBER_OF.get(symbol))
    return f"{mass}{symbol}" if number in (None, str(expected)) else None
