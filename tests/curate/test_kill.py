"""`gr curate` under SIGKILL: after kills at any moment, a last run has the rows of a run without kills."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cli import main
from files import ROOT
from gr_toolkit.store import Store
from gr_toolkit.store.tables import SCHEMAS
from loopback import Answer, Body, Loopback, says, serving
from processes import PROCESSES
from rows import fill, rows_of

KILLS = 30
SETTINGS = """
[llm]
model = "m"
base_url = "{url}"
concurrency = 4
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


def make_texts(folder: Path, server: Loopback) -> Store:
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
    (folder / "gr.toml").write_text(SETTINGS.format(url=server.url))
    return store


def curate(folder: Path) -> None:
    """Run `gr curate` in the folder, in a process to kill."""
    os.chdir(folder)
    sys.argv = ["gr", "curate"]
    main()


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


@pytest.mark.slow
def test_run_killed_thirty_times_has_the_rows_of_an_uninterrupted_run(tmp_path, model):
    answer = model(extract=extract, attempt=attempt)
    with serving(lambda body: replace(answer(body), hang=0.05)) as server:
        calm = make_texts(tmp_path / "calm", server)
        began = time.monotonic()
        finish(tmp_path / "calm")
        length = time.monotonic() - began
        assert all(all_rows(calm)[name] for name in ("pairs", "duplicates", "judged", "attempts", "dataset"))

        chance = random.Random(7)
        killed = [make_texts(tmp_path / "killed-0", server)]  # the last one is killed until a run finishes
        kills = 0
        while kills < KILLS:
            seen = len(server.seen)
            process = PROCESSES.Process(target=curate, args=(Path(killed[-1].data).parent,))
            process.start()
            while process.is_alive() and len(server.seen) == seen:
                time.sleep(0.005)
            process.join(chance.uniform(0, length / 8))
            process.kill()
            process.join()
            if process.exitcode == -signal.SIGKILL:
                kills += 1
            else:
                assert process.exitcode == 0
                killed.append(make_texts(tmp_path / f"killed-{len(killed)}", server))

        assert len(killed) > 1  # some runs finished between the kills
        for store in killed:
            finish(Path(store.data).parent)
            assert all_rows(store) == all_rows(calm)

        # The cache has every reply that a killed run received: a run with this cache sends no request.
        cached = make_texts(tmp_path / "cached", server)
        cached.state.mkdir(parents=True)
        for file in killed[0].state.glob("llm_cache.sqlite*"):
            shutil.copy(file, cached.state)
        steps = finish(tmp_path / "cached")
        assert sum(step["requests"] for step in steps) == 0
        assert sum(step["cached"] for step in steps) > 0
        assert all_rows(cached) == all_rows(calm)
