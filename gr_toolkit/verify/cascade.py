"""The stages of the cascade, cheapest first: rules, symbolic mathematics, then the verifier model."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from gr_toolkit.console import say
from gr_toolkit.errors import CannotWrite, RequestFailed, ServerUnusable
from gr_toolkit.llm.loops import outside_loop
from gr_toolkit.verify.cache import verdict_key
from gr_toolkit.verify.model import MAX_ANSWER, ask_model, is_unsure
from gr_toolkit.verify.reading.extraction import Extraction, answer_of, extract_answer
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import decide_by_rules, objection, worth_symbolic
from gr_toolkit.verify.symbolic.equality import equal_symbolically
from gr_toolkit.verify.verdict import Item, Verdict

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


def by_rules(item: Item) -> tuple[Verdict, Item | None]:
    """Return the rules' verdict, and an item for the later stages or None.

    The item for the later stages holds the extracted answer. It is None if the rules decided, the reference
    is empty or the answer is too long.
    """
    if item.reference.strip() and item.reference.strip() == item.text.strip():
        return Verdict(True, "text", 1.0, "the same text"), None
    stated = item.text.strip() if isinstance(item.answer, Extraction) else answer_of(item.text)
    if not stated:
        return Verdict(False, "no answer", 1.0, "no final answer is stated"), None
    item = Item(item.question, _boxed_answer(item.reference), stated)
    verdict = decide_by_rules(item.question, item.reference, stated)
    is_open = verdict.correct is None and item.reference.strip() and len(stated) <= MAX_ANSWER
    return verdict, item if is_open else None


def _boxed_answer(reference: str) -> str:
    """The answer in the box of a reference that is a whole solution, as in MATH; else the reference."""
    found = extract_answer(reference) if "box" in reference else None
    return found.answer if found and found.found_by == "box" else reference


def is_mathematics(item: Item) -> bool:
    """Whether symbolic mathematics may decide an item that the rules leave undecided."""
    return worth_symbolic(item.reference, item.text)


def by_mathematics(item: Item) -> Verdict:
    """Return the verdict of symbolic mathematics: correct or undecided."""
    verdict = equal_symbolically(item.reference, item.text)
    doubt = verdict.correct and objection(item.question, normalise(item.reference), normalise(item.text))
    return Verdict(None, "rules", None, doubt) if doubt else verdict


@dataclass(eq=False)
class Search:
    """State of concurrent calls for the same item. The first call judges it; the others reuse `verdict`."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    verdict: Verdict | None = None


class Verifier:
    """The cascade with its models and its verdict cache, if any."""

    def __init__(
        self, llm: LLM | None = None, second: LLM | None = None, cache: VerdictCache | None = None
    ) -> None:
        """Create a verifier that asks `llm`, and `second` if the verdict of `llm` is doubtful.

        If there is a model, await verdicts on its event loop: inside `run`, `llm.run` or `llm.map`.
        """
        self.llm = llm
        self.second = second
        self.models = [model for model in (llm, second) if model is not None]
        # The error of an unusable model server; None again after the server's next answer. Pipeline steps
        # read this field to stop early.
        self.failure: ServerUnusable | None = None
        self._cache = cache
        self._searches: WeakValueDictionary[object, Search] = WeakValueDictionary()
        # Maps each model request in flight to the error that cancelled it, or None.
        self._in_flight: dict[asyncio.Task[Verdict], ServerUnusable | None] = {}

    def run(self, coroutine: Coroutine[object, object, R]) -> R:
        """Run `coroutine`, which may await the verifier, on the model's event loop, and return its result."""
        return self.llm.run(coroutine) if self.llm else outside_loop(lambda: asyncio.run(coroutine))

    async def verify_many(self, items: Sequence[Item]) -> list[Verdict]:
        """Return a verdict for each item, in order. If a request fails, its item is undecided, never wrong.

        A request fails if the server is down or slow, or if the response is invalid. Raises only errors that
        the user has to fix: BudgetExceeded, UsageError, MissingExtra, and CannotWrite for the response cache.
        """
        ruled = []
        for item in items:
            ruled.append(by_rules(item))
            await asyncio.sleep(0)  # lets other tasks run during a long list
        # All tasks start together: the first one that finds the server down cancels the others' requests.
        tasks = [asyncio.ensure_future(self._run_later_stages(*one)) for one in ruled]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def verify(self, item: Item) -> Verdict:
        """Return the verdict on one item; see `verify_many`. Concurrent calls judge equal items only once."""
        await asyncio.sleep(0)  # lets other tasks run if the caller awaits many verdicts in a row
        return await self._run_later_stages(*by_rules(item))

    async def _run_later_stages(self, verdict: Verdict, open_item: Item | None) -> Verdict:
        """Return the rules' `verdict`, or the later stages' verdict on `open_item` if there is one."""
        if open_item is None:
            return verdict
        symbolic = is_mathematics(open_item)
        if not symbolic and self.llm is None:
            return verdict
        key = verdict_key([model.identity for model in self.models], open_item)
        # Searches are separate for each event loop, because a lock works in one loop only.
        search = self._searches.setdefault((asyncio.get_running_loop(), key), Search())
        async with search.turn:
            if search.verdict is None:
                search.verdict = self._read_cache(key)
            if search.verdict is None:
                search.verdict = await self._decide(open_item, symbolic, verdict)
                self._write_cache(key, search.verdict)
            return search.verdict

    async def _decide(self, item: Item, symbolic: bool, verdict: Verdict) -> Verdict:
        """Ask symbolic mathematics, then the model, about an item that the rules left undecided."""
        if symbolic:
            verdict = await asyncio.to_thread(by_mathematics, item)
        if verdict.correct is None and self.llm is not None:
            verdict = await self._ask(self.llm, item)
        return verdict

    async def _ask(self, llm: LLM, item: Item) -> Verdict:
        """Return the model's verdict. If the server is unusable, cancel all other requests in flight."""
        known = self.failure
        request = asyncio.ensure_future(ask_model(llm, item, self.second))
        self._in_flight[request] = None
        try:
            (outcome,) = await asyncio.gather(request, return_exceptions=True)
        finally:
            cancelled_by = self._in_flight.pop(request)
        if isinstance(outcome, Verdict):
            if self.failure is known:  # if not, another request has failed meanwhile, which is newer evidence
                self.failure = None
            return outcome
        if isinstance(outcome, ServerUnusable):
            self.failure = outcome
            for other in self._in_flight:
                self._in_flight[other] = outcome
                other.cancel()
        elif isinstance(outcome, asyncio.CancelledError):
            outcome = cancelled_by or outcome
        elif not isinstance(outcome, RequestFailed):
            raise outcome
        return Verdict(None, "error", None, str(outcome))

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
