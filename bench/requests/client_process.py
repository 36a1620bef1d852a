"""The process of one client: `python -m bench.requests.client_process CLIENT URL count|seconds NUMBER`.

It sends so many requests, or requests for so long, and prints what it measured as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from itertools import count
from typing import NamedTuple

from bench.requests.clients import AT_ONCE, CLIENTS, Client, prompt
from bench.requests.server import ROOT

WARM_UP = AT_ONCE  # requests before a number of them is measured; they open the connections
BIN = 0.1  # seconds in which tokens are counted together


class Counted(NamedTuple):
    """The measures of a number of requests."""

    seconds: float
    cpu: float  # seconds of this process, without its start and the warm-up


class Timed(NamedTuple):
    """The measures of requests that were sent for some time."""

    tokens: list[int]  # received in each BIN
    replies: int
    failed: int  # prompts
    cpu: float  # as a share of the time


def measure_count(client: str, url: str, number: int) -> Counted:
    """Measure so many requests in a new process."""
    return Counted(**json.loads(_measure(client, url, "count", number)))


def measure_seconds(client: str, url: str, seconds: float) -> Timed:
    """Measure a client that sends requests for so long, in a new process."""
    return Timed(**json.loads(_measure(client, url, "seconds", seconds)))


def _measure(*arguments: object) -> str:
    """Run the process and return its last line."""
    command = [sys.executable, "-m", "bench.requests.client_process", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]


def send_count(client: Client, number: int) -> Counted:
    """Ask so many prompts."""
    client.run(_warm_up(client))
    job = client.job([prompt(each) for each in range(WARM_UP, WARM_UP + number)])
    began, cpu = time.monotonic(), time.process_time()
    job()
    return Counted(time.monotonic() - began, time.process_time() - cpu)


async def _warm_up(client: Client) -> None:
    await asyncio.gather(*(client.ask(prompt(number)) for number in range(WARM_UP)))


async def send_for(client: Client, seconds: float) -> Timed:
    """Ask prompts that never run out."""
    tokens, failures, numbers = Counter[int](), Counter[str](), count()
    replies = 0
    began, cpu = time.monotonic(), time.process_time()

    async def work() -> None:
        nonlocal replies
        while True:
            try:
                received = await client.ask(prompt(next(numbers)))
            except Exception as error:  # of any client
                failures[f"{type(error).__name__}: {error}"[:200]] += 1
                await asyncio.sleep(0)  # some errors are raised at once
            else:
                tokens[int((time.monotonic() - began) / BIN)] += received
                replies += 1

    workers = [asyncio.ensure_future(work()) for _ in range(client.waiting)]
    await asyncio.wait(workers, timeout=seconds)
    used = (time.process_time() - cpu) / (time.monotonic() - began)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    for failure, times in failures.most_common(3):
        print(f"{times} x {failure}", file=sys.stderr)
    return Timed([tokens[at] for at in range(round(seconds / BIN))], replies, failures.total(), used)


def main(name: str, url: str, unit: str, number: str) -> None:
    """Open the client, send the requests and print the measures."""
    logging.disable()
    with CLIENTS[name](url) as client:
        if unit == "count":
            measured: Counted | Timed = send_count(client, int(number))
        else:
            found = client.run(send_for(client, float(number)))
            assert isinstance(found, Timed)
            measured = found
    print(json.dumps(measured._asdict()))


if __name__ == "__main__":
    main(*sys.argv[1:])
