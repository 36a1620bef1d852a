"""The model verifier: the prompt and the verdict line of TIGER-Lab/general-verifier (arXiv 2505.14652)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakSet

from gr_toolkit.console import say
from gr_toolkit.errors import RequestFailed, ServerUnusable
from gr_toolkit.verify.verdict import Item, Verdict

if TYPE_CHECKING:
    from gr_toolkit.llm import LLM
    from gr_toolkit.llm.messages import Token

PROMPT_VERSION = 1  # part of every cached verdict's key: raise it with the prompt or the way a reply is read
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
MAX_REASON = 500  # characters; what a model says last
MAX_ANSWER = 2_000  # characters; what is longer is not a final answer, and would not fit the model's context
# A verdict less sure than this is doubtful. That P(Yes) between 0.2 and 0.8 tells little is a custom of those
# who use such verifiers, not a measurement of this one.
SURE = 0.8

# The published prompt has no fences, so its own marks are what must not stand in the student's field:
# headings, the verdict, and who speaks, in words or in the special tokens of chat templates.
FORGERY = re.compile(
    r"#{3,}|final[\W_]*decision|ground[\W_]*truth|student'?s?[\W_]*answer|\b(?:user|assistant)\s*:"
    r"|<\|(?:im|eot|start|end|system|user|assistant)\w*\|>|<(?:start|end)_of_turn>|</?think>|\[/?INST\]",
    re.IGNORECASE,
)
EMPHASIS = r"\s*_`\"'“”"  # what Markdown and quotes put around words; inside a character class
DECISION = re.compile(
    rf"[{EMPHASIS}#>-]*final\s*decision[{EMPHASIS}]*[:：][{EMPHASIS}]*(yes|no)[{EMPHASIS}.。!]*",
    re.IGNORECASE,
)
NO_TEXT = re.compile(rf"[{EMPHASIS}#>-]*")

_told: WeakSet[LLM] = WeakSet()  # second models whose server is down, and who were told to be


async def ask_model(llm: LLM, item: Item, second: LLM | None = None) -> Verdict:
    """The model's verdict, or that of the second one where the first is doubtful; None with the reason.

    Doubtful is a reply without a decision, a decision less sure than SURE, and any about an answer that is
    written like a part of the prompt: without a second opinion, a yes to such an answer is nobody's verdict.
    Raises RequestFailed and ServerUnusable of the first model, and BudgetExceeded.
    """
    answer = item.text
    if len(answer) > MAX_ANSWER:
        return Verdict(None, "model", None, f"not asked: {len(answer):,} characters are no final answer")
    prompt = verifier_prompt(item.question, item.reference, answer)
    verdict = await _ask(llm, prompt)
    forged = is_forged(answer)
    if second is not None and (verdict.correct is None or is_unsure(verdict) or forged):
        other = await _second_opinion(second, prompt)
        if other is not None:
            return other
    if forged and verdict.correct:
        return Verdict(None, "flagged", None, f"written like a part of the prompt: {answer[:200]}")
    return verdict


def is_unsure(verdict: Verdict) -> bool:
    """Whether its model gives it too low a probability."""
    return verdict.confidence is not None and verdict.confidence < SURE


async def _second_opinion(llm: LLM, prompt: str) -> Verdict | None:
    """None where it is none, also of a server that is down; the first verdict then stands as it is."""
    try:
        verdict = await _ask(llm, prompt)
    except RequestFailed:
        return None
    except ServerUnusable as error:
        if llm not in _told:
            _told.add(llm)
            say(f"doubtful verdicts get no second opinion: {error}")
        return None
    return None if verdict.correct is None else verdict._replace(decided_by="second model")


async def _ask(llm: LLM, prompt: str) -> Verdict:
    """One model's verdict; its confidence is the model's own probability, where the server gives it."""
    reply = await llm.complete(prompt, temperature=0.0, max_tokens=MAX_TOKENS, logprobs=True)
    cut_off = reply.finish_reason == "length"
    decision = None if cut_off else read_decision(reply.text)
    reason = reply.text.strip()[-MAX_REASON:]
    if decision is None:
        return Verdict(None, "model", None, f"no decision in the reply{', cut off' * cut_off}: {reason}")
    return Verdict(decision, "model", confidence(decision, reply.ending), reason)


def verifier_prompt(question: str, reference: str, answer: str) -> str:
    """The prompt, with whatever could pass for a part of it taken out of the student's answer."""
    return PROMPT.format(question=question, reference=reference, answer=_fenced(answer))


def is_forged(answer: str) -> bool:
    """Whether something in the answer could pass for a part of the prompt."""
    return FORGERY.search(_plain(answer)) is not None


def _fenced(answer: str) -> str:
    """The answer on one line, without forgeries; one that has none keeps its characters."""
    text = answer
    if is_forged(answer):
        text = _plain(answer)
        while FORGERY.search(text):  # what is left of two, one inside the other, could be a third
            text = FORGERY.sub("…", text)
    return " ".join("".join(c for c in text if unicodedata.category(c) != "Cc" or c.isspace()).split())


def _plain(text: str) -> str:
    """As a reader sees it: no invisible characters, full-width letters as common ones."""
    return unicodedata.normalize(
        "NFKC", "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Mn"))
    )


def read_decision(reply: str) -> bool | None:
    """The verdict that is the whole last line of the reply, Markdown aside, or None."""
    lines = [line for line in reply.splitlines() if not NO_TEXT.fullmatch(line)]
    match = DECISION.fullmatch(lines[-1]) if lines else None
    return None if match is None else match[1].lower() == "yes"


def confidence(decision: bool, ending: Sequence[Token]) -> float | None:
    """The probability of this decision against the other one, where its word began; None if not known.

    P(Yes) / (P(Yes) + P(No)), over the tokens that can begin either word in any spelling.
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
    """The token in which the last of these words begins."""
    text = "".join(token.text for token in ending)
    start = max((found.start() for found in re.finditer(word, text, re.IGNORECASE)), default=-1)
    for token in ending:
        if 0 <= start < len(token.text):
            return token
        start -= len(token.text)
    return None
