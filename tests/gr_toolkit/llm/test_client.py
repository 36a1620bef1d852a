"""The client against a real HTTP server that returns every kind of fault."""

import random
import threading

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.errors import RequestFailed, ServerUnusable, Unanswered
from gr_toolkit.llm import connect
from gr_toolkit.llm.requests.wire import CONTROL
from gr_toolkit.llm.usage import metered
from gr_toolkit.settings import LLMSettings, RoleSettings
from loopback import Answer, asking, but_answers_control, fails, says, serving, user

OK = says("fine")


def ask(llm, text="hello", **options):
    return llm.run(llm.ask(user(text), **options))


def test_ask_returns_the_reply_and_counts_usage(tmp_path):
    summary = Summary("judge")
    with (
        serving(OK) as server,
        asking(server, tmp_path, input_usd_per_million=1, output_usd_per_million=2) as llm,
        metered(summary, [llm.usage]),
    ):
        reply = ask(llm, seed=7, max_tokens=9, temperature=0.5)
    assert (reply.text, reply.finish_reason, reply.cached, reply.parsed) == ("fine", "stop", False, None)
    assert server.seen == [
        {"model": "m", "messages": user("hello"), "temperature": 0.5, "max_tokens": 9, "seed": 7}
    ]
    assert (summary.requests, summary.input_tokens, summary.output_tokens) == (1, 10, 5)
    assert summary.cost_usd == pytest.approx(20e-6)


def test_summary_counts_only_what_its_block_uses_also_if_the_block_fails(tmp_path):
    summary = Summary("judge")
    with serving(OK, OK, fails(401)) as server, asking(server, tmp_path) as llm:
        ask(llm, "before the block")

        def work():
            with metered(summary, [llm.usage]):
                ask(llm, "before the block")  # from the cache
                ask(llm, "in the block")
                ask(llm, "refused")

        with pytest.raises(ServerUnusable):
            work()
    assert (summary.requests, summary.cached, summary.input_tokens, summary.output_tokens) == (2, 1, 10, 5)


def test_complete_continues_a_plain_text(tmp_path):
    answer = Answer(body={"choices": [{"text": " Paris", "finish_reason": "stop"}]})
    with serving(answer) as server, asking(server, tmp_path) as llm:
        reply = llm.run(llm.complete("The capital of France is", stop=["\n"], max_tokens=2))
    assert (reply.text, reply.finish_reason) == (" Paris", "stop")
    assert (server.seen[0]["prompt"], server.seen[0]["stop"]) == ("The capital of France is", ["\n"])
    assert reply.input_tokens > 0  # estimated, since the server reported no counts


def test_chat_only_server_gets_the_prompt_as_a_message(tmp_path):
    def behave(body):
        return fails(404, "This is a chat model") if "prompt" in body else OK

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert llm.run(llm.complete("Is it?")).text == "fine"
        assert llm.run(llm.complete("And this?")).text == "fine"
    assert [body.get("messages") for body in server.seen] == [None, user("Is it?"), user("And this?")]


@pytest.mark.parametrize(
    "fault",
    [
        fails(408),
        fails(409),
        fails(429),
        fails(500, "oops"),
        fails(503),
        Answer(hang_up=True),
        Answer(body={"choices": []}),
        Answer(body=b'{"choices": [{"mess'),
        Answer(body=b"<html>", headers={"Content-Type": "text/html"}),
        Answer(body=[1, 2]),
    ],
)
def test_transient_fault_is_retried(tmp_path, fault):
    with serving(fault, OK) as server, asking(server, tmp_path) as llm:
        assert ask(llm).text == "fine"
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (fails(500, "oops"), "HTTP 500: oops"),
        (Answer(hang=0.5, body={}), "timed out after 0.2 s"),
        (Answer(hang_up=True), "connection lost"),
        (Answer(body={"choices": []}), "no valid reply: the server's reply has no choices"),
    ],
)
def test_persistent_fault_is_unanswered_with_its_reason(tmp_path, fault, reason):
    with (
        serving(lambda body: OK if CONTROL in str(body) else fault) as server,
        asking(server, tmp_path, retries=1, timeout=0.2 if fault.hang else 60) as llm,
        pytest.raises(Unanswered, match=reason),
    ):
        ask(llm)
    assert server.prompts == ["hello", "hello", CONTROL]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (fails(413, "too big"), "HTTP 413: too big"),
        (fails(400, "your content is refused"), "HTTP 400: your content is refused"),
    ],
)
def test_permanent_fault_is_not_retried(tmp_path, fault, reason):
    with (
        serving(but_answers_control(fault)) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(RequestFailed, match=reason),
    ):
        ask(llm)
    assert server.prompts == ["hello", CONTROL]


def test_server_that_refuses_every_request_ends_the_run_with_its_reason(tmp_path):
    with serving(fails(400, "Unrecognized request argument: foo")) as server, asking(server, tmp_path) as llm:
        with pytest.raises(
            ServerUnusable, match="refuses every request: HTTP 400: Unrecognized request argument: foo"
        ):
            ask(llm)
        with pytest.raises(ServerUnusable):
            ask(llm, "another")
    assert server.prompts == ["hello", CONTROL]


def test_server_that_has_answered_is_not_tested_after_a_refusal(tmp_path):
    with serving(OK, fails(400, "no")) as server, asking(server, tmp_path) as llm:
        ask(llm)
        for text in ("one", "two"):
            with pytest.raises(RequestFailed, match="HTTP 400: no"):
                ask(llm, text)
    assert server.prompts == ["hello", "one", "two"]


@pytest.mark.parametrize(("status", "tries"), [(500, 2), (429, 5)])
def test_429_is_retried_four_times_as_often(tmp_path, status, tries):
    def behave(body):
        return OK if CONTROL in str(body) else fails(status, "busy")

    with (
        serving(behave) as server,
        asking(server, tmp_path, retries=1) as llm,
        pytest.raises(Unanswered, match=f"HTTP {status}: busy"),
    ):
        ask(llm)
    assert server.prompts.count("hello") == tries


def test_openai_base_url_is_honoured(tmp_path, monkeypatch):
    with serving(OK) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with connect(LLMSettings(model="m"), None, tmp_path) as llm:
            assert ask(llm).text == "fine"


def test_refused_parameter_is_omitted_from_later_requests(tmp_path):
    def behave(body):
        if "max_tokens" in body:
            return fails(
                400, "Use 'max_completion_tokens' instead of 'max_tokens'", code="unsupported_parameter"
            )
        return fails(400, "'temperature' does not support 0") if "temperature" in body else OK

    with serving(behave) as server, asking(server, tmp_path, max_tokens=50) as llm:
        assert ask(llm).text == "fine"
        ask(llm, "again")
    assert [sorted(body) for body in server.seen[2:]] == [["max_completion_tokens", "messages", "model"]] * 2
    assert server.seen[2]["max_completion_tokens"] == 50


def test_every_row_gets_a_reply_or_a_reason_under_random_faults(tmp_path):
    dice = random.Random(0)
    faults = [
        fails(429, retry_after="0.05"),
        fails(500),
        fails(503),
        Answer(hang=0.4),
        Answer(hang_up=True),
        Answer(body=b"{"),
        Answer(body={"choices": []}),
        fails(400, "refused"),
    ]
    lock = threading.Lock()

    def behave(body):
        with lock:
            return dice.choice(faults) if dice.random() < 0.5 else says("fine")

    async def each(n):
        try:
            return (await llm.ask(user(f"row {n}"))).text
        except (RequestFailed, Unanswered) as error:
            return f"failed: {error}"

    done = []
    settings = {"retries": 3, "timeout": 0.2, "concurrency": 8, "patience": 60.0}
    with serving(behave) as server, asking(server, tmp_path, **settings) as llm:
        rows = llm.map(each, range(80), done.append)
    assert len(rows) == 80
    assert done == [1] * 80
    assert {row for row in rows if not row.startswith("failed: ")} == {"fine"}


def test_map_keeps_order_and_cancels_after_a_fatal_error(tmp_path):
    def behave(body):
        number = body["messages"][0]["content"]
        return (
            fails(401)
            if number == "5"
            else Answer(**{**vars(says(number)), "hang": 0.02 * (9 - int(number))})
        )

    with serving(behave) as server, asking(server, tmp_path, concurrency=3) as llm:
        replies = llm.map(lambda n: llm.ask(user(str(n))), range(5), lambda _: None)
        assert [reply.text for reply in replies] == ["0", "1", "2", "3", "4"]
        with pytest.raises(ServerUnusable):
            llm.map(lambda n: llm.ask(user(str(n % 10))), range(5, 100), lambda _: None)
    assert len(server.seen) < 20


def test_several_threads_can_ask(tmp_path):
    with (
        serving(lambda body: says(body["messages"][0]["content"])) as server,
        asking(server, tmp_path) as llm,
    ):
        texts = {}
        threads = [
            threading.Thread(target=lambda n=n: texts.update({n: ask(llm, str(n)).text})) for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == {n: str(n) for n in range(6)}


def test_role_settings_override_the_server(tmp_path):
    with serving(says("judge")) as server:
        settings = LLMSettings(
            model="m", base_url="http://127.0.0.1:9", judge=RoleSettings(base_url=server.url)
        )
        with connect(settings, "judge", tmp_path) as llm:
            assert ask(llm).text == "judge"


def test_lone_surrogates_do_not_break_a_request(tmp_path):
    with serving(says("a \ud800 b")) as server, asking(server, tmp_path) as llm:
        assert ask(llm, "x \udfff y").text == "a ? b"
    assert server.prompts == ["x ? y"]
