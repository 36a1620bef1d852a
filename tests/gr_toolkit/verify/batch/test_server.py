"""`gr verify --serve`: the responses that a trainer receives, and how the server stops."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from files import ROOT
from gr_toolkit.verify.batch.server import MAX_BODY, MAX_PAIRS
from loopback import Answer, says, serving

CORRECT = {"question": "How far?", "ground_truth": "42", "student_answer": "\\boxed{42}"}
WRONG = {"question": "How far?", "ground_truth": "42", "student_answer": "41"}
UNKNOWN = {
    "question": "What makes a plant grow?",
    "ground_truth": "photosynthesis in its leaves",
    "student_answer": "it turns light into sugar",
}


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GR_", "OPENAI_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "verify", "--serve", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def url_of(process: subprocess.Popen[str]) -> str:
    """The server's URL, once it listens."""
    found = re.search(r"http://\S+(?=/verify)", process.stdout.readline())
    assert found, process.communicate()
    return found[0]


@contextmanager
def running(folder: Path, *arguments: str, **variables: str) -> Iterator[str]:
    process = start(folder, "--port", "0", *arguments, **variables)
    try:
        yield url_of(process)
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server without a model, shared by all tests that only send requests."""
    with running(tmp_path_factory.mktemp("server"), "--rules-only") as url:
        yield url


def post(url: str, content: object) -> tuple[int, object]:
    """The status and the decoded response; bytes are sent as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        with urllib.request.urlopen(f"{url}/verify", body, timeout=60) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_pair_gets_its_verdict(server):
    status, verdict = post(server, CORRECT | {"id": "a"})
    assert status == 200
    assert list(verdict) == ["id", "correct", "decided_by", "confidence", "reason", "seconds", "score"]
    assert (verdict["id"], verdict["correct"], verdict["score"]) == ("a", True, 1.0)


def test_a_list_gets_a_list_in_order(server):
    status, verdicts = post(server, [WRONG, CORRECT, UNKNOWN, WRONG, CORRECT | {"ground_truth": None}])
    assert status == 200
    assert [verdict["id"] for verdict in verdicts] == [1, 2, 3, 4, 5]
    assert [verdict["score"] for verdict in verdicts] == [0.0, 1.0, None, 0.0, None]
    assert verdicts[4]["reason"] == "ground_truth is null"
    assert post(server, []) == (200, [])


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "not JSON"),
        (b"\xff\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"question": "q"', "not JSON"),
        (b"42", "pair 1 is not an object"),
        ([CORRECT, None], "pair 2 is not an object"),
        ([{}] * (MAX_PAIRS + 1), "smaller lists"),
        ([CORRECT, {"question": "q", "answer": "1"}], "pair 2 has no ground_truth (or reference, or gold)"),
    ],
)
def test_invalid_body_is_a_400_with_the_reason(server, body, part):
    status, reply = post(server, body)
    assert status == 400
    assert part in reply["error"]


def test_oversized_body_is_a_413_with_advice(server):
    status, reply = post(server, CORRECT | {"student_answer": "4" * MAX_BODY})
    assert status == 413
    assert "smaller lists" in reply["error"]
    assert post(server, CORRECT)[0] == 200


def test_health(server):
    with urllib.request.urlopen(f"{server}/health", timeout=10) as reply:
        assert json.load(reply) == {"status": "ok"}


def documented(name: str, url: str = "") -> object:
    """The object with this name that a Python block in docs/verify.md defines."""
    page = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    code = next(block for block in blocks if f"def {name}(" in block)
    names: dict[str, object] = {}
    exec(code.replace("http://127.0.0.1:8765", url), names)
    return names[name]


def test_the_documented_reward_function_for_verl_works(server):
    compute_score = documented("compute_score", server)

    def score(pair: dict[str, str]) -> dict[str, float]:
        info = {"question": pair["question"]}
        return compute_score("data", pair["student_answer"], pair["ground_truth"], info)

    assert score(CORRECT) == {"score": 1.0, "undecided": 0.0}
    assert score(WRONG) == {"score": 0.0, "undecided": 0.0}
    assert score(UNKNOWN)["undecided"] == 1.0


def test_concurrent_clients_get_their_own_verdicts(server):
    pairs = [CORRECT | {"id": n, "ground_truth": str(n), "student_answer": str(n % 10)} for n in range(40)]
    with ThreadPoolExecutor(20) as threads:
        replies = list(threads.map(lambda pair: post(server, pair)[1], pairs))
    assert [(reply["id"], reply["correct"]) for reply in replies] == [(n, n < 10) for n in range(40)]


def test_model_is_asked_concurrently(tmp_path):
    together = threading.Barrier(2)

    def decide(_: object) -> Answer:
        together.wait(timeout=30)  # until both requests arrive; sequential requests break the barrier
        return says("Final Decision: Yes")

    other = UNKNOWN | {"student_answer": "sunlight becomes sugar"}
    with serving(decide) as llm:
        model = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": llm.url, "GR_LLM__RETRIES": "0"}
        with running(tmp_path, **model) as url, ThreadPoolExecutor(2) as threads:
            replies = list(threads.map(lambda pair: post(url, pair)[1], [UNKNOWN, other]))
    assert [reply["score"] for reply in replies] == [1.0, 1.0]


def test_unreachable_model_gives_an_undecided_verdict(tmp_path):
    model = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": "http://127.0.0.1:9/v1", "GR_LLM__PATIENCE": "0"}
    with running(tmp_path, **model) as url:
        status, verdict = post(url, UNKNOWN)
        assert (status, verdict["score"], verdict["decided_by"]) == (200, None, "error")
        assert "127.0.0.1:9" in verdict["reason"]
        assert post(url, CORRECT)[1]["score"] == 1.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_server(tmp_path, number):
    process = start(tmp_path, "--port", "0", "--rules-only")
    url = url_of(process)
    assert post(url, CORRECT)[0] == 200
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def test_requests_in_progress_finish_before_the_server_stops(tmp_path):
    arrived = threading.Event()

    def decide(_: object) -> Answer:
        arrived.set()
        return replace(says("Final Decision: Yes"), hang=0.5)

    with serving(decide) as llm:
        model = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": llm.url}
        process = start(tmp_path, "--port", "0", **model)
        url = url_of(process)
        with ThreadPoolExecutor(1) as threads:
            reply = threads.submit(post, url, UNKNOWN)
            assert arrived.wait(timeout=30)
            process.terminate()
            assert reply.result(timeout=30)[1]["score"] == 1.0
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("host", "part"), [("127.0.0.1", "in use"), ("no.such.host.invalid", "no.such.host")]
)
def test_unavailable_address_is_a_one_line_error(tmp_path, host, part):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start(tmp_path, "--rules-only", "--host", host, "--port", port)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(f"gr: cannot serve on {host}:{port}: ")
    assert part in errors
