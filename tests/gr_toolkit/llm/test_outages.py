"""Servers that are down for a time: the client waits, sends little, and goes on when they answer again."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gr_toolkit.errors import ServerUnusable, Unanswered
from gr_toolkit.llm.requests import endpoint
from gr_toolkit.llm.requests.wire import CONTROL
from loopback import Answer, asking, fails, says, serving, user

OK = says("fine")
TIMEOUT = 1.0
OUTAGES = {  # GET /models always answers
    "500": (fails(500, "oops"), "HTTP 500: oops"),
    "503": (fails(503, "loading"), "HTTP 503: loading"),
    "429": (fails(429, "busy"), "HTTP 429: busy"),
    "hangs": (Answer(hang=1.5 * TIMEOUT, body={}), "timed out after 1 s"),
    "hangs up": (Answer(hang_up=True), "connection lost"),
    "HTML": (
        Answer(body=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
        "no valid reply",
    ),
    "empty text": (says(""), "no valid reply: the reply is empty"),
}


@pytest.fixture(autouse=True)
def _shorter_waits(monkeypatch: pytest.MonkeyPatch):
    """429 is retried so often that the waits add up."""
    monkeypatch.setattr(endpoint, "FIRST_WAIT", 0.001)


def settings_of(kind, **settings):
    return {"timeout": TIMEOUT if kind == "hangs" else 60.0, "concurrency": 8, **settings}


def ask(llm, text="hello"):
    return llm.run(llm.ask(user(text)))


def ask_all(llm, count):
    return llm.map(lambda number: llm.ask(user(f"row {number}")), range(count), lambda _: None)


def outcomes(llm, texts):
    """Each row's reply, or the error that leaves it pending."""

    async def each(text):
        try:
            return (await llm.ask(user(text))).text
        except Unanswered as error:
            return error

    return llm.map(each, texts, lambda _: None)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("kind", OUTAGES)
def test_outage_ends_the_run_after_the_patience_and_few_requests(tmp_path, kind):
    fault, reason = OUTAGES[kind]
    with (
        serving(fault) as server,
        asking(server, tmp_path, **settings_of(kind, patience=0.2)) as llm,
        pytest.raises(ServerUnusable, match=f"{server.url}/ .*{reason}"),
    ):
        ask_all(llm, 200)
    assert len(server.seen) <= 30


@pytest.mark.parametrize("patience", [0.0, 0.2])
def test_refused_connections_end_the_run_after_the_patience(tmp_path, patience):
    url = f"http://127.0.0.1:{free_port()}/v1"
    with (
        asking(url, tmp_path, concurrency=8, patience=patience) as llm,
        pytest.raises(ServerUnusable, match=f"cannot reach {url}/: cannot connect"),
    ):
        ask_all(llm, 200)
    assert llm.usage.requests <= 20


@pytest.mark.parametrize("kind", OUTAGES)
def test_every_request_gets_its_reply_when_the_server_recovers_within_the_patience(tmp_path, kind, capsys):
    left, lock = 10, threading.Lock()

    def behave(body):
        nonlocal left
        with lock:
            left -= 1
            is_down = left >= 0
        return OUTAGES[kind][0] if is_down else OK

    with serving(behave) as server, asking(server, tmp_path, **settings_of(kind, patience=60.0)) as llm:
        replies = ask_all(llm, 40)
    assert [reply.text for reply in replies] == ["fine"] * 40
    assert len(server.seen) <= 40 + 10 + 5  # some control requests
    shown = capsys.readouterr().err
    assert shown.count(f"{server.url}/ is down: ") == shown.count(f"{server.url}/ answers again") <= 1


def test_every_request_gets_its_reply_from_a_server_that_starts_late(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    with asking(url, tmp_path, concurrency=1, patience=60.0) as llm, ThreadPoolExecutor(1) as thread:
        replies = thread.submit(ask_all, llm, 5)
        while llm.usage.requests < 3:  # at least two connections were refused
            time.sleep(0.01)
        with serving(OK, port=port) as server:
            assert [reply.text for reply in replies.result(60)] == ["fine"] * 5
    assert len(server.seen) == 5


def test_second_outage_is_waited_for_like_the_first(tmp_path):
    with serving(OK) as server, asking(server, tmp_path, patience=60.0, concurrency=8) as llm:
        for outage in range(2):
            left = [fails(503)] * 9
            server.behave = lambda _, left=left: left.pop() if left else OK
            replies = llm.map(
                lambda number, outage=outage: llm.ask(user(f"row {outage} {number}")),
                range(20),
                lambda _: None,
            )
            assert [reply.text for reply in replies] == ["fine"] * 20
            assert left == []


def test_requests_wait_while_one_probe_at_a_time_is_sent(tmp_path):
    lock = threading.Lock()
    in_flight = peak = 0

    def down(_):
        nonlocal in_flight, peak
        with lock:
            in_flight += 1
            peak = max(peak, in_flight)
        time.sleep(0.02)
        with lock:
            in_flight -= 1
        return fails(500)

    async def work():
        first = asyncio.ensure_future(llm.ask(user("first")))
        while len(server.seen) < 3:  # the request, a control request that opens the breaker, and a probe
            await asyncio.sleep(0.01)
        others = [asyncio.ensure_future(llm.ask(user(f"row {number}"))) for number in range(20)]
        while len(server.seen) < 7:
            await asyncio.sleep(0.01)
        server.behave = lambda _: OK
        return await asyncio.gather(first, *others)

    settings = settings_of("500", retries=0, patience=60.0)
    with serving(down) as server, asking(server, tmp_path, **settings) as llm:
        assert [reply.text for reply in llm.run(work())] == ["fine"] * 21
    assert peak == 1


@pytest.mark.parametrize("kind", OUTAGES)
def test_poison_request_among_good_ones_is_unanswered_and_counts(tmp_path, kind):
    fault, reason = OUTAGES[kind]

    def behave(body):
        return fault if "poison" in str(body) else OK

    texts = [
        *(f"row {number}" for number in range(10)),
        "poison",
        *(f"row {number}" for number in range(10, 20)),
    ]
    settings = settings_of(kind, retries=2, concurrency=2, patience=0.0)
    with serving(behave) as server, asking(server, tmp_path, **settings) as llm:
        found = dict(zip(texts, outcomes(llm, texts), strict=True))
        poison = found.pop("poison")
        assert isinstance(poison, Unanswered)
        assert poison.counts
        assert reason in str(poison)
        assert set(found.values()) == {"fine"}
    assert server.prompts.count("poison") == (9 if kind == "429" else 3)


@pytest.mark.parametrize("kind", OUTAGES)
def test_poison_request_alone_counts_because_a_control_request_is_answered(tmp_path, kind):
    def behave(body):
        return OK if CONTROL in str(body) else OUTAGES[kind][0]

    settings = settings_of(kind, retries=1, patience=0.0)
    with serving(behave) as server, asking(server, tmp_path, **settings) as llm:
        with pytest.raises(Unanswered) as raised:
            ask(llm)
        assert raised.value.counts
    assert CONTROL in server.prompts


@pytest.mark.parametrize("answered_before", [False, True])
@pytest.mark.parametrize("retries", [0, 1, 2])
@pytest.mark.parametrize("kind", OUTAGES)
def test_single_request_during_an_outage_never_counts(tmp_path, kind, retries, answered_before):
    settings = settings_of(kind, retries=retries, patience=0.0)
    with serving(OK) as server, asking(server, tmp_path, **settings) as llm:
        if answered_before:
            ask(llm, "before")
        server.behave = lambda _: OUTAGES[kind][0]
        with pytest.raises((ServerUnusable, Unanswered)) as raised:
            ask(llm)
    assert not getattr(raised.value, "counts", False)


def test_control_request_has_the_parameters_of_the_request(tmp_path):
    with serving(fails(500), fails(500), OK) as server, asking(server, tmp_path, retries=3) as llm:
        llm.run(llm.ask(user("hello"), temperature=0.5, max_tokens=50, seed=3))
    asked, _, control, _ = server.seen
    assert control == asked | {"messages": user(CONTROL), "max_tokens": 8}


def test_control_request_is_skipped_while_the_server_answers_others(tmp_path):
    def behave(body):
        return fails(500) if "poison" in str(body) else OK

    with serving(behave) as server, asking(server, tmp_path, retries=3, concurrency=2) as llm:
        done = threading.Event()

        async def each(text):
            if text == "poison":
                try:
                    await llm.ask(user(text))
                except Unanswered as error:
                    done.set()
                    return error.counts
            number = 0
            while not done.is_set():
                await llm.ask(user(f"{text} {number}"))
                number += 1
            return None

        assert llm.map(each, ["poison", "row"], lambda _: None) == [True, None]
    assert CONTROL not in server.prompts


def test_pause_that_a_server_error_asks_for_does_not_delay_the_end_of_the_run(tmp_path, monkeypatch):
    slept = []
    pause = asyncio.sleep

    async def sleep(seconds, *result):
        slept.append(seconds)
        await pause(0, *result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with (
        serving(fails(503, retry_after="300")) as server,
        asking(server, tmp_path, concurrency=8, patience=0.0) as llm,
        pytest.raises(ServerUnusable, match="is down: HTTP 503"),
    ):
        ask_all(llm, 20)
    assert max(slept) <= endpoint.MAX_BACKOFF


def test_server_that_answers_only_control_requests_counts_as_down(tmp_path):
    def behave(body):
        return OK if CONTROL in str(body) else fails(500, "out of memory")

    with (
        serving(behave) as server,
        asking(server, tmp_path, concurrency=8) as llm,
        pytest.raises(ServerUnusable, match="is down: HTTP 500: out of memory"),
    ):
        ask_all(llm, 40)


def test_many_bad_requests_do_not_stop_the_others_of_a_server_that_answers(tmp_path):
    def behave(body):
        return fails(500, "bad") if "row 1" in str(body) else OK

    async def each(n):
        try:
            return (await llm.ask(user(f"row {n}"))).text
        except Unanswered as error:
            return error.counts

    with serving(behave) as server, asking(server, tmp_path, concurrency=8, retries=2) as llm:
        assert llm.run(llm.ask(user("first"))).text == "fine"
        outcomes = llm.map(each, [*range(10, 20), *range(20, 30)], lambda _: None)
    assert outcomes == [True] * 10 + ["fine"] * 10
