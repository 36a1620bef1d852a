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
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from files import ROOT
from gr_toolkit.verify.batch.bodies import MAX_BODY
from gr_toolkit.verify.batch.server import MAX_PAIRS
from loopback import Accepts, Answer, Body, serving

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


def post(url: str, content: object, route: str = "/verify") -> tuple[int, object]:
    """The status and the decoded response; bytes are sent as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        with urllib.request.urlopen(url + route, body, timeout=60) as reply:
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
        (
            [CORRECT, {"question": "q", "answer": "1"}],
            "pair 2 has no ground_truth (or reference, or gold, or expected_answer)",
        ),
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


def test_a_pair_may_lack_a_question_and_give_a_chat(server):
    chat = [{"role": "user", "content": "41"}, {"role": "assistant", "content": "\\boxed{42}"}]
    pairs = [
        {"ground_truth": "42", "answer": chat},
        {"ground_truth": "42", "answer": "41", "question": None},
        {"ground_truth": "B", "answer": "Oslo", "options": ["Paris", "Oslo"]},
        {"ground_truth": "42", "answer": "\\boxed{42}", "thinking": True},
    ]
    status, verdicts = post(server, pairs)
    assert status == 200
    assert [verdict["score"] for verdict in verdicts] == [1.0, 0.0, 1.0, 0.0]


def test_a_wrong_optional_field_fails_only_its_pair(server):
    status, (good, bad) = post(server, [CORRECT, CORRECT | {"tolerance": "1 %"}])
    assert (status, good["score"], bad["score"]) == (200, 1.0, None)
    assert bad["reason"] == "tolerance is not a number"


@pytest.mark.parametrize("undecided", [[], ["--undecided-reward", "0.25"]])
def test_openrlhf_and_nemo_gym_get_their_replies(tmp_path, undecided):
    names = ("question", "ground_truth", "student_answer")
    prompts, labels, answers = ([pair[name] for pair in (CORRECT, WRONG, UNKNOWN)] for name in names)
    queries = [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]
    expected = [1.0, 0.0, float((undecided or ["", "0"])[1])]
    with running(tmp_path, "--rules-only", *undecided) as url:
        status, reply = post(url, {"query": queries, "prompts": prompts, "labels": labels}, "/get_reward")
        assert (status, reply["rewards"], reply["scores"]) == (200, expected, expected)
        assert reply["extra_logs"] == {"undecided": [0.0, 0.0, 1.0]}
        for prompt, label, answer, reward in zip(prompts, labels, answers, expected, strict=True):
            message = {"type": "message", "content": [{"type": "output_text", "text": answer}]}
            body = {
                "responses_create_params": {"input": [{"role": "user", "content": prompt}]},
                "response": {"id": "r", "output": [{"type": "reasoning", "summary": []}, message]},
                "question": prompt,
                "expected_answer": label,
            }
            assert post(url, body) == (200, body | {"reward": reward})


@pytest.mark.parametrize(
    ("route", "body", "part"),
    [
        ("/get_reward", [], "the body is not an object"),
        ("/get_reward", {"query": ["1"], "prompts": ["1"]}, "no list labels"),
        ("/get_reward", {"query": ["1"], "prompts": ["1"], "labels": []}, "different lengths"),
        ("/get_reward", {"query": ["1"], "prompts": ["1"], "labels": [None]}, "labels has an entry"),
        (
            "/get_reward",
            {name: ["1"] * (MAX_PAIRS + 1) for name in ("query", "prompts", "labels")},
            "smaller",
        ),
        (
            "/verify",
            {"response": {"output": []}},
            "no ground_truth (or reference, or gold, or expected_answer)",
        ),
        ("/verify", {"response": "4", "expected_answer": "4"}, "response has no list output"),
        ("/verify", {"response": {"output": "4"}, "expected_answer": "4"}, "response has no list output"),
        (
            "/verify",
            {"response": {"output": []}, "expected_answer": "4", "question": 4},
            "question is not a text",
        ),
    ],
)
def test_an_invalid_body_of_a_trainer_is_a_400_with_the_reason(server, route, body, part):
    status, reply = post(server, body, route)
    assert status == 400
    assert part in reply["error"]


@pytest.mark.parametrize("route", ["/verify", "/get_reward"])
def test_clients_that_hang_do_not_delay_another_one(server, route):
    address = urllib.parse.urlsplit(server)
    head = f"POST {route} HTTP/1.1\r\nHost: here\r\nContent-Length: 20000\r\n\r\n".encode()
    hanging = []
    try:
        for _ in range(300):
            hanging.append(socket.create_connection((address.hostname, address.port), timeout=10))
            hanging[-1].sendall(head + b" " * 10_000)
        time.sleep(0.2)
        started = time.monotonic()
        assert post(server, CORRECT)[1]["score"] == 1.0
        assert time.monotonic() - started < 1
    finally:
        for connection in hanging:
            connection.close()


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

    accepts = Accepts()

    def decide(body: Body) -> Answer:
        together.wait(timeout=30)  # until both requests arrive; sequential requests break the barrier
        return accepts(body)

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


def test_a_client_that_hangs_up_is_not_logged(tmp_path):
    process = start(tmp_path, "--port", "0", "--rules-only")
    url = url_of(process)
    address = urllib.parse.urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(b"POST /verify HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n{")
        assert post(url, CORRECT)[0] == 200
    assert post(url, CORRECT)[0] == 200
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def wait_until_refused(url: str) -> None:
    """Wait until the server refuses a new connection."""
    address = urllib.parse.urlsplit(url)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address.hostname, address.port), timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("the server still accepts connections")


def test_requests_in_progress_finish_before_the_server_stops(tmp_path):
    arrived = threading.Event()

    accepts = Accepts()

    def decide(body: Body) -> Answer:
        arrived.set()
        return replace(accepts(body), hang=1.0)

    with serving(decide) as llm:
        model = {"GR_LLM__MODEL": "m", "GR_LLM__BASE_URL": llm.url}
        process = start(tmp_path, "--port", "0", **model)
        url = url_of(process)
        with ThreadPoolExecutor(1) as threads:
            reply = threads.submit(post, url, UNKNOWN)
            assert arrived.wait(timeout=30)
            process.terminate()
            wait_until_refused(url)
            assert not reply.done()
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
