"""Judge answers with one cascade of stages: rules, sympy, then a model.

Curation, rewards and evaluation all use this cascade.

    verify(question, reference, answer)                           # a Verdict; asks no model
    await Verifier(llm).verify_many([Item(question, reference, answer), ...])

Names are imported on first use, so that `gr --help` stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gr_toolkit.lazy import lazy_names

if TYPE_CHECKING:
    from gr_toolkit.verify.cascade import Verifier, verify, verify_many
    from gr_toolkit.verify.extraction.extraction import Extraction, answer_of, extract_answer, solver_prompt
    from gr_toolkit.verify.extraction.paper import paper_reward
    from gr_toolkit.verify.opening import open_verifier
    from gr_toolkit.verify.reward import answer_reward
    from gr_toolkit.verify.verdict import Item, Verdict

__all__ = [
    "Extraction",
    "Item",
    "Verdict",
    "Verifier",
    "answer_of",
    "answer_reward",
    "extract_answer",
    "open_verifier",
    "paper_reward",
    "solver_prompt",
    "verify",
    "verify_many",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Extraction": "extraction.extraction",
        "Item": "verdict",
        "Verdict": "verdict",
        "Verifier": "cascade",
        "answer_of": "extraction.extraction",
        "answer_reward": "reward",
        "extract_answer": "extraction.extraction",
        "open_verifier": "opening",
        "paper_reward": "extraction.paper",
        "solver_prompt": "extraction.extraction",
        "verify": "cascade",
        "verify_many": "cascade",
    },
)
