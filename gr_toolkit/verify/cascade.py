"""The stages of the cascade, cheapest first: rules, symbolic mathematics, then the verifier model."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from gr_toolkit.console import say
from gr_toolkit.errors import CannotWrite, ModelError, RequestFailed, ServerUnusable, Unanswered
from gr_toolkit.llm.loops import LOOP, gather
from gr_toolkit.verify.cache import verdict_key
from gr_toolkit.verify.extraction.extraction import Extraction, answer_of, extract_answer
from gr_toolkit.verify.judge.model import MAX_ANSWER, ask_model, is_unsure
from gr_toolkit.verify.judge.reliability import UNRELIABLE, Reliability
from gr_toolkit.verify.rules import decide_by_rules, objection_to_yes, worth_symbolic
from gr_toolkit.verify.symbolic.equality import equal_symbolically
from gr_toolkit.verify.verdict import Item, Verdict, question_of

if TYPE_CHECKING:
    from gr_toolkit.llm import LLM
    from gr_toolkit.verify.cache import VerdictCache

__all__ = ["Item", "Verifier", "verify", "verify_many"]

R = TypeVar("R")


def verify(question: str, reference: str, answer: str | Extraction | None) -> Verdict:
    """Return the verdict on an answer or a whole completion. Asks no model. Thread-safe.

    Any text yields a verdict in bounded time. `correct` is None if no stage could decide.
    """
    verdict, open_item = by_rules(Item(question, reference, answer))
    return by_mathematics(open_item) if open_item and is_mathematics(open_item) else verdict


async def verify_many(items: Sequence[Item], llm: LLM | None = None) -> list[Verdict]:
    """Return a verdict for each item, in order. See `Verifier.verify_many`.

    `llm` judges the items that the other stages leave undecided.
    """
    return await Verifier(llm).verify_many(items)


def by_rules(item: Item, binding: bool = True) -> tuple[Verdict, Item | None]:
    """Return the rules' verdict, and an item for the later stages or None.

    The item for the later stages holds the extracted answer, and the options in its question. It is None if
    the rules decided, the reference is empty or the answer is too long. See `decide_by_rules` for `binding`.
    """
    if item.reference.strip() and item.reference.strip() == item.text.strip():
        return Verdict(True, "text", None, "the same text"), None
    stated = item.text.strip() if isinstance(item.answer, Extraction) else answer_of(item.text, item.thinking)
    if not stated:
        return Verdict(False, "no answer", None, "no final answer is stated"), None
    item = item._replace(
        question=question_of(item), options=(), reference=_stated_reference(item.reference), answer=stated
    )
    verdict = decide_by_rules(item, binding)
    is_open = verdict.correct is None and item.reference.strip() and len(stated) <= MAX_ANSWER
    return verdict, item if is_open else None


def reaches_model(item: Item) -> bool:
    """Whether a verifier model is asked about this item if mathematics cannot decide it."""
    return by_rules(item)[1] is not None


def _stated_reference(reference: str) -> str:
    """The answer of a reference that is a whole solution, as in MATH and GSM8K; else the reference."""
    found = extract_answer(reference) if "box" in reference or "\n####" in reference else None
    return found.answer if found and (found.found_by == "box" or "####" in reference) else reference


def is_mathematics(item: Item) -> bool:
    """Whether symbolic mathematics may decide an item that the rules leave undecided."""
    return worth_symbolic(item.reference, item.text, item.question)


def by_mathematics(item: Item, binding: bool = True) -> Verdict:
    """Return the verdict of symbolic mathematics: correct, undecided, or wrong if a guard refuses a yes."""
    verdict = equal_symbolically(item.reference, item.text)
    return (verdict.correct and objection_to_yes(item, binding)) or verdict


@dataclass(eq=False)
class Search:
    """State of concurrent calls for the same item. The first call judges it; the others reuse its outcome."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    verdict: Verdict | None = None
    failure: ModelError | None = None


class Verifier:
    """The cascade with its models and its verdict cache, if any."""

    def __init__(
        self,
        llm: LLM | None = None,
        second: LLM | None = None,
        cache: VerdictCache | None = None,
        *,
        decoys: bool = True,
        binding: bool = True,
    ) -> None:
        """Create a verifier that asks `llm`, and `second` if the verdict of `llm` is doubtful.

        With `decoys`, a yes of a model is tested with another reference. If `binding`, the guards' refusals
        are final; else the model is asked. If there is a model, await verdicts on its event loop: inside
        `run`, `llm.run` or `llm.map`.
        """
        self.decoys = decoys
        self.binding = binding
        self.reliability = Reliability()
        self.llm = llm
        self.second = second
        self.models = [model for model in (llm, second) if model is not None]
        self._cache = cache
        self._searches: WeakValueDictionary[object, Search] = WeakValueDictionary()

    def run(self, coroutine: Coroutine[object, object, R]) -> R:
        """Run `coroutine`, which may await the verifier, on the models' event loop, and return its result."""
        return LOOP.run(coroutine)

    async def verify_many(self, items: Sequence[Item]) -> list[Verdict]:
        """Return a verdict for each item, in order. If a request fails, its item is undecided, never wrong.

        Such a verdict is decided by "error". Raises only errors that the user has to fix: BudgetExceeded,
        UsageError, MissingExtra, and CannotWrite for the response cache.
        """
        ruled = []
        for item in items:
            ruled.append(by_rules(item, self.binding))
            await asyncio.sleep(0)  # lets other tasks run during a long list
        return await gather(_explained(self._run_later_stages(*one)) for one in ruled)

    async def verify_or_explain(self, item: Item) -> Verdict:
        """Return the verdict on one item; without an answer of the model, a verdict that states why."""
        return await _explained(self.verify(item))

    async def verify(self, item: Item) -> Verdict:
        """Return the verdict on one item. Concurrent calls judge equal items only once.

        Raises Unanswered and ServerUnusable if the model did not answer, and the errors of `verify_many`. If
        the server refuses the request, the verdict is decided by "error".
        """
        await asyncio.sleep(0)  # lets other tasks run if the caller awaits many verdicts in a row
        return await self._run_later_stages(*by_rules(item, self.binding))

    async def _run_later_stages(self, verdict: Verdict, item: Item | None) -> Verdict:
        """Return the rules' `verdict`, or the later stages' verdict on `item` if there is one."""
        if item is None:
            return verdict
        symbolic = is_mathematics(item)
        if not symbolic and self.llm is None:
            return verdict
        # Searches are separate for each event loop, because a lock works in one loop only.
        key = (asyncio.get_running_loop(), verdict_key([], item))
        search = self._searches.setdefault(key, Search())
        async with search.turn:
            if search.failure is not None:
                raise search.failure
            if search.verdict is None:
                try:
                    search.verdict = await self._decide(item, symbolic, verdict)
                except ModelError as error:
                    search.failure = error
                    self._searches.pop(key, None)  # later calls ask again
                    raise
            return search.verdict

    async def _decide(self, item: Item, symbolic: bool, verdict: Verdict) -> Verdict:
        """Look for a cached verdict; else ask symbolic mathematics, then the model."""
        rules = [] if self.binding else ["guards do not bind"]
        by_no_model = verdict_key(rules, item)
        if symbolic and (cached := self._read_cache(by_no_model)):
            return cached
        tests = [] if self.decoys else ["no decoys"]
        by_models = verdict_key([*rules, *tests, *(model.identity for model in self.models)], item)
        if self.llm and (cached := self._read_cache(by_models)):
            return self.reliability.checked(cached)
        if symbolic:
            verdict = await asyncio.to_thread(by_mathematics, item, self.binding)
            if verdict.correct is not None:
                self._write_cache(by_no_model, verdict)
                return verdict
        return verdict if self.llm is None else await self._by_model(self.llm, item, by_models)

    async def _by_model(self, llm: LLM, item: Item, key: str) -> Verdict:
        """Ask the model, unless it is unreliable. `key` is the verdict's key in the cache."""
        if self.reliability.is_lost:
            return UNRELIABLE
        try:
            verdict = await ask_model(llm, item, self.second, decoys=self.decoys)
        except RequestFailed as error:
            return Verdict(None, "error", None, str(error))
        verdict = self.reliability.checked(verdict)
        self._write_cache(key, verdict)
        return verdict

    def _read_cache(self, key: str) -> Verdict | None:
        try:
            return self._cache.get(key) if self._cache else None
        except CannotWrite as error:
            self._disable_cache(error)
            return None

    def _write_cache(self, key: str, verdict: Verdict) -> None:
        """Cache a decided verdict. Undecided ones, and doubtful ones without a second verdict, are retried.

        The cache's folder is created only for a model's verdict.
        """
        unconfirmed = self.second is not None and verdict.decided_by == "model" and is_unsure(verdict)
        if self._cache is None or verdict.correct is None or unconfirmed:
            return
        try:
            if verdict.decided_by != "math-verify" or self._cache.has_folder():
                self._cache.put(key, verdict)
        except CannotWrite as error:
            self._disable_cache(error)

    def _disable_cache(self, error: CannotWrite) -> None:
        """Continue without the cache: without it, verdicts take longer, but none is lost."""
        say(f"verdicts are no longer cached: {error}")
        self._cache = None


async def _explained(verdict: Coroutine[object, object, Verdict]) -> Verdict:
    """Return the verdict; without an answer of the model, one that states why."""
    try:
        return await verdict
    except (Unanswered, ServerUnusable) as error:
        return Verdict(None, "error", None, str(error))
