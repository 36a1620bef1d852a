"""Verdicts on disk, so that the same answer to the same question costs once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from gr_toolkit.llm.cache import JsonCache
from gr_toolkit.verify.model import PROMPT_VERSION
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import RULES_VERSION
from gr_toolkit.verify.verdict import Item, Verdict

FILE = "verdicts.sqlite"


def verdict_key(models: Sequence[str], item: Item) -> str:
    """SHA-256 of all that a verdict depends on: who gives it, and the item, however its answer is spelt."""
    answer = normalise(item.text)
    parts = [RULES_VERSION, PROMPT_VERSION, models, item.question, item.reference, answer]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class VerdictCache(JsonCache):
    """One SQLite file that several threads and processes may share. `get` and `put` raise CannotWrite."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "verdicts", "verdict cache", "verify.cache = false")

    def get(self, key: str) -> Verdict | None:
        """The stored verdict; None where there is none, or something else."""
        match self.read(key):
            case [bool() as correct, str() as decider, int() | float() | None as confidence, str() as reason]:
                return Verdict(correct, decider, confidence, reason)
        return None

    def put(self, key: str, verdict: Verdict) -> None:
        """Store a verdict that was decided."""
        self.write(key, list(verdict))
