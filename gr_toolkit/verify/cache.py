"""Verdicts on disk, so that the same answer to the same question is judged only once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from gr_toolkit.llm.cache import JsonCache
from gr_toolkit.verify.judge.model import MAX_ANSWER, PROMPT_VERSION
from gr_toolkit.verify.reading.products import normalise_for
from gr_toolkit.verify.rules import RULES_VERSION
from gr_toolkit.verify.verdict import Item, Verdict

FILE = "verdicts.sqlite"


def verdict_key(models: Sequence[str], item: Item) -> str:
    """Return the SHA-256 of everything that the verdict on an item depends on.

    The answer is normalised first, so that two spellings of an answer share a verdict.
    """
    answer = normalise_for(item.question, item.text[:MAX_ANSWER]) + item.text[MAX_ANSWER:]
    parts = [RULES_VERSION, PROMPT_VERSION, models, item._replace(answer=answer)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class VerdictCache(JsonCache):
    """An SQLite file of verdicts. Threads and processes may share it. `get` and `put` raise CannotWrite."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "verdicts", "verdict cache", "verify.cache = false")

    def get(self, key: str) -> Verdict | None:
        """Return the stored verdict, or None if it is missing or malformed."""
        match self.read(key):
            case [bool() as correct, str() as decider, int() | float() | None as confidence, str() as reason]:
                return Verdict(correct, decider, confidence, reason)
        return None

    def put(self, key: str, verdict: Verdict) -> None:
        """Store a decided verdict."""
        self.write(key, list(verdict))
