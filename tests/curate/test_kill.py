"""`gr curate` under SIGKILL: a killed run loses no row, and repeats only the requests that were in flight."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cli import main
from files import ROOT
from gr_toolkit.llm import LLM
from gr_toolkit.store import Store
from gr_toolkit.store.tables import SCHEMAS
from loopback import Answer, Body, Loopback, says, serving
from processes import PROCESSES
from rows import fill, rows_of

SETTINGS = """
[llm]
model = "m"
base_url = "{url}"
concurrency = 4
cache = {cache}
[curate]
samples = 2
any_pass_rate = true
[verify]
model = false
"""

FACTS = {
    "Do plant cells have a cell wall?": "Yes",
    "What is the unit of electrical resistance called?": "Ohm",
    "A bus covers 180 km in 3 hours at constant speed. What is its speed?": "60 km/h",
    "A bus covers 140 km in 2 hours at constant speed. What is its speed?": "70 km/h",
    "Does adding a resistor in series lower the total resistance of a circuit?": "No",
    "What do the letters ETF stand for?": "Exchange-traded fund",
    "Was 1900 a leap year in the Gregorian calendar?": "No",
    "In which year did Constantinople fall to the Ottoman army?": "1453",
    "A bus covers 140 km in 2 hours at constant speed. So what is its speed?": "70 km/h",
    "How many chromosomes does a human sperm cell contain?": "23",
    "Which organelle carries out aerobic respiration?": "Mitochondria",
    "A shop sells pencils in boxes of 12. How many pencils are there in 5 full boxes?": "60",
}


def fact_in(body: Body) -> tuple[str, str]:
    """The question in a request, and its answer."""
    text = str(body["messages"][-1]["content"])  # type: ignore[index]
    return next(fact for fact in FACTS.items() if fact[0] in text)


def extract(body: Body) -> Answer:
    question, answer = fact_in(body)
    pair = {"question": question, "answer": answer, "evidence": f"{question} Answer: {answer}."}
    return says(json.dumps({"pairs": [pair]}))


def attempt(body: Body) -> Answer:
    return says(f"The answer is \\boxed{{{fact_in(body)[1] if body['seed'] else 'no idea'}}}.")


def make_texts(folder: Path, server: Loopback, cache: str = "true") -> Store:
    """Write twelve short texts in four shards. Each states its question; most also declare it in markup."""
    folder.mkdir()
    store = Store(str(folder / "gr-data"), folder / "gr-data" / ".state")
    facts = list(enumerate(FACTS.items()))
    for shard in range(4):
        rows = []
        for number, (question, answer) in facts[3 * shard : 3 * shard + 3]:
            declared = {"question": question, "answers": [{"text": answer, "accepted": True, "votes": 1}]}
            marked = [] if number % 3 == 2 else [declared]
            text = f"Exercise {number}. {question} Answer: {answer}."
            rows.append(fill("texts", f"{number:032x}", text=text, qa_markup=marked, language="en"))
        store.table("texts").write(f"{shard:06d}", rows)
    (folder / "gr.toml").write_text(SETTINGS.format(url=server.url, cache=cache))
    return store


def curate(folder: Path) -> None:
    """Run `gr curate` in the folder, in a process to kill, and note which requests are in flight."""
    os.chdir(folder)
    log = os.open("requests.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    usable = LLM._usable

    async def noted(self, body, *arguments):
        name = key_of(body).encode()
        os.write(log, b"begin " + name + b"\n")
        reply = await usable(self, body, *arguments)  # the reply is stored when it returns
        os.write(log, b"end " + name + b"\n")
        return reply

    LLM._usable = noted
    sys.argv = ["gr", "curate"]
    main()


def key_of(body: Body) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def in_flight(folder: Path) -> Counter[str]:
    """The requests that the killed process had begun and not ended. Deletes its notes."""
    log = folder / "requests.log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    begun = Counter(line.removeprefix("begin ") for line in lines if line.startswith("begin "))
    return begun - Counter(line.removeprefix("end ") for line in lines if line.startswith("end "))


def finish(folder: Path) -> list[dict[str, object]]:
    """Run `gr curate` to its end; return the summaries of its steps."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", "curate", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["steps"]


def all_rows(store: Store) -> dict[str, list[dict[str, object]]]:
    return {name: sorted(rows_of(store, name), key=lambda row: str(row["id"])) for name in SCHEMAS}


@pytest.mark.parametrize(
    "kills", [pytest.param(5, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("cache", ["true", "false"])  # so make test kills ten times
def test_killed_run_loses_no_row_and_repeats_only_the_requests_in_flight(tmp_path, model, kills, cache):
    answer = model(extract=extract, attempt=attempt)
    with serving(lambda body: replace(answer(body), hang=0.05)) as server:
        calm = make_texts(tmp_path / "calm", server, cache)
        began = time.monotonic()
        finish(tmp_path / "calm")
        length = time.monotonic() - began
        assert all(all_rows(calm)[name] for name in ("pairs", "duplicates", "judged", "attempts", "dataset"))

        chance = random.Random(7)
        runs = [Killed(tmp_path / "killed-0", server, cache)]  # the last one is killed until a run finishes
        while sum(run.kills for run in runs) < kills:
            if runs[-1].kill(chance.uniform(0, length / 8)):
                runs.append(Killed(tmp_path / f"killed-{len(runs)}", server, cache))

        assert sum(run.interrupted.total() for run in runs) > kills / 2  # most kills came in time
        for run in runs:
            seen = len(server.seen)
            finish(run.folder)
            run.asked.update(map(key_of, server.seen[seen:]))
            assert all_rows(run.store) == all_rows(calm)
            repeats = Counter({key: count - 1 for key, count in run.asked.items() if count > 1})
            assert repeats <= run.interrupted


class Killed:
    """A folder in which `gr curate` is killed again and again."""

    def __init__(self, folder: Path, server: Loopback, cache: str) -> None:
        self.folder = folder
        self.server = server
        self.store = make_texts(folder, server, cache)
        self.kills = 0
        self.asked: Counter[str] = Counter()  # requests that reached the server
        self.interrupted: Counter[str] = Counter()  # requests in flight at a kill

    def kill(self, delay: float) -> bool:
        """Run `gr curate` and kill it `delay` seconds after its first request; whether it finished before."""
        seen = len(self.server.seen)
        process = PROCESSES.Process(target=curate, args=(self.folder,))
        process.start()
        while process.is_alive() and len(self.server.seen) == seen:
            time.sleep(0.005)
        process.join(delay)
        process.kill()
        process.join()
        was_killed = process.exitcode == -signal.SIGKILL
        assert was_killed or process.exitcode == 0
        self.kills += was_killed
        self.interrupted += in_flight(self.folder)
        time.sleep(0.1)  # requests that were sent just before the kill still arrive
        self.asked.update(map(key_of, self.server.seen[seen:]))
        return not was_killed
