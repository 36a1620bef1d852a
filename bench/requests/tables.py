"""The measurements of the model client as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from statistics import median

from bench.requests.clients import AT_ONCE, TITLES
from bench.requests.rates import Recovery, Shares
from bench.requests.scenarios import Scenario
from bench.verdicts.tables import table

CPU_GOAL, RATE_GOAL = 1.2, 0.95
RECOVERY_GOAL = 5.0  # seconds

Turns = Mapping[str, Sequence[float]]  # a figure of each client, turn by turn


def cpu(requests: int, seconds: Turns) -> str:
    """CPU per request as a ratio to the openai client's: the median over the turns, and the range."""
    lines = []
    for client in seconds:
        ratios = times(seconds[client], seconds["openai"])
        found = median(ratios)
        goal = "" if client.startswith("openai") else _goal(f"<= {CPU_GOAL}", found <= CPU_GOAL)
        lines.append([TITLES[client], f"{found:.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}", goal])
    title = f"CPU per request, {AT_ONCE} in flight at 50 ms, {requests:,} requests, {_turns(seconds)}"
    return table(title, ["client", "x openai client", "range", "goal"], lines)


def rate(requests: int, ideal: float, rates: Mapping[str, float]) -> str:
    """Requests per second at 1 s latency, as a share of the ideal.

    A client that takes no time itself reaches less than the ideal, because the last round is not full.
    """
    lines = []
    for client, found in rates.items():
        goal = _goal(f">= {percent(RATE_GOAL)}", found / ideal >= RATE_GOAL) if client == "ours" else ""
        lines.append([TITLES[client], f"{100 * found / ideal:.1f}", goal])
    most = requests / AT_ONCE / ceil(requests / AT_ONCE)
    lines.append(["a client that takes no time", f"{100 * most:.1f}", ""])
    title = f"Rate at 1 s latency, {requests:,} requests, {AT_ONCE} in flight"
    return table(title, ["client", f"of {ideal:.0f} requests/s, %", "goal"], lines)


def limiter(seconds: float, found: Mapping[Scenario, Mapping[str, Shares]]) -> str:
    """The share of the best rate of each server that the clients reach. The goal is for the whole run."""
    lines = []
    for scenario, shares in found.items():
        ours, fixed = shares["ours"], shares["fixed"]
        best = scenario.yardstick
        lines.append(
            [
                scenario.title,
                _halves(ours),
                _halves(fixed),
                f"{best:.0f}/s" if isinstance(best, float) else best,
                _goal(f">= {percent(scenario.goal)}", ours.whole >= scenario.goal),
                str(ours.most_in_flight),
                f"{ours.failed} / {fixed.failed}",
                f"{percent(ours.cpu)} / {percent(fixed.cpu)}",
            ]
        )
    header = [
        "server",
        "gr: % whole / second half",
        "fixed: % whole / second half",
        "of",
        "goal",
        "gr: most in flight",
        "failed, gr / fixed",
        "CPU %, gr / fixed",
    ]
    return table(f"Limit of the requests in flight, {seconds:g} s each", header, lines)


def bursts(found: Mapping[str, Mapping[str, Recovery]]) -> str:
    """The seconds until the rate has recovered from a burst of refusals."""
    lines = []
    for title, each in found.items():
        ours, fixed = each["ours"], each["fixed"]
        is_reached = ours.seconds is not None and ours.seconds <= RECOVERY_GOAL
        lines.append(
            [
                title,
                _seconds(ours.seconds),
                _seconds(fixed.seconds),
                _goal(f"<= {RECOVERY_GOAL:g}", is_reached),
                f"{ours.failed} / {fixed.failed}",
            ]
        )
    header = ["burst", "gr: seconds", "fixed: seconds", "goal", "failed, gr / fixed"]
    return table("Seconds after a burst until the rate is 90 % again", header, lines)


def curator(requests: int, seconds: Turns, used: Turns) -> str:
    """Requests per second and CPU per request of a step, as ratios to curator's."""
    title = f"The same job, {requests:,} prompts, {AT_ONCE} in flight at 0.2 s, {_turns(used)}"
    lines = [["bespokelabs-curator", "1.00", "1.00"]]
    faster = median(times(seconds["curator"], seconds["step"]))
    lines.append([TITLES["step"], f"{faster:.2f}", f"{median(times(used['step'], used['curator'])):.2f}"])
    return table(title, ["client", "requests/s, x curator", "CPU per request, x curator"], lines)


def times(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """The ratios of the values to the others, turn by turn."""
    return [value / other for value, other in zip(values, others, strict=True)]


def percent(share: float) -> str:
    """The share as a whole number of percent."""
    return f"{100 * share:.0f}"


def _goal(goal: str, is_reached: bool) -> str:
    return f"{goal}: {'reached' if is_reached else 'missed'}"


def _halves(shares: Shares) -> str:
    return f"{percent(shares.whole)} / {percent(shares.second_half)}"


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f}"


def _turns(measured: Turns) -> str:
    turns = len(next(iter(measured.values())))
    return "1 turn" if turns == 1 else f"{turns} turns"
