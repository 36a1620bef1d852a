"""Is this answer right? One cascade for curation, reward and exam: rules, then mathematics, then a model.

    verify(question, reference, answer)                           # a Verdict, without a model
    await Verifier(llm).verify_many([Item(question, reference, answer), ...])

Names are imported on first use, so that `gr --help` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.cascade import Verifier, verify, verify_many
    from verify.extraction import Extraction, answer_of, extract_answer, solver_prompt
    from verify.opening import open_verifier
    from verify.paper import paper_reward
    from verify.verdict import Item, Verdict

__all__ = [
    "Extraction",
    "Item",
    "Verdict",
    "Verifier",
    "answer_of",
    "extract_answer",
    "open_verifier",
    "paper_reward",
    "solver_prompt",
    "verify",
    "verify_many",
]

_HOMES = {
    "Extraction": "extraction",
    "Item": "verdict",
    "Verdict": "verdict",
    "Verifier": "cascade",
    "answer_of": "extraction",
    "extract_answer": "extraction",
    "open_verifier": "opening",
    "paper_reward": "paper",
    "solver_prompt": "extraction",
    "verify": "cascade",
    "verify_many": "cascade",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'verify' has no attribute {name!r}")
    value: object = getattr(import_module(f"verify.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
