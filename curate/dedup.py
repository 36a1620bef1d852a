"""pairs -> duplicates: pairs whose question repeats an earlier question.

Deduplication is global. First, each shard's questions get signatures (table `signatures`), once. Then each
shard is compared with itself and all earlier shards, so a newer pair never replaces an older one.
"""

from __future__ import annotations

from collections.abc import Sequence

from curate.flow import pairs_reaching
from gr_toolkit.console import Advance, Summary, say
from gr_toolkit.engine import run_here
from gr_toolkit.errors import CorruptShard, OutdatedShard
from gr_toolkit.settings import Settings
from gr_toolkit.similarity import NearDuplicates, Signature, sign
from gr_toolkit.store import Store
from gr_toolkit.store.aside import set_aside
from gr_toolkit.store.table import REPLACED
from gr_toolkit.store.tables import VERSIONS, DuplicateRow, SignatureRow


def dedup(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `duplicates` (and `signatures`) from the pending shards of `pairs`."""

    def sign_shard(shard: str, _: Advance) -> list[SignatureRow]:
        pairs = pairs_reaching(store, "signatures", shard)
        signatures = sign(pair.question for pair in pairs)
        return [signature_row(pair.id, one) for pair, one in zip(pairs, signatures, strict=True)]

    def find_duplicates(shard: str, _: Advance) -> list[DuplicateRow]:
        return duplicates_in(_signatures(store, shard), seen)

    _set_aside_other_signatures(store)
    signing = Summary(step=summary.step, table="signatures")
    try:
        run_here(store, signing, sign_shard)
    finally:
        summary.seconds += signing.seconds
    seen = _pairs_of_earlier_runs(store, settings.curate.similarity)
    run_here(store, summary, find_duplicates)


def _set_aside_other_signatures(store: Store) -> None:
    """Set aside the signatures of another algorithm, which cannot be compared with ours, to sign again."""
    others = [shard for shard in store.table("signatures").shards() if _is_other(store, shard)]
    if others:
        with store.table("duplicates").writing():  # no other dedup may be reading them
            set_aside(store, ["signatures"], others, REPLACED)
        say(f"the pairs of {len(others)} shards are signed again: their signatures have another version")


def _is_other(store: Store, shard: str) -> bool:
    try:
        return store.table("signatures").versions(shard).algorithm != VERSIONS["signatures"].algorithm
    except OutdatedShard:
        return True
    except CorruptShard as error:  # it has been moved aside
        say(str(error))
        return False


def signature_row(pair_id: str, signature: Signature) -> SignatureRow:
    """The row of `signatures` for one pair."""
    return {
        "id": pair_id,
        "guard": signature.guard,
        "digest": signature.digest,
        "minhash": list(signature.minhash),
        "kept": True,
        "reason": None,
    }


def duplicates_in(pairs: Sequence[tuple[str, Signature]], seen: NearDuplicates) -> list[DuplicateRow]:
    """A row for each pair that repeats a pair in `seen`. The other pairs are added to `seen`."""
    rows: list[DuplicateRow] = []
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


def _pairs_of_earlier_runs(store: Store, threshold: float) -> NearDuplicates:
    """An index of all pairs in the finished shards, except duplicates."""
    seen = NearDuplicates(threshold)
    duplicates = store.table("duplicates")
    signed = set(store.table("signatures").shards())
    for shard in duplicates.shards():
        repeated = set(duplicates.column(shard, "id"))
        for pair_id, signature in _signatures(store, shard) if shard in signed else ():
            if pair_id not in repeated:
                seen.add(pair_id, signature)
    return seen


def _signatures(store: Store, shard: str) -> list[tuple[str, Signature]]:
    rows = store.table("signatures").rows(shard)
    return [(row["id"], Signature(row["guard"], row["digest"], row["minhash"])) for row in rows]
