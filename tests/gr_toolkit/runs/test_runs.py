"""The logs of real runs of `gr`, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import commands
from files import ROOT
from gr_toolkit.demo.site import serve_site
from gr_toolkit.store import Store


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GR_", "OPENAI_"))}
    return {**clean, "PYTHONPATH": str(ROOT), "GR_CRAWL__ALLOW_PRIVATE": "true", "GR_WORKERS": "1"}


def gr(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def records(state: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (state / "runs.jsonl").read_text().splitlines()]


def runs(folder: Path) -> dict[str, list[dict[str, object]]]:
    code, output, errors = commands.gr(folder, "status", "--json")
    assert code == 0, errors
    return json.loads(output)["runs"]


def test_idle_run_succeeds_with_two_records_and_one_line(store):
    folder = Path(store.data).parent
    Path(store.data).mkdir()
    process = gr(folder, "curate", "--json")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    start, end = records(store.state)
    assert end["steps"] == json.loads(output)["steps"]
    assert [step["rows"] for step in end["steps"]] == [0] * 6
    assert (start["event"], end["event"], end["exit_code"]) == ("start", "end", 0)
    assert start["run"] == end["run"]
    facts = ("gr curate --json", version("gr-toolkit"), process.pid, socket.gethostname())
    assert (start["command"], start["version"], start["pid"], start["host"]) == facts
    times = [start["at"], *(step["started_at"] for step in end["steps"]), end["at"]]
    assert len(times) == 2 + 6
    assert times == sorted(times)
    assert all(datetime.fromisoformat(at).tzinfo for at in times)
    (line,) = (store.state / "gr.log").read_text().splitlines()
    at, run, message = line.split(" ", 2)
    assert datetime.fromisoformat(at).tzinfo
    assert (run, message) == (start["run"], "gr curate --json: nothing to do")
    assert runs(folder)["last"]["run"] == start["run"]
    assert list((store.state / "running").iterdir()) == []


@contextmanager
def hanging_crawl(store: Store) -> Iterator[subprocess.Popen[str]]:
    """A crawl whose site accepts the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as site:
        address = f"http://127.0.0.1:{site.getsockname()[1]}/"
        with gr(Path(store.data).parent, "crawl", address) as process:
            try:
                site.settimeout(60)
                site.accept()
                yield process
            finally:
                process.kill()


def test_run_shows_as_running_and_then_as_killed(store):
    folder = Path(store.data).parent
    with hanging_crawl(store) as process:
        (start,) = records(store.state)
        assert [run["run"] for run in runs(folder)["running"]] == [start["run"]]
        process.kill()
        process.communicate(timeout=60)
    found = runs(folder)
    assert ([run["run"] for run in found["killed"]], found["running"], found["last"]) == (
        [start["run"]],
        [],
        None,
    )
    _, output, _ = commands.gr(folder, "status")
    assert f"run {start['run']}: `{start['command']}`, started " in output
    assert output.endswith(", was killed, or could not record its end; run the same command again\n")


def test_interrupted_run_ends_with_its_exit_code(store):
    with hanging_crawl(store) as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    start, end = records(store.state)
    assert (end["run"], end["exit_code"]) == (start["run"], 143)
    log = (store.state / "gr.log").read_text()
    assert errors.strip() in log
    assert "ended with exit code 143 after" in log
    assert runs(Path(store.data).parent)["killed"] == []


def test_first_failing_url_of_each_reason_is_logged(store):
    folder = Path(store.data).parent
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_text("<p>Some words. <a href=/gone>a</a> <a href=/lost?token=planted>b</a>")
    with serve_site(site) as url:
        process = gr(folder, "crawl", f"{url}/", "--delay", "0", "--json")
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    end = records(store.state)[-1]
    assert end["steps"] == json.loads(output)["steps"]
    (reason,) = end["steps"][0]["reasons"]
    assert end["steps"][0]["first"][reason] in (f"{url}/gone", f"{url}/lost?token=***")
    log = (store.state / "gr.log").read_text()
    assert "\r" not in log + errors
    assert f"first {reason}: " in log
