"""Signals to `gr curate`, sent to its whole process group as systemd does, with requests in flight."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from files import ROOT
from loopback import serving

NOISE = ("Traceback", "Task was destroyed", "leaked", "resource_tracker", "was never awaited")
SECONDS = 1.0  # that the server takes for a reply


def start(store, server, **variables: str) -> subprocess.Popen[str]:
    """Start `gr curate` in a process group of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GR_", "OPENAI_"))}
    model = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": server.url, "GR_VERIFY__MODEL": "false"}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "curate", "--json"],
        cwd=Path(store.data).parent,
        env={**clean, "PYTHONPATH": str(ROOT), **model, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def signal_while_asking(process, server, *numbers: signal.Signals) -> tuple[str, str]:
    """Send the signals once the server has two requests; return what the process printed."""
    while len(server.seen) < 2 and process.poll() is None:
        time.sleep(0.01)
    for number in numbers:
        os.killpg(process.pid, number)
        time.sleep(0.1)
    output, errors = process.communicate(timeout=60)
    assert not [noise for noise in NOISE if noise in errors], errors
    return output, errors


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_requests_in_flight_finish_and_are_not_repeated(texts, model, number, code):
    reply = model()
    with serving(lambda body: replace(reply(body), hang=SECONDS)) as server:
        process = start(texts, server)
        output, errors = signal_while_asking(process, server, number)
        assert process.returncode == code
        assert errors.splitlines()[-1] == "gr: stopped. To finish, run the same command again."
        steps = json.loads(output)["steps"]
        assert steps[-1]["notes"][-1] == "did not finish"
        assert sum(step["requests"] for step in steps) == len(server.seen)
        logged = json.loads((texts.state / "runs.jsonl").read_text().splitlines()[-1])
        assert (logged["exit_code"], logged["steps"]) == (code, steps)

        again = start(texts, server)
        output, errors = again.communicate(timeout=60)
        assert again.returncode == 0, errors
    sent = [json.dumps(body, sort_keys=True) for body in server.seen]
    assert len(sent) == len(set(sent))


def test_requests_that_take_longer_than_the_grace_are_given_up(texts, model):
    reply = model()
    with serving(lambda body: replace(reply(body), hang=0.0 if len(server.seen) < 2 else 10.0)) as server:
        process = start(texts, server, GR_LLM__GRACE="0.2")
        _, errors = signal_while_asking(process, server, signal.SIGTERM)
    assert process.returncode == 143
    assert "stopping: waiting up to 0.2 s for " in errors


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_second_signal_ends_the_run_at_once(texts, model, number, code):
    reply = model()
    with serving(lambda body: replace(reply(body), hang=0.0 if len(server.seen) < 2 else 10.0)) as server:
        process = start(texts, server, GR_LLM__GRACE="3600")
        output, errors = signal_while_asking(process, server, number, number)
    assert process.returncode == code
    assert output == ""
    assert errors.splitlines()[-1].startswith("stopping: waiting up to 3600 s for ")


def test_interrupt_while_the_server_is_down_ends_the_wait(texts):
    with serving() as server:
        address = server.url
    process = start(texts, type("Gone", (), {"url": address})())
    assert "waiting up to 600 s for it" in process.stderr.readline()
    os.killpg(process.pid, signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, json.loads(output)["steps"][0]["pending"]) == (143, 2)
    assert not [noise for noise in NOISE if noise in errors], errors
