"""`gr llm cost`: what the ledger holds, by day, step and model, and what is left of the budget."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import cache

from gr_toolkit.console import output_console
from gr_toolkit.llm.spending.ledger import NANO, Entry, Period, nano, read_entries, today
from gr_toolkit.runs.identity import is_alive
from gr_toolkit.settings import Settings


@dataclass
class Cost:
    """The requests of a day, of one step and model or of all; token counts are of their replies."""

    day: str
    step: str = ""
    model: str = ""
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0  # of the output tokens
    cost_usd: float = 0.0
    in_flight_usd: float = 0.0  # the greatest possible cost of requests of runs that are alive
    cut_off_usd: float = 0.0  # the same of runs that were killed; it counts as spent


@dataclass
class Costs:
    """The ledger of the last days, and the budget."""

    rows: list[Cost] = field(default_factory=list)
    days: list[Cost] = field(default_factory=list)
    max_cost_usd: float | None = None
    budget_period: Period = "day"
    left_usd: float | None = None  # of today's budget; None if there is none for the day


def read_costs(settings: Settings, days: int) -> Costs:
    """Read the ledger of the data folder for the last `days` days, today included. Raises StoreError."""
    since = date.today() - timedelta(days=days - 1)
    entries = read_entries(settings.state, since.isoformat())
    alive = cache(lambda run: is_alive(settings.state, run))
    killed = {entry.run for entry in entries if entry.amounts.reserved and not alive(entry.run)}
    limit, period = settings.llm.max_cost_usd, settings.llm.budget_period
    costs = Costs(max_cost_usd=limit, budget_period=period)
    costs.rows = [
        _sum(group, killed, *key) for key, group in _grouped(entries, ("day", "step", "model")).items()
    ]
    costs.days = [_sum(group, killed, *key) for key, group in _grouped(entries, ("day",)).items()]
    if limit is not None and period == "day":
        used = sum(entry.amounts.cost + entry.amounts.reserved for entry in entries if entry.day == today())
        costs.left_usd = max(0, nano(limit) - used) / NANO
    return costs


def _grouped(entries: Sequence[Entry], by: Sequence[str]) -> dict[tuple[str, ...], list[Entry]]:
    """The entries by their values of these fields, in the order of the values."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(tuple(getattr(entry, name) for name in by), []).append(entry)
    return dict(sorted(groups.items()))


def _sum(entries: Sequence[Entry], killed: set[str], day: str, step: str = "", model: str = "") -> Cost:
    amounts = [entry.amounts for entry in entries]
    reserved = sum(amount.reserved for amount in amounts)
    cut_off = sum(entry.amounts.reserved for entry in entries if entry.run in killed)
    return Cost(
        day,
        step,
        model,
        requests=sum(amount.requests for amount in amounts),
        input_tokens=sum(amount.input_tokens for amount in amounts),
        output_tokens=sum(amount.output_tokens for amount in amounts),
        reasoning_tokens=sum(amount.reasoning_tokens for amount in amounts),
        cost_usd=sum(amount.cost for amount in amounts) / NANO,
        in_flight_usd=(reserved - cut_off) / NANO,
        cut_off_usd=cut_off / NANO,
    )


def show_costs(settings: Settings, days: int, *, as_json: bool) -> None:
    """Print the costs of the last `days` days as a table, or as JSON. Raises StoreError."""
    costs = read_costs(settings, days)
    if as_json:
        print(json.dumps(asdict(costs)))
    elif not costs.rows:
        print(f"no model was asked in the last {days} days" if days > 1 else "no model was asked today")
    else:
        _print_table(costs)
        _print_budget(costs)


def _print_table(costs: Costs) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    numbers = ["requests", "input", "output", "reasoning", "cost"]
    uncertain = [
        (heading, name)
        for heading, name in (("in flight", "in_flight_usd"), ("cut off", "cut_off_usd"))
        if any(getattr(row, name) for row in costs.rows)
    ]
    for heading in ("day", "step", "model", *numbers, *(heading for heading, _ in uncertain)):
        is_text = heading in ("day", "step", "model")
        table.add_column(heading, justify="left" if is_text else "right")
    for total in costs.days:
        for row in [*(row for row in costs.rows if row.day == total.day), total]:
            table.add_row(
                row.day,
                row.step or "total",
                row.model,
                *(
                    f"{n:,}"
                    for n in (row.requests, row.input_tokens, row.output_tokens, row.reasoning_tokens)
                ),
                f"${row.cost_usd:.4f}",
                *(f"${getattr(row, name):.4f}" for _, name in uncertain),
                style=None if row.step else "bold",
            )
    output_console().print(table)
    if any(row.cut_off_usd for row in costs.rows):
        print("cut off: requests in flight when their run was killed, at their greatest possible cost")


def _print_budget(costs: Costs) -> None:
    if costs.max_cost_usd is None:
        print("no budget: llm.max_cost_usd is not set")
    elif costs.left_usd is None:
        print(f"budget: ${costs.max_cost_usd:g} for each run")
    else:
        print(f"budget: ${costs.max_cost_usd:g} a day, of which ${costs.left_usd:.4f} is left today")
