"""judged, attempts -> dataset: questions that are solved sometimes but not always, with their pass rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from curate.flow import required
from gr_toolkit.console import Advance, Summary
from gr_toolkit.engine import run_here
from gr_toolkit.settings import CurateSettings, Settings
from gr_toolkit.store import Store
from gr_toolkit.store.tables import DatasetRow, JudgedRow, PairRow


def export(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `dataset` from the questions judged verifiable and their attempts."""

    def export_shard(shard: str, _: Advance) -> list[DatasetRow]:
        pairs = {row["id"]: row for row in store.table("pairs").rows(shard)}
        attempts = store.table("attempts")
        rates = pass_rates(
            zip(attempts.column(shard, "pair_id"), attempts.column(shard, "verdict"), strict=True)
        )
        return [
            dataset_row(judged, pairs[judged["id"]], rates.get(judged["id"]), settings.curate)
            for judged in store.table("judged").rows(shard)
            if judged["kept"]
        ]

    run_here(store, summary, export_shard)


def pass_rates(attempts: Iterable[tuple[object, object]]) -> dict[str, float]:
    """Each pair's share of correct answers among its decided attempts; pairs with none are left out.

    An attempt is the id of its pair and its verdict.
    """
    verdicts: dict[str, list[bool]] = defaultdict(list)
    for pair_id, verdict in attempts:
        if verdict is not None:
            verdicts[str(pair_id)].append(bool(verdict))
    return {pair: sum(decided) / len(decided) for pair, decided in verdicts.items()}


def dataset_row(judged: JudgedRow, pair: PairRow, rate: float | None, settings: CurateSettings) -> DatasetRow:
    """The row of one question. Its split is "dropped" if the question is rejected."""
    reason = why_dropped(rate, settings)
    return {
        "id": judged["id"],
        "question": judged["question"],
        "answer": judged["answer"],
        "answer_type": required(judged["answer_type"], "judged.answer_type"),
        "category": required(judged["category"], "judged.category"),
        "difficulty": required(judged["difficulty"], "judged.difficulty"),
        "pass_rate": rate,
        "url": pair["url"],
        "license": pair["license"],
        "evidence": required(pair["evidence"], "pairs.evidence"),
        "split": "dropped" if reason else split_of(judged["id"], settings.test_share),
        "kept": reason is None,
        "reason": reason,
    }


def why_dropped(rate: float | None, settings: CurateSettings) -> str | None:
    """The reason to reject a question with this pass rate, or None.

    The default is the paper's rule (arXiv 2505.14652, section 2): a question that is never solved is noisy,
    and one that is always solved is too easy.
    """
    if settings.any_pass_rate:
        return None
    if rate is None:
        return "no attempt decided"
    if rate <= settings.min_pass_rate:
        return "never solved" if rate == 0 else "pass rate too low"
    if rate >= settings.max_pass_rate:
        return "always solved" if rate == 1 else "pass rate too high"
    return None


def split_of(pair_id: str, test_share: float) -> str:
    """The split, computed from the id alone, so that a question never changes its split."""
    return "test" if int(pair_id[:8], 16) / 2**32 < test_share else "train"
