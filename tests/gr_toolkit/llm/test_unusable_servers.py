"""Servers where no request can succeed: the run stops with one line of advice."""

import asyncio
import socket
import threading

import pytest

from gr_toolkit.errors import ServerUnusable, Unanswered, UsageError
from gr_toolkit.llm import connect
from gr_toolkit.settings import LLMSettings
from loopback import Answer, asking, fails, says, serving, user

OK = says("fine")


def ask(llm, text="hello"):
    return llm.run(llm.ask(user(text)))


def test_unknown_model_error_suggests_the_nearest_name(tmp_path):
    models = ["gpt-x", "mm-large", "mn"]
    with (
        serving(fails(404, "no such model"), models=models) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(
            ServerUnusable, match=r"does not know the model 'm'; did you mean 'mn'\? It serves: gpt-x"
        ),
    ):
        ask(llm)
    assert len(server.seen) == 1


def test_missing_openai_key_is_reported(tmp_path):
    with (
        connect(LLMSettings(model="gpt-x", api_key_env="MY_KEY"), None, tmp_path) as llm,
        pytest.raises(ServerUnusable, match="set the environment variable MY_KEY"),
    ):
        ask(llm)


def test_missing_key_in_the_configured_variable_is_reported(tmp_path):
    with (
        serving(OK) as server,
        asking(server, tmp_path, api_key_env="MY_KEY") as llm,
        pytest.raises(ServerUnusable, match=r"no API key for .*set the environment variable MY_KEY"),
    ):
        ask(llm)
    assert not server.seen


def test_rejected_key_is_recognised_in_geminis_format(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "wrong")
    body = [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]
    with (
        serving(Answer(400, body)) as server,
        asking(server, tmp_path, api_key_env="MY_KEY") as llm,
        pytest.raises(ServerUnusable, match="refuses the API key in MY_KEY: HTTP 400: API key not valid"),
    ):
        ask(llm)


def test_listed_model_that_is_not_served_is_reported(tmp_path):
    with (
        serving(fails(404, "no such method"), models=["m"]) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(
            ServerUnusable, match="does not serve the model 'm' for this kind of request: HTTP 404: no such"
        ),
    ):
        ask(llm)


def test_error_of_a_server_that_requires_a_key_names_the_setting(tmp_path):
    with (
        serving(fails(401, "no")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(
            ServerUnusable, match=r'requires an API key: .* set api_key_env = "MY_KEY" for it .HTTP 401: no'
        ),
    ):
        ask(llm)


def test_key_is_sent_but_never_shown_or_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret-123")
    with (
        serving(OK, fails(401, "bad key sk-secret-123")) as server,
        asking(server, tmp_path, api_key_env="MY_KEY") as llm,
    ):
        ask(llm)
        with pytest.raises(ServerUnusable) as raised:
            ask(llm, "again")
    assert server.keys == ["Bearer sk-secret-123"] * 2
    assert "MY_KEY" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert all(b"secret" not in file.read_bytes() for file in tmp_path.iterdir())


def test_unreachable_server_is_reported(tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        with (
            asking(url, tmp_path) as llm,
            pytest.raises(ServerUnusable, match=r"cannot reach .* set llm\.base_url"),
        ):
            ask(llm)
    assert llm.usage.requests == 1


def test_invalid_server_in_the_environment_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000")
    with (
        pytest.raises(UsageError, match="OPENAI_BASE_URL = 'localhost:8000' is not a URL"),
        connect(LLMSettings(model="m"), None, tmp_path),
    ):
        pass


def test_server_that_dies_stops_the_run(tmp_path):
    with serving(OK) as server, asking(server, tmp_path, retries=2, concurrency=4) as llm:

        async def each(n):
            if n == 3:
                await asyncio.to_thread(stop)
            return await llm.ask(user(str(n)))

        def stop():
            server.behave = lambda body: Answer(hang_up=True)  # on the connections that are open
            server.shutdown()
            server.server_close()

        assert ask(llm, "first").text == "fine"
        with pytest.raises(ServerUnusable, match="cannot reach"):
            llm.map(each, range(20), lambda _: None)


def test_request_that_crashes_the_server_fails_alone(tmp_path):
    def behave(body):
        return Answer(hang_up=True) if "poison" in str(body) else OK

    with serving(behave) as server, asking(server, tmp_path, retries=1, concurrency=1) as llm:
        with pytest.raises(Unanswered, match="connection lost") as raised:
            ask(llm, "poison")
        assert raised.value.counts
        assert ask(llm, "other").text == "fine"


def test_exhausted_quota_stops_the_run(tmp_path):
    with (
        serving(fails(429, "no credit", code="insufficient_quota")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(ServerUnusable, match="no credit"),
    ):
        ask(llm)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_of_an_hour_stops_the_run(tmp_path, status):
    with (
        serving(OK, fails(status, "daily limit", retry_after="3600")) as server,
        asking(server, tmp_path) as llm,
    ):
        ask(llm, "first")
        with pytest.raises(ServerUnusable, match=f"accepts no more requests: HTTP {status}: daily limit"):
            ask(llm)
    assert len(server.seen) == 2


def test_requests_in_flight_are_kept_when_a_limit_is_reached(tmp_path):
    succeeded = threading.Event()

    def behave(body):
        if "early" in str(body):
            return OK
        succeeded.wait(60)  # "late" is sent before the last success and refused after it
        return fails(429, "daily limit")

    with serving(behave) as server, asking(server, tmp_path, retries=1, concurrency=2) as llm:

        async def each(text):
            await llm.ask(user(text))
            succeeded.set()

        with pytest.raises(Unanswered, match="HTTP 429: daily limit") as raised:
            llm.map(each, ["late", "early"], lambda _: None)
        assert not raised.value.counts
        assert llm.usage.output_tokens == 5
