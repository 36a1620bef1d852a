"""Benchmark the model client, part by part, at simulated servers: CPU per request beside the openai client,
the rate at a latency of 1 s, the limit of the requests in flight, and the same job with bespokelabs-curator.

python -m bench.llm                    everything; about 25 minutes on two cores
python -m bench.llm --quick            everything with few requests: it shows that the benchmark works
python -m bench.llm --parts cpu,rate   some of it
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.parts import add_parts
from bench.requests import tables
from bench.requests.client_process import WARM_UP, Counted, measure_count
from bench.requests.clients import AT_ONCE, prompt
from bench.requests.rates import Recovery, Shares, measure_burst, measure_scenario
from bench.requests.scenarios import BURSTS, SCENARIOS, Scenario
from bench.requests.server import Behaviour, serving

CURATOR = Path(__file__).with_name("curator_client.py")
FAST, SLOW, JOB = 0.05, 1.0, 0.2  # seconds; the latencies of the parts cpu, rate and curator

Part = tuple[list[str], object]  # Markdown tables, and the same figures for JSON


class Size(NamedTuple):
    """How much is measured."""

    turns: int
    requests: int  # of each turn of the part cpu
    rate_requests: int
    seconds: float  # of each run of the part limiter
    job: int  # prompts of the part curator


FULL = Size(turns=5, requests=3000, rate_requests=5000, seconds=30.0, job=1000)
QUICK = Size(turns=1, requests=500, rate_requests=1024, seconds=4.0, job=300)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Return 0 on success, 1 if a client failed or cannot be started."""
    options = _options(arguments)
    measured: dict[str, object] = {}
    try:
        for name in options.parts:
            print(f"{name} ...", file=sys.stderr, flush=True)
            markdown, measured[name] = PARTS[name](QUICK if options.quick else FULL, options)
            print("\n\n".join(markdown) + "\n", flush=True)
    except subprocess.CalledProcessError as error:
        print(f"error: a client failed: {error.cmd[2:6]}; its output is above", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: a client cannot be started: {error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    return 0


def cpu(size: Size, _: argparse.Namespace) -> Part:
    """CPU per request; the clients take turns at one server."""
    clients = ("openai", "openai-post", "ours", "ours-without-cache", "ours-with-budget", "step")
    used: dict[str, list[float]] = {client: [] for client in clients}
    with serving(Behaviour(base=FAST)) as server:
        for _turn in range(size.turns):
            for client in clients:
                used[client].append(measure_count(client, server.url, size.requests).cpu / size.requests)
    return [tables.cpu(size.requests, used)], used


def rate(size: Size, _: argparse.Namespace) -> Part:
    """Requests per second at a latency that leaves the clients time."""
    requests, rates = size.rate_requests, {}
    for client in ("ours", "openai"):
        with serving(Behaviour(base=SLOW)) as server:
            rates[client] = requests / measure_count(client, server.url, requests).seconds
    return [tables.rate(requests, AT_ONCE / SLOW, rates)], rates


def limiter(size: Size, options: argparse.Namespace) -> Part:
    """Shares of the best rate at servers of many kinds, and recovery from a burst of refusals."""
    found: dict[Scenario, dict[str, Shares]] = {}
    for scenario in SCENARIOS:
        if options.server in scenario.title:
            print(f"  {scenario.title} ...", file=sys.stderr, flush=True)
            found[scenario] = measure_scenario(scenario, size.seconds)
    recoveries: dict[str, dict[str, Recovery]] = {}
    for title, behaviour in BURSTS.items():
        if options.server in title:
            print(f"  {title} ...", file=sys.stderr, flush=True)
            recoveries[title] = measure_burst(behaviour)
    markdown = [tables.limiter(size.seconds, found)] if found else []
    markdown += [tables.bursts(recoveries)] if recoveries else []
    shares = {
        scenario.title: {client: each._asdict() for client, each in clients.items()}
        for scenario, clients in found.items()
    }
    seconds = {
        title: {client: each._asdict() for client, each in clients.items()}
        for title, clients in recoveries.items()
    }
    return markdown, {"shares": shares, "recovery": seconds}


def curator(size: Size, options: argparse.Namespace) -> Part:
    """The same job with bespokelabs-curator and as a step; the two take turns at one server."""
    if options.curator is None:
        return ["bespokelabs-curator: skipped; name a Python that has it with --curator"], None
    runs: dict[str, list[Counted]] = {"curator": [], "step": []}
    with serving(Behaviour(base=JOB)) as server:
        for _ in range(size.turns):
            runs["curator"].append(_run_curator(options.curator, server.url, size.job))
            runs["step"].append(measure_count("step", server.url, size.job))
    seconds = {client: [run.seconds for run in each] for client, each in runs.items()}
    used = {client: [run.cpu for run in each] for client, each in runs.items()}
    return [tables.curator(size.job, seconds, used)], {"seconds": seconds, "cpu": used}


def _run_curator(python: str, url: str, count: int) -> Counted:
    prompts = json.dumps([prompt(number) for number in range(WARM_UP + count)])
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, "-I", str(CURATOR), url, str(AT_ONCE), str(WARM_UP), folder],
            input=prompts,
            cwd=folder,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        done.check_returncode()
    return Counted(**json.loads(done.stdout.splitlines()[-1]))


PARTS: dict[str, Callable[[Size, argparse.Namespace], Part]] = {
    "cpu": cpu,
    "rate": rate,
    "limiter": limiter,
    "curator": curator,
}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add_parts(parser, PARTS)
    add("--quick", action="store_true", help="few requests")
    add("--server", default="", metavar="TEXT", help="limiter: only servers whose title contains this text")
    add("--curator", metavar="PYTHON", help="curator: a Python that has bespokelabs-curator")
    add("--json", type=Path, metavar="FILE", help="write the figures to this file")
    return parser.parse_args(arguments)
