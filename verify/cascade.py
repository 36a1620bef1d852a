"""The cascade: rules first, and the verifier model for what they abstain on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from errors import RequestFailed
from verify.model import ask_model
from verify.rules import decide_by_rules
from verify.verdict import Verdict

if TYPE_CHECKING:
    from llm import LLM


class Item(NamedTuple):
    """One answer to judge; answer is None where the completion states none."""

    question: str
    reference: str
    answer: str | None


class Verifier:
    """The cascade with its model, or with the rules alone where `llm` is None."""

    def __init__(self, llm: LLM | None) -> None:
        self.llm = llm

    async def verify_many(self, items: Sequence[Item]) -> list[Verdict]:
        """A verdict for each item, in order.

        One that the model cannot give is None with the reason; it is never turned into "wrong".
        """
        return list(await asyncio.gather(*(self._verify(item) for item in items)))

    async def _verify(self, item: Item) -> Verdict:
        if item.answer is None:
            return Verdict(False, "no answer", "the completion states no final answer")
        verdict = decide_by_rules(item.reference, item.answer)
        if verdict.correct is not None or self.llm is None:
            return verdict
        try:
            return await ask_model(self.llm, item.question, item.reference, item.answer)
        except RequestFailed as error:
            return Verdict(None, "error", str(error))
