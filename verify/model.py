"""The model verifier: the prompt and the verdict line of TIGER-Lab/general-verifier (arXiv 2505.14652)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verify.normalise import INVISIBLE
from verify.verdict import Verdict

if TYPE_CHECKING:
    from llm import LLM

# An interface constant of the published model: every character counts.
PROMPT = """User: ### Question: {question}

### Ground Truth Answer: {reference}

### Student Answer: {answer}

For the above question, please verify if the student's answer is equivalent to the ground truth answer.
Do not solve the question by yourself; just check if the student's answer is equivalent to the ground truth \
answer.
If the student's answer is correct, output "Final Decision: Yes". If the student's answer is incorrect, \
output "Final Decision: No". Assistant:"""
MAX_TOKENS = 2_048
DECISION = re.compile(r"\W*final decision\W*(yes|no)\W*", re.IGNORECASE)
FORGERY = re.compile(r"#{2,}|final\s+decision|ground\s+truth|assistant:", re.IGNORECASE)


async def ask_model(llm: LLM, question: str, reference: str, answer: str) -> Verdict:
    """The model's verdict; None if its reply does not end in one. Raises RequestFailed."""
    reply = await llm.complete(
        verifier_prompt(question, reference, answer), temperature=0.0, max_tokens=MAX_TOKENS
    )
    decision = read_decision(reply.text)
    reason = reply.text.strip()[-500:]
    if decision is None:
        cut = ", cut off" if reply.finish_reason == "length" else ""
        return Verdict(None, "model", f"no decision in the reply{cut}: {reason}")
    return Verdict(decision, "model", reason)


def verifier_prompt(question: str, reference: str, answer: str) -> str:
    """The prompt, with whatever could pass for a part of it taken out of the student's answer."""
    visible = INVISIBLE.sub("", answer)
    return PROMPT.format(
        question=question, reference=reference, answer=" ".join(FORGERY.sub("…", visible).split())
    )


def read_decision(reply: str) -> bool | None:
    """The verdict that is the whole last line of the reply, or None."""
    lines = reply.strip().splitlines()
    match = DECISION.fullmatch(lines[-1].strip()) if lines else None
    return None if match is None else match[1].lower() == "yes"
