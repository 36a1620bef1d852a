"""The cascade in order of cost: rules, symbolic mathematics, then the verifier model."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from gr_toolkit.console import say
from gr_toolkit.errors import CannotWrite, RequestFailed, ServerUnusable
from gr_toolkit.loops import outside_loop
from gr_toolkit.verify.cache import verdict_key
from gr_toolkit.verify.model import MAX_ANSWER, ask_model, is_unsure
from gr_toolkit.verify.reading.extraction import Extraction, answer_of, extract_answer
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import decide_by_rules, why_not_yes, worth_symbolic
from gr_toolkit.verify.symbolic.equality import equal_symbolically
from gr_toolkit.verify.verdict import Item, Verdict

if TYPE_CHECKING:
    from gr_toolkit.llm import LLM
    from gr_toolkit.verify.cache import VerdictCache

__all__ = ["Item", "Verifier", "verify", "verify_many"]

R = TypeVar("R")


def verify(question: str, reference: str, answer: str | Extraction | None) -> Verdict:
    """The verdict on an answer, or on a student's whole text, without a model; from any thread.

    Total: any text in, a verdict out, in bounded time. `correct` is None where nobody could decide.
    """
    verdict, open_item = by_rules(Item(question, reference, answer))
    return by_mathematics(open_item) if open_item and is_mathematics(open_item) else verdict


async def verify_many(items: Sequence[Item], llm: LLM | None = None) -> list[Verdict]:
    """A verdict for each item, in order, with a model's help if there is one; as `Verifier.verify_many`."""
    return await Verifier(llm).verify_many(items)


def by_rules(item: Item) -> tuple[Verdict, Item | None]:
    """The rules' verdict, and, where it is open and others may know better, what to ask them about."""
    if item.reference.strip() and item.reference.strip() == item.text.strip():
        return Verdict(True, "text", 1.0, "the same text"), None
    stated = item.text.strip() if isinstance(item.answer, Extraction) else answer_of(item.text)
    if not stated:
        return Verdict(False, "no answer", 1.0, "no final answer is stated"), None
    item = Item(item.question, _in_the_box(item.reference), stated)
    verdict = decide_by_rules(item.question, item.reference, stated)
    is_open = verdict.correct is None and item.reference.strip() and len(stated) <= MAX_ANSWER
    return verdict, item if is_open else None


def _in_the_box(reference: str) -> str:
    """The reference; where it is a whole solution (as in MATH) the answer in its box."""
    found = extract_answer(reference) if "box" in reference else None
    return found.answer if found and found.found_by == "box" else reference


def is_mathematics(item: Item) -> bool:
    """Whether symbolic mathematics may know more of it than the rules."""
    return worth_symbolic(item.reference, item.text)


def by_mathematics(item: Item) -> Verdict:
    """The verdict of symbolic mathematics: yes or None."""
    verdict = equal_symbolically(item.reference, item.text)
    doubt = verdict.correct and why_not_yes(item.question, normalise(item.reference), normalise(item.text))
    return Verdict(None, "rules", None, doubt) if doubt else verdict


@dataclass(eq=False)
class Search:
    """A verdict that is being looked for; who wants the same waits for its turn, and finds it."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    verdict: Verdict | None = None


class Verifier:
    """The cascade with its models, or with none, and with the verdicts that it has given before."""

    def __init__(
        self, llm: LLM | None = None, second: LLM | None = None, cache: VerdictCache | None = None
    ) -> None:
        """`second` is asked where the verdict of `llm` is doubtful.

        With a model, verdicts are awaited in its loop: inside `run`, `llm.run` or `llm.map`.
        """
        self.llm = llm
        self.second = second
        self.models = [model for model in (llm, second) if model is not None]
        # Why the models' server cannot be used, until it answers again; for steps that had better stop.
        self.failure: ServerUnusable | None = None
        self._cache = cache
        self._searches: WeakValueDictionary[object, Search] = WeakValueDictionary()
        # Who asks the model now, and why it was given up.
        self._asks: dict[asyncio.Task[Verdict], ServerUnusable | None] = {}

    def run(self, coroutine: Coroutine[object, object, R]) -> R:
        """The result of a coroutine that awaits the verifier, on the event loop of its model."""
        return self.llm.run(coroutine) if self.llm else outside_loop(lambda: asyncio.run(coroutine))

    async def verify_many(self, items: Sequence[Item]) -> list[Verdict]:
        """A verdict for each item, in order; one that cannot be had is None with the reason, never "wrong".

        A server that is down, slow, or replies with anything at all is such a reason. Raised is only what
        the user has to mend: BudgetExceeded, UsageError, MissingExtra, and CannotWrite of the replies.
        """
        ruled = []
        for item in items:
            ruled.append(by_rules(item))
            await asyncio.sleep(0)  # a long list lets others run, too
        # These begin together, so that the first to find a server down can give up all the others.
        tasks = [asyncio.ensure_future(self._look_further(*one)) for one in ruled]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def verify(self, item: Item) -> Verdict:
        """The verdict on one item, as `verify_many`. The same item at the same time is looked into once."""
        await asyncio.sleep(0)  # who asks for many verdicts, one after the other, lets others run, too
        return await self._look_further(*by_rules(item))

    async def _look_further(self, verdict: Verdict, open_item: Item | None) -> Verdict:
        """The verdict of the rules, or what it becomes where they leave it open."""
        if open_item is None:
            return verdict
        symbolic = is_mathematics(open_item)
        if not symbolic and self.llm is None:
            return verdict
        key = verdict_key([model.identity for model in self.models], open_item)
        # A lock belongs to the loop that waits for it, and several threads may have loops.
        search = self._searches.setdefault((asyncio.get_running_loop(), key), Search())
        async with search.turn:
            if search.verdict is None:
                search.verdict = self._recall(key)
            if search.verdict is None:
                search.verdict = await self._find(open_item, symbolic, verdict)
                self._keep(key, search.verdict)
            return search.verdict

    async def _find(self, item: Item, symbolic: bool, verdict: Verdict) -> Verdict:
        """What becomes of the rules' open verdict."""
        if symbolic:
            verdict = await asyncio.to_thread(by_mathematics, item)
        if verdict.correct is None and self.llm is not None:
            verdict = await self._ask(self.llm, item)
        return verdict

    async def _ask(self, llm: LLM, item: Item) -> Verdict:
        """The model's verdict. The first to find its server unusable gives up all who ask it now."""
        known = self.failure
        ask = asyncio.ensure_future(ask_model(llm, item, self.second))
        self._asks[ask] = None
        try:
            (outcome,) = await asyncio.gather(ask, return_exceptions=True)
        finally:
            given_up = self._asks.pop(ask)
        if isinstance(outcome, Verdict):
            if self.failure is known:  # what failed since was asked later, and says more of the server
                self.failure = None
            return outcome
        if isinstance(outcome, ServerUnusable):
            self.failure = outcome
            for other in self._asks:
                self._asks[other] = outcome
                other.cancel()
        elif isinstance(outcome, asyncio.CancelledError):
            outcome = given_up or outcome
        elif not isinstance(outcome, RequestFailed):
            raise outcome
        return Verdict(None, "error", None, str(outcome))

    def _recall(self, key: str) -> Verdict | None:
        try:
            return self._cache.get(key) if self._cache else None
        except CannotWrite as error:
            self._go_without(error)
            return None

    def _keep(self, key: str, verdict: Verdict) -> None:
        """Keep what was decided; undecided verdicts are retried later.

        Creates the state folder only for a model's verdict.
        """
        no_opinion = self.second is not None and verdict.decided_by == "model" and is_unsure(verdict)
        if self._cache is None or verdict.correct is None or no_opinion:
            return
        try:
            if verdict.decided_by != "math-verify" or self._cache.has_folder():
                self._cache.put(key, verdict)
        except CannotWrite as error:
            self._go_without(error)

    def _go_without(self, error: CannotWrite) -> None:
        """A cache that fails costs time, and no verdict."""
        say(f"verdicts are not kept from here on: {error}")
        self._cache = None
