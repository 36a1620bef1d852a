"""pairs -> duplicates: the pairs whose question repeats an earlier one.

Dedup is global. Each shard is signed once (`signatures`); then the shards are resolved in order against
all that were resolved before, so that an older pair is never evicted by a newer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from curate.flow import pairs_left
from gr_toolkit.console import Advance, Summary
from gr_toolkit.engine import run_here
from gr_toolkit.settings import Settings
from gr_toolkit.similarity import NearDuplicates, Signature, sign
from gr_toolkit.store import Store
from gr_toolkit.store.table import Row


def dedup(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `duplicates` (and `signatures`) from the pending shards of `pairs`."""

    def sign_shard(shard: str, _: Advance) -> list[Row]:
        pairs = pairs_left(store, shard)
        return [
            {"id": pair["id"], **signature._asdict(), "kept": True, "reason": None}
            for pair, signature in zip(pairs, sign(str(pair["question"]) for pair in pairs), strict=True)
        ]

    def resolve_shard(shard: str, _: Advance) -> list[Row]:
        return duplicates_in(_signatures(store, shard), seen)

    signing = Summary(step=summary.step, table="signatures")
    try:
        run_here(store, signing, sign_shard)
    finally:
        summary.seconds += signing.seconds
    seen = _resolved_before(store, settings.curate.similarity)
    run_here(store, summary, resolve_shard)


def duplicates_in(pairs: Sequence[tuple[str, Signature]], seen: NearDuplicates) -> list[Row]:
    """A row for each pair that repeats one seen before; the others become seen."""
    rows: list[Row] = []
    for pair_id, signature in pairs:
        match = seen.find(signature)
        if match is None:
            seen.add(pair_id, signature)
            continue
        why = "exact" if match.exact else "near"
        rows.append(
            {
                "id": pair_id,
                "kept_id": match.id,
                "similarity": match.similarity,
                "why": why,
                "kept": False,
                "reason": f"{why} duplicate",
            }
        )
    return rows


def _resolved_before(store: Store, threshold: float) -> NearDuplicates:
    seen = NearDuplicates(threshold)
    duplicates = store.table("duplicates")
    signed = set(store.table("signatures").shards())
    for shard in duplicates.shards():
        repeated = {row["id"] for row in duplicates.rows(shard, ["id"])}
        for pair_id, signature in _signatures(store, shard) if shard in signed else ():
            if pair_id not in repeated:
                seen.add(pair_id, signature)
    return seen


def _signatures(store: Store, shard: str) -> list[tuple[str, Signature]]:
    rows = store.table("signatures").rows(shard, ["id", *Signature._fields])
    return [
        (str(row["id"]), Signature(str(row["guard"]), str(row["digest"]), cast(list[int], row["minhash"])))
        for row in rows
    ]
