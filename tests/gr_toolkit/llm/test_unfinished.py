"""Replies that the cache does not hold are kept until the work that needs them is written."""

import os
import signal
import subprocess
import sys

import pytest
from pydantic import BaseModel

from gr_toolkit.errors import CannotWrite, RequestFailed, Unanswered, UnusableReply
from gr_toolkit.llm import kept_until_written
from gr_toolkit.llm.connection import CACHE_FILE, UNFINISHED_FILE
from loopback import Answer, asking, fails, says, serving, user

REFUSAL = Answer(body={"choices": [{"message": {"content": None, "refusal": "I won't"}}]})


class City(BaseModel):
    city: str


def echo(body):
    return says(body["messages"][-1]["content"])


def ask(llm, text, unit, **options):
    async def work():
        with kept_until_written(unit):
            return await llm.ask(user(text), **options)

    return llm.run(work())


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from gr_toolkit.llm import connect, kept_until_written
from gr_toolkit.settings import LLMSettings

settings = LLMSettings(model="m", base_url=sys.argv[1], cache=False)

async def work(llm):
    with kept_until_written("judged/a"):
        ask = lambda text: llm.ask([{"role": "user", "content": text}])
        await asyncio.gather(*(ask(f"row {number}") for number in range(6)))
    os.kill(os.getpid(), signal.SIGKILL)

with connect(settings, None, Path(sys.argv[2])) as llm:
    llm.run(work(llm))
"""


def test_second_process_pays_nothing_for_the_replies_of_a_killed_one(tmp_path, root):
    with serving(echo) as server:
        command = [sys.executable, "-c", KILLED, server.url, str(tmp_path)]
        environment = os.environ | {"PYTHONPATH": str(root)}
        killed = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert len(server.seen) == 6
        with asking(server, tmp_path, cache=False) as llm:
            replies = [ask(llm, f"row {number}", "judged/a") for number in range(7)]
    assert [reply.text for reply in replies] == [f"row {number}" for number in range(7)]
    assert [reply.cached for reply in replies] == [True] * 6 + [False]
    assert (llm.usage.requests, llm.usage.cached, llm.usage.input_tokens) == (1, 6, 10)
    assert len(server.seen) == 7


def test_kept_replies_serve_their_own_unit_only(tmp_path):
    with serving(echo) as server, asking(server, tmp_path, cache=False) as llm:
        ask(llm, "row", "a")
        assert ask(llm, "row", "a").cached
        assert not ask(llm, "row", "b").cached
        assert not ask(llm, "another row", "a").cached
        assert not llm.run(llm.ask(user("row"))).cached
    assert len(server.seen) == 4


def test_forgotten_unit_is_asked_again_and_the_others_are_not(tmp_path):
    with serving(echo) as server, asking(server, tmp_path, cache=False) as llm:
        for unit in ("a", "ab", "b"):
            ask(llm, "row", unit)
        llm.forget("a")
        assert [ask(llm, "row", unit).cached for unit in ("a", "ab", "b")] == [False, True, True]
    assert len(server.seen) == 4


def test_concurrent_units_are_kept_apart(tmp_path):
    async def each(unit):
        with kept_until_written(unit):
            return await llm.ask(user("row"))

    with serving(echo) as server, asking(server, tmp_path, cache=False) as llm:
        llm.map(each, ["a", "b", "c"], lambda _: None)
        llm.forget("b")
        replies = llm.map(each, ["a", "b", "c"], lambda _: None)
    assert [reply.cached for reply in replies] == [True, False, True]
    assert len(server.seen) == 4


def test_identical_requests_of_a_unit_are_sent_once(tmp_path):
    slow = says("fine")
    slow.hang = 0.1
    with serving(slow) as server, asking(server, tmp_path, cache=False) as llm:

        async def work():
            with kept_until_written("a"):
                return await llm.ask(user("row"))

        replies = llm.map(lambda _: work(), range(5), lambda _: None)
    assert {reply.text for reply in replies} == {"fine"}
    assert len(server.seen) == 1


def test_nothing_is_kept_outside_a_unit(tmp_path):
    with serving(echo) as server, asking(server, tmp_path, cache=False) as llm:
        llm.run(llm.ask(user("row")))
        llm.forget("a")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_forgetting_an_unknown_unit_does_nothing(tmp_path):
    with serving(echo) as server, asking(server, tmp_path, cache=False) as llm:
        ask(llm, "row", "a")
        llm.forget("b")
        llm.forget("")
        assert ask(llm, "row", "a").cached


UNUSABLE = {
    "refused": (REFUSAL, 1),
    "filtered": (says("half", finish_reason="content_filter"), 1),
    "cut off": (says('{"city": "Par', finish_reason="length"), 2),
    "off-schema": (says('{"town": "Paris"}'), 2),
}


@pytest.mark.parametrize("cache", [False, True])
@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_replies_are_kept_until_they_are_forgotten(tmp_path, kind, cache):
    answer, requests = UNUSABLE[kind]
    with serving(answer) as server:
        for _ in range(2):
            with asking(server, tmp_path, cache=cache) as llm, pytest.raises(UnusableReply):
                ask(llm, "capital?", "a", schema=City)
            assert len(server.seen) == requests
        with asking(server, tmp_path, cache=cache) as llm:
            llm.forget("a")
            with pytest.raises(UnusableReply):
                ask(llm, "capital?", "a", schema=City)
    assert len(server.seen) == 2 * requests


def test_unusable_reply_is_asked_again_by_another_unit(tmp_path):
    with serving(REFUSAL, says("fine")) as server, asking(server, tmp_path) as llm:
        with pytest.raises(UnusableReply, match="refused"):
            ask(llm, "row", "a")
        assert ask(llm, "row", "b").text == "fine"


def test_usable_replies_are_cached_and_not_kept_twice(tmp_path):
    with serving(echo) as server, asking(server, tmp_path) as llm:
        ask(llm, "row", "a")
        llm.forget("a")
        assert ask(llm, "row", "b").cached
    assert (tmp_path / CACHE_FILE).exists()
    assert not (tmp_path / UNFINISHED_FILE).exists()


def test_first_and_repaired_replies_are_both_kept(tmp_path):
    with serving(says('{"town": "Paris"}'), says('{"city": "Paris"}')) as server:
        for _ in range(2):
            with asking(server, tmp_path, cache=False) as llm:
                assert ask(llm, "capital?", "a", schema=City).parsed == City(city="Paris")
    assert len(server.seen) == 2


@pytest.mark.parametrize(("fault", "error"), [(fails(500), Unanswered), (fails(413), RequestFailed)])
def test_failed_request_is_sent_again(tmp_path, fault, error):
    def behave(body):
        return fault if server.prompts.count("row") == 1 and "row" in str(body) else says("fine")

    with serving(behave) as server, asking(server, tmp_path, cache=False, retries=0) as llm:
        with pytest.raises(error):
            ask(llm, "row", "a")
        assert ask(llm, "row", "a").text == "fine"


def test_unwritable_file_fails_before_a_request_is_sent(tmp_path):
    (tmp_path / "file").touch()
    with serving(says("dear")) as server, asking(server, tmp_path / "file" / "state", cache=False) as llm:

        async def ask():
            with kept_until_written("table/1"):
                await llm.ask(user("What rises?"))

        with pytest.raises(CannotWrite, match=r"make room, or choose another folder with --data$"):
            llm.run(ask())
        assert server.seen == []
