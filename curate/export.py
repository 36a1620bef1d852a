"""attempts -> dataset: the questions that are neither always nor never solved, with their pass rate."""

from __future__ import annotations

from collections import defaultdict

from gr_toolkit.console import Advance, Summary
from gr_toolkit.engine import run_here
from gr_toolkit.settings import CurateSettings, Settings
from gr_toolkit.store import Store
from gr_toolkit.store.table import Row


def export(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `dataset` from the questions judged verifiable and their attempts."""

    def one_shard(shard: str, _: Advance) -> list[Row]:
        pairs = {row["id"]: row for row in store.table("pairs").rows(shard)}
        rates = pass_rates(store.table("attempts").rows(shard, ["pair_id", "verdict"]))
        return [
            dataset_row(judged, pairs[judged["id"]], rates.get(str(judged["id"])), settings.curate)
            for judged in store.table("judged").rows(shard)
            if judged["kept"]
        ]

    run_here(store, summary, one_shard)


def pass_rates(attempts: list[dict[str, object]]) -> dict[str, float]:
    """The share of right answers among the decided attempts of each pair that has any."""
    verdicts: dict[str, list[bool]] = defaultdict(list)
    for attempt in attempts:
        if attempt["verdict"] is not None:
            verdicts[str(attempt["pair_id"])].append(bool(attempt["verdict"]))
    return {pair: sum(decided) / len(decided) for pair, decided in verdicts.items()}


def dataset_row(
    judged: dict[str, object], pair: dict[str, object], rate: float | None, settings: CurateSettings
) -> Row:
    """The row of one question; split is "dropped" where it is turned down."""
    reason = why_dropped(rate, settings)
    return {
        "id": judged["id"],
        "question": judged["question"],
        "answer": judged["answer"],
        "answer_type": judged["answer_type"],
        "category": judged["category"],
        "difficulty": judged["difficulty"],
        "pass_rate": rate,
        "url": pair["url"],
        "license": pair["license"],
        "evidence": pair["evidence"],
        "split": "dropped" if reason else split_of(str(judged["id"]), settings.test_share),
        "kept": reason is None,
        "reason": reason,
    }


def why_dropped(rate: float | None, settings: CurateSettings) -> str | None:
    """The reason to turn down a question of this pass rate, or None.

    By default the paper's rule (arXiv 2505.14652, section 2): solved never, it is noisy; always, too easy.
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
    """Train or test by the id alone, so that a question never changes its split."""
    return "test" if int(pair_id[:8], 16) / 2**32 < test_share else "train"
