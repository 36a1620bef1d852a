"""Is this answer right? One cascade for curation, reward and exam: cheap rules, then a model.

verdict = decide_by_rules(reference="0.5", answer="1/2")      # rules alone
verdicts = await Verifier(llm).verify_many([Item(question, reference, answer), ...])
"""

from verify.cascade import Item, Verifier
from verify.extraction import extract_answer, solver_prompt
from verify.rules import decide_by_rules
from verify.verdict import Verdict

__all__ = ["Item", "Verdict", "Verifier", "decide_by_rules", "extract_answer", "solver_prompt"]
