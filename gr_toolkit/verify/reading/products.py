"""Products whose factors do not commute: of matrices, of operators, and the cross product of vectors.

All texts are normalised: `\\cross` is the cross product, and `*` is any other product.
"""

from __future__ import annotations

import re

from gr_toolkit.verify.reading.normalise import normalise

INDEX = r"(?:_(?:\{\w+\}|\w))?"
POWER = r"(?:\s*\^\s*(?:\{[^{}]{1,10}\}|-\s*\d|\\[A-Za-z]+|\w|\*))?"
TRANSPOSED = re.compile(
    rf"(?<![A-Za-z\\])[A-Z]{INDEX}\s*\^\s*\{{?\s*(?:T|H|\\top|\\intercal|\\dagger|\\ast)(?![A-Za-z])"
)
INVERSE = re.compile(rf"(?<![A-Za-z\\])([A-Z]){INDEX}\s*\^\s*\{{?\s*-\s*1(?!\d)")
VECTOR = re.compile(r"\\(?:vec|hat|overrightarrow|bar)\s*(?:\{([^{}]*)\}|(\\[A-Za-z]+|\w))")
# A cross or tensor product, a gradient, a bra or a ket, a commutator.
OPERATION = re.compile(r"\\(?:nabla|cross|otimes|[lr]angle)(?![A-Za-z])|\[\s*[A-Z]\s*,\s*[A-Z]\s*\]")
TERM = re.compile(r"[-+=,;<>](?![^{}]*\})")
# Questions in which capital letters may be matrices, and those in which any letters may not commute.
MATRICES = re.compile(
    r"\b(?:matri(?:x|ces)|vectors?|linear (?:maps?|transformations?)|torque|angular momentum"
    r"|transpose|curl)\b",
    re.IGNORECASE,
)
ELEMENTS = re.compile(
    r"\b(?:operators?|commut\w+|non-?commut\w+|quaternions?|cross[- ]product|permutations?|groups?"
    r"|non-?abelian)\b",
    re.IGNORECASE,
)
CAPITALS = re.compile(rf"(?<![A-Za-z\\])[A-Z]{INDEX}{POWER}(?:\s*\*?\s*[A-Z]{INDEX}{POWER})+(?![a-z])")
LETTERS = re.compile(
    rf"(?<![A-Za-z\\])[A-Za-z]{INDEX}{POWER}(?:\s*\*?\s*[A-Za-z]{INDEX}{POWER})+(?![A-Za-z])"
)
FACTOR = re.compile(
    r"\s*(?P<operator>\*|\\cross(?![A-Za-z]))?\s*"
    rf"(?P<name>(?:\\(?:vec|hat|overrightarrow|bar)\s*(?:\{{[^{{}}]{{1,10}}\}}|\\?\w)|\\[A-Za-z]+"
    rf"|[A-Za-z]){INDEX}{POWER})\s*"
)
# Topics of questions in which a cross is the product of two vectors.
VECTOR_TOPIC = re.compile(
    r"\b(?:cross product|vectors?|torque|angular momentum|curl|Lorentz)\b", re.IGNORECASE
)


def keeps_order(text: str, question: str) -> bool:
    """Whether a normalised text has a product whose factors may not commute."""
    if TRANSPOSED.search(text) or OPERATION.search(text) or len(set(INVERSE.findall(text))) > 1:
        return True
    if any(len(set(VECTOR.findall(term))) > 1 for term in TERM.split(text)):
        return True
    if MATRICES.search(question) and CAPITALS.search(text):
        return True
    return bool(ELEMENTS.search(question) and LETTERS.search(text))


def compare_products(reference: str, answer: str, question: str) -> bool | None:
    """Compare two products whose factors may not commute; None if undecided, or if a text is no product.

    The same factors in the same order are equal. Another order is different if the factors are transposed
    matrices, or two vectors with a cross product. A cross product differs from a dot product.
    """
    gold, given = factors(reference), factors(answer)
    if gold is None or given is None or "commut" in question:
        return None
    names, given_names = ([name for _, name in side] for side in (gold, given))
    crosses, given_crosses = ([operator == r"\cross" for operator, _ in side] for side in (gold, given))
    if crosses != given_crosses:
        dotted = all(operator for side in (gold, given) for operator, _ in side[1:])
        return False if dotted and names == given_names else None
    if names == given_names:
        return True
    sure = TRANSPOSED.search(reference) or (len(names) == 2 and crosses[1])
    return False if sure and len(set(names)) == len(names) and sorted(names) == sorted(given_names) else None


def factors(text: str) -> list[tuple[str, str]] | None:
    """Read a product of names: the operator before each factor, or an empty text, and the factor.

    None for any other text, and for a single name.
    """
    found, position = [], 0
    while position < len(text):
        match = FACTOR.match(text, position)
        if match is None:
            return None
        found.append((match["operator"] or "", re.sub(r"[\s{}]", "", match["name"])))
        position = match.end()
    return found if len(found) > 1 else None


def normalise_for(question: str, text: str) -> str:
    """Normalise a text that belongs to a question; in one about vectors, a cross is no multiplication."""
    return normalise(text, vectors=bool(VECTOR_TOPIC.search(question)))
