"""Ask a verifier model with the prompt of TIGER-Lab/general-verifier (arXiv 2505.14652)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakSet

from gr_toolkit.console import say
from gr_toolkit.errors import RequestFailed, ServerUnusable, Unanswered, UnusableReply
from gr_toolkit.verify.forgery import sanitise
from gr_toolkit.verify.judge.decoys import decoy
from gr_toolkit.verify.verdict import Item, Verdict

if TYPE_CHECKING:
    from gr_toolkit.llm import LLM
    from gr_toolkit.llm.messages import Token

PROMPT_VERSION = 2  # part of each cache key: increment it if the prompt or the parsing of replies changes
# The published model was trained on this prompt: do not change a character.
PROMPT = """User: ### Question: {question}

### Ground Truth Answer: {reference}

### Student Answer: {answer}

For the above question, please verify if the student's answer is equivalent to the ground truth answer.
Do not solve the question by yourself; just check if the student's answer is equivalent to the ground truth \
answer.
If the student's answer is correct, output "Final Decision: Yes". If the student's answer is incorrect, \
output "Final Decision: No". Assistant:"""
MAX_REASON = 500  # characters, from the end of the reply
MAX_ANSWER = 2_000  # characters; longer texts are not final answers and would not fit the model's context
# A verdict with a lower confidence is doubtful. Treating P(Yes) between 0.2 and 0.8 as uninformative is a
# convention among users of such verifiers, not a measurement of this one.
MIN_CONFIDENCE = 0.8

EMPHASIS = r"\s*_`\"'“”"  # Markdown and quotes around words; for use inside a character class
DECISION = re.compile(
    rf"[{EMPHASIS}#>-]*final\s*decision[{EMPHASIS}]*[:：][{EMPHASIS}]*(yes|no)[{EMPHASIS}.。!]*",
    re.IGNORECASE,
)
NO_TEXT = re.compile(rf"[{EMPHASIS}#>-]*")

_reported: WeakSet[LLM] = WeakSet()  # second models whose outage has been reported


async def ask_model(llm: LLM, item: Item, second: LLM | None = None, *, decoys: bool = True) -> Verdict:
    """Return the model's verdict, or the second model's verdict if the first one is doubtful.

    A verdict is doubtful if the reply has no decision, or its confidence is below MIN_CONFIDENCE. With
    `decoys`, a yes counts only if the same model says no to the answer for a decoy. Raises BudgetExceeded,
    and the other errors of a request to the first model.
    """
    if len(item.text) > MAX_ANSWER:
        return Verdict(None, "model", None, f"not asked: {len(item.text):,} characters are no final answer")
    judge, verdict = llm, await _ask(llm, verifier_prompt(item.question, item.reference, item.text))
    if second is not None and (verdict.correct is None or is_unsure(verdict)):
        other = await _second_opinion(second, verifier_prompt(item.question, item.reference, item.text))
        judge, verdict = (llm, verdict) if other is None else (second, other)
    return await _tested(judge, item, verdict) if verdict.correct and decoys else verdict


async def _tested(llm: LLM, item: Item, verdict: Verdict) -> Verdict:
    """Return the yes if the model says no to the answer for a decoy; else wrong, or undecided if unknown."""
    other = decoy(item)
    if other is None:
        return verdict._replace(correct=None, confidence=None, reason="no other reference tests this yes")
    check = await _ask(llm, verifier_prompt(item.question, other, item.text))
    if check.correct is None:
        reason = f"the yes is not tested: {check.reason}"
        return verdict._replace(correct=None, confidence=None, reason=reason)
    if check.correct:
        reason = f"the model also accepts the answer for another reference: {other}"
        return Verdict(False, "decoy", None, reason)
    return verdict


def is_unsure(verdict: Verdict) -> bool:
    """Whether the verdict's confidence is known and below MIN_CONFIDENCE."""
    return verdict.confidence is not None and verdict.confidence < MIN_CONFIDENCE


async def _second_opinion(llm: LLM, prompt: str) -> Verdict | None:
    """Return the second model's verdict, or None if it is undecided or the request fails."""
    try:
        verdict = await _ask(llm, prompt)
    except (RequestFailed, Unanswered):
        return None
    except ServerUnusable as error:
        if llm not in _reported:
            _reported.add(llm)
            say(f"doubtful verdicts get no second opinion: {error}")
        return None
    return None if verdict.correct is None else verdict._replace(decided_by="second model")


async def _ask(llm: LLM, prompt: str) -> Verdict:
    """Return one model's verdict; its confidence comes from the reply's logprobs, if there are any.

    A reply that is refused, cut off or without a decision leaves the item undecided.
    """
    try:
        reply = await llm.complete(prompt, logprobs=True, problem=_lacks_decision)
    except UnusableReply as error:
        return Verdict(None, "model", None, str(error))
    decision = bool(read_decision(reply.text))
    return Verdict(decision, "model", confidence(decision, reply.ending), _reason(reply.text))


def _lacks_decision(reply: str) -> str | None:
    return f"no decision in the reply: {_reason(reply)}" if read_decision(reply) is None else None


def _reason(reply: str) -> str:
    return reply.strip()[-MAX_REASON:]


def verifier_prompt(question: str, reference: str, answer: str) -> str:
    """Return the prompt. Text in the student's answer that imitates a part of the prompt is removed."""
    return PROMPT.format(question=question, reference=reference, answer=sanitise(answer))


def read_decision(reply: str) -> bool | None:
    """Return whether the last line of the reply decides yes, or None if the line is not just a decision.

    Markdown around the decision is ignored.
    """
    lines = [line for line in reply.splitlines() if not NO_TEXT.fullmatch(line)]
    match = DECISION.fullmatch(lines[-1]) if lines else None
    return None if match is None else match[1].lower() == "yes"


def confidence(decision: bool, ending: Sequence[Token]) -> float | None:
    """Return the probability of the decision at the token where its word, Yes or No, begins; None if unknown.

    This is P(word) / (P(Yes) + P(No)). Each P is a sum over the tokens that can begin the word, in upper or
    lower case.
    """
    token = _deciding_token("yes" if decision else "no", ending)
    weights = {"yes": 0.0, "no": 0.0}
    for text, logprob in token.logprobs.items() if token else ():
        letters = "".join(filter(str.isalpha, text)).lower()
        for word in weights:
            if letters and word.startswith(letters):
                weights[word] += math.exp(logprob)
    total = sum(weights.values())
    return weights["yes" if decision else "no"] / total if total else None


def _deciding_token(word: str, ending: Sequence[Token]) -> Token | None:
    """Return the token in which the last occurrence of the word begins, or None."""
    text = "".join(token.text for token in ending)
    start = max((found.start() for found in re.finditer(word, text, re.IGNORECASE)), default=-1)
    for token in ending:
        if 0 <= start < len(token.text):
            return token
        start -= len(token.text)
    return None
