"""Replies are cached on disk, so a re-run sends no request, even after a crash."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest
from pydantic import BaseModel

from gr_toolkit.errors import CannotWrite, RequestFailed, UnusableReply
from gr_toolkit.llm.cache import Cache, request_key
from gr_toolkit.llm.connection import CACHE_FILE
from gr_toolkit.llm.messages import Reply
from loopback import Answer, asking, fails, says, serving, user

REPLY = Reply("text", None, "length", 3, 4)
ECHO = lambda body: says(body["messages"][-1]["content"])  # noqa: E731


def ask(llm, text="hello", **options):
    return llm.run(llm.ask(user(text), **options))


def test_second_run_sends_no_request(tmp_path):
    with serving(ECHO) as server:
        with asking(server, tmp_path) as llm:
            first = ask(llm)
        with asking(server, tmp_path) as llm:
            second = ask(llm)
    assert len(server.seen) == 1
    assert (second.cached, second.text, second.finish_reason) == (True, first.text, "stop")
    assert (llm.usage.requests, llm.usage.cached, llm.usage.input_tokens) == (0, 1, 0)


def test_cached_run_needs_no_server(tmp_path):
    with serving(ECHO) as server, asking(server, tmp_path) as llm:
        ask(llm)
    with asking(server, tmp_path) as llm:  # the server is gone
        assert ask(llm).cached


@pytest.mark.parametrize("other", [{"seed": 1}, {"temperature": 0.5}, {"max_tokens": 7}, {"text": "bye"}])
def test_every_part_of_the_request_is_in_the_key(tmp_path, other):
    with serving(ECHO) as server, asking(server, tmp_path) as llm:
        assert not ask(llm).cached
        assert not ask(llm, **other).cached
        assert ask(llm, **other).cached
    assert len(server.seen) == 2


@pytest.mark.parametrize(("cache", "count"), [(True, 1), (False, 0)])
def test_key_is_computed_only_once_and_only_if_replies_are_kept(tmp_path, monkeypatch, cache, count):
    hashed = []

    def counting(endpoint, body):
        hashed.append(body)
        return request_key(endpoint, body)

    monkeypatch.setattr("gr_toolkit.llm.client.request_key", counting)
    with serving(ECHO) as server, asking(server, tmp_path, cache=cache) as llm:
        ask(llm)
    assert len(hashed) == count


def test_key_depends_on_the_server():
    assert len({request_key(*parts) for parts in [("a", {}), ("b", {}), ("a", {"n": 1})]}) == 3


def test_identical_requests_in_flight_are_sent_once(tmp_path):
    slow = says("fine")
    slow.hang = 0.1
    with serving(slow) as server, asking(server, tmp_path) as llm:
        replies = llm.map(lambda _: llm.ask(user("same")), range(10), lambda _: None)
    assert len(server.seen) == 1
    assert {reply.text for reply in replies} == {"fine"}


def test_failures_are_not_cached(tmp_path):
    with serving(fails(400, "no"), says("fine")) as server, asking(server, tmp_path) as llm:
        with pytest.raises(RequestFailed):
            ask(llm)
        assert ask(llm).text == "fine"


class City(BaseModel):
    city: str


class Cities(BaseModel):
    """A docstring, which is not in the key."""

    cities: list[City]


def stored(folder):
    """The cached replies by their keys."""
    with closing(sqlite3.connect(folder / CACHE_FILE)) as database:
        return {key: json.loads(value) for key, value in database.execute("SELECT key, value FROM replies")}


UNUSABLE = {
    "refused": Answer(body={"choices": [{"message": {"content": "I won't", "refusal": "no"}}]}),
    "filtered": says('{"city": "Paris"}', finish_reason="content_filter"),
    "cut off": says('{"city": "Par', finish_reason="length"),
    "off-schema": says('{"town": "Paris"}'),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_replies_are_not_cached(tmp_path, kind):
    with serving(UNUSABLE[kind]) as server, asking(server, tmp_path) as llm:
        with pytest.raises(UnusableReply):
            ask(llm, schema=City)
        once = len(server.seen)
        with pytest.raises(UnusableReply):
            ask(llm, schema=City)
    assert len(server.seen) == 2 * once
    assert stored(tmp_path) == {}


def test_usable_second_reply_is_cached_for_the_first_request(tmp_path):
    def behave(body):
        return says(
            "whole" if body["max_tokens"] > 10 else "ha", "stop" if body["max_tokens"] > 10 else "length"
        )

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert ask(llm, max_tokens=10).text == "whole"
        assert ask(llm, max_tokens=10).cached
    assert len(server.seen) == 2
    assert [reply["text"] for reply in stored(tmp_path).values()] == ["whole"]


@pytest.mark.parametrize(
    "former",
    [
        Reply("half", None, "length", 3, 4),
        Reply("I won't", None, "refusal", 3, 4),
        Reply("", None, "stop", 3, 0),
    ],
)
def test_unusable_reply_that_a_former_version_cached_is_a_miss_and_is_replaced(tmp_path, former):
    with serving(says("fine")) as server, asking(server, tmp_path) as llm:
        ask(llm)
        (key,) = stored(tmp_path)
        with closing(Cache(tmp_path / CACHE_FILE)) as cache:
            cache.put(key, former)
        again = ask(llm)
        assert (again.text, again.cached) == ("fine", False)
        assert ask(llm).cached
    assert len(server.seen) == 2


def test_cached_reply_that_is_cut_off_is_a_hit_for_a_partial_request_only(tmp_path):
    def behave(body):
        return says("half", "length") if body["max_tokens"] == 10 else says("whole")

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert ask(llm, max_tokens=10, partial=True).text == "half"
        assert ask(llm, max_tokens=10, partial=True).cached
        assert ask(llm, max_tokens=10).text == "whole"
    assert len(server.seen) == 3


def test_invalid_json_that_a_former_version_cached_is_a_miss(tmp_path):
    with serving(says('{"city": "Paris"}')) as server, asking(server, tmp_path) as llm:
        ask(llm, schema=City)
        (key,) = stored(tmp_path)
        with closing(Cache(tmp_path / CACHE_FILE)) as cache:
            cache.put(key, Reply('{"town": "Paris"}', None, "stop", 3, 4))
        assert ask(llm, schema=City).parsed == City(city="Paris")
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("key", "request_of"),
    [
        (
            "1b741d8bc5b002cf908dd09be3ae5bc555ce3d54e9acf4b0f5562081152728a8",
            lambda llm: ask(llm, "What rises?", temperature=0.5, max_tokens=64, seed=7),
        ),
        (
            "e80fd874a622080a03cbf2e5168f63c758b6d06eba0c7193eb41391ccdff6de1",
            lambda llm: ask(llm, "List.", schema=Cities),
        ),
        (
            "9edf246ba217f8addf42ee14cdeb4cd1e52e20ec4f8d3892d005f5125dfc42aa",
            lambda llm: llm.run(llm.complete("Is it?", max_tokens=9, stop=["\n"], logprobs=True)),
        ),
    ],
    ids=["plain", "structured", "completion"],
)
def test_keys_are_those_of_former_versions(tmp_path, key, request_of):
    """A change of these keys would make every user pay for every reply again."""
    with closing(Cache(tmp_path / CACHE_FILE)) as cache:
        cache.put(key, Reply('{"cities": []}', None, "stop", 3, 4))
    with asking("http://127.0.0.1:9/v1", tmp_path) as llm:  # no server
        assert request_of(llm).cached


def test_cache_can_be_switched_off(tmp_path):
    with serving(ECHO) as server, asking(server, tmp_path, cache=False) as llm:
        ask(llm)
        assert not ask(llm).cached
    assert len(server.seen) == 2
    assert not (tmp_path / CACHE_FILE).exists()


def test_two_processes_share_the_file(tmp_path):
    one, two = Cache(tmp_path / "cache.sqlite"), Cache(tmp_path / "cache.sqlite")
    one.put("a", REPLY)
    two.put("b", REPLY)
    assert one.get("b") == two.get("a") == Reply("text", None, "length", 3, 4, cached=True)
    assert one.get("c") is None


def test_reasoning_is_kept_and_replies_stored_without_it_are_read(tmp_path):
    cache = Cache(tmp_path / "cache.sqlite")
    thoughtful = Reply("text", None, "stop", 3, 9, reasoning="thoughts", reasoning_tokens=5)
    cache.put("new", thoughtful)
    cache.write("old", {"text": "text", "finish_reason": "length", "input_tokens": 3, "output_tokens": 4})
    cache.write("newer", {"text": "text", "of a later version": 1})
    assert cache.get("new") == replace(thoughtful, cached=True)
    assert cache.get("old") == replace(REPLY, cached=True)
    assert cache.get("newer") is None


def test_threads_share_one_connection(tmp_path):
    cache = Cache(tmp_path / "cache.sqlite")
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for key in range(200):
                cache.put(f"{number} {key}", REPLY)
                assert cache.get(f"{number} {key}") is not None
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(cache.get(f"{number} {key}") for number in range(8) for key in range(200))


@pytest.mark.parametrize(
    "row", ["{", "", "[" * 100_000, "7", "[]", '{"text": "a"}', '{"ending": 5}', '{"x": 1}']
)
def test_malformed_row_is_a_cache_miss(tmp_path, row):
    cache = Cache(tmp_path / "cache.sqlite")
    cache.put("another", REPLY)
    with sqlite3.connect(cache.path) as database:
        database.execute("INSERT INTO replies VALUES ('a', ?, 0)", (row,))
    assert cache.get("a") is None
    cache.put("a", REPLY)
    assert cache.get("a") is not None


def test_file_that_is_not_a_database_is_moved_aside(tmp_path, capsys):
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"junk" * 1000)
    cache = Cache(path)
    cache.put("a", REPLY)
    assert cache.get("a") is not None
    assert (tmp_path / "cache.corrupt").read_bytes().startswith(b"junk")
    assert "moved it to" in capsys.readouterr().err


def test_damaged_database_page_is_reported(tmp_path):
    path = tmp_path / "cache.sqlite"
    cache = Cache(path)
    for number in range(50):
        cache.put(str(number), REPLY)
    cache.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    damaged = Cache(path)  # only its first page is intact
    with pytest.raises(CannotWrite, match=r"cache\.sqlite is damaged: .*; delete "):
        damaged.get("7")
    with pytest.raises(CannotWrite, match="is damaged"):
        damaged.put("7", REPLY)


def test_unwritable_folder_raises_cannot_write(tmp_path):
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache.sqlite")
    with pytest.raises(CannotWrite, match=r"llm\.cache = false"):
        cache.put("a", REPLY)


WRITER = """
import sys
from pathlib import Path
from gr_toolkit.llm.cache import Cache
from gr_toolkit.llm.messages import Reply
cache = Cache(Path(sys.argv[1]))
for number in range(1_000_000):
    cache.put(str(number), Reply("x" * 2000, None, "stop", 1, 1))
    print(number, flush=True)
"""


def test_kill_9_while_writing_leaves_a_usable_cache(tmp_path):
    path = tmp_path / "cache.sqlite"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            first = writer.stdout.readline()
            time.sleep(0.2)
            os.kill(writer.pid, signal.SIGKILL)
            acknowledged = (first + writer.stdout.read()).decode().split("\n")[:-1]
        cache = Cache(path)
        assert all(cache.get(key) is not None for key in acknowledged)
        assert acknowledged
        cache.put("more", REPLY)
        cache.close()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_unwritable_cache_fails_before_a_request_is_sent(tmp_path):
    (tmp_path / "file").touch()
    with serving(says("dear")) as server, asking(server, tmp_path / "file" / "state") as llm:
        with pytest.raises(CannotWrite, match=r"llm\.cache = false"):
            llm.run(llm.ask(user("What rises?")))
        assert server.seen == []
