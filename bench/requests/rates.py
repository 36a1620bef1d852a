"""Measures the clients at each server: shares of a rate, and how soon a rate recovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from bench.requests.client_process import BIN, Timed, measure_seconds
from bench.requests.scenarios import BURST_FROM, BURST_RUN, BURST_UNTIL, Scenario
from bench.requests.server import Behaviour, serving
from bench.requests.service import TOKENS

CLIENTS = ("ours", "fixed")
RECOVERED = 0.9  # of the rate before the burst
WINDOW = 2.0  # seconds over which the rate is measured after a burst


class Shares(NamedTuple):
    """A client at one server: shares of the yardstick over the whole run and its second half."""

    whole: float
    second_half: float
    failed: int  # prompts
    cpu: float  # of the client, as a share of the time
    most_in_flight: int
    replies: dict[str, int]  # of the server, by HTTP status


class Recovery(NamedTuple):
    """A client after a burst of refusals: seconds until its rate has recovered, None if it does not."""

    seconds: float | None
    failed: int


class Run(NamedTuple):
    """What a client and its server counted."""

    timed: Timed
    counts: dict[str, int]


def measure_scenario(scenario: Scenario, seconds: float) -> dict[str, Shares]:
    """Run each client for so long."""
    runs = {client: run(client, scenario.behaviour, seconds) for client in CLIENTS}
    found = {}
    for client, (timed, counts) in runs.items():
        if scenario.yardstick == "fixed":
            whole, half = rates(runs["fixed"].timed.tokens)
        elif scenario.yardstick == "without faults":
            whole, half = rates(run(client, replace(scenario.behaviour, faults=0.0), seconds).timed.tokens)
        else:
            whole = half = scenario.yardstick
        mine = rates(timed.tokens)
        most = counts.pop("most in flight")
        found[client] = Shares(mine[0] / whole, mine[1] / half, timed.failed, timed.cpu, most, counts)
    return found


def measure_burst(behaviour: Behaviour) -> dict[str, Recovery]:
    """Run each client at a server that refuses all requests for a while."""
    found = {}
    for client in CLIENTS:
        timed = run(client, behaviour, BURST_RUN).timed
        found[client] = Recovery(recovery(timed.tokens), timed.failed)
    return found


def run(client: str, behaviour: Behaviour, seconds: float) -> Run:
    """Run a client at a server of its own for so long."""
    with serving(behaviour) as server:
        timed = measure_seconds(client, server.url, seconds)
        return Run(timed, dict(server.counts()))


def rates(tokens: Sequence[int]) -> tuple[float, float]:
    """Replies per second over all bins and over the second half of them, in replies of mean length."""
    return _rate(tokens), _rate(tokens[len(tokens) // 2 :])


def recovery(tokens: Sequence[int]) -> float | None:
    """The seconds from the end of the burst until the rate over WINDOW is RECOVERED of the rate before it.

    The rate before the burst leaves out the first half of that time, in which the client may still be
    speeding up.
    """
    before = _rate(tokens[round(BURST_FROM / 2 / BIN) : round(BURST_FROM / BIN)])
    first, window = round(BURST_UNTIL / BIN), round(WINDOW / BIN)
    for start in range(first, len(tokens) - window + 1):
        if _rate(tokens[start : start + window]) >= RECOVERED * before:
            return (start - first) * BIN
    return None


def _rate(tokens: Sequence[int]) -> float:
    return sum(tokens) / TOKENS / (len(tokens) * BIN)
