"""Replies are cached on disk, so a re-run sends no request, even after a crash."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from gr_toolkit.errors import CannotWrite, RequestFailed
from gr_toolkit.llm.cache import Cache, request_key
from gr_toolkit.llm.messages import Reply
from loopback import asking, fails, says, serving, user

REPLY = Reply("text", None, "length", 3, 4)
ECHO = lambda body: says(body["messages"][-1]["content"], finish_reason="length")  # noqa: E731


def ask(llm, text="hello", **options):
    return llm.run(llm.ask(user(text), **options))


def test_second_run_sends_no_request(tmp_path):
    with serving(ECHO) as server:
        with asking(server, tmp_path) as llm:
            first = ask(llm)
        with asking(server, tmp_path) as llm:
            second = ask(llm)
    assert len(server.seen) == 1
    assert (second.cached, second.text, second.finish_reason) == (True, first.text, "length")
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


def test_cache_can_be_switched_off(tmp_path):
    with serving(ECHO) as server, asking(server, tmp_path, cache=False) as llm:
        ask(llm)
        assert not ask(llm).cached
    assert len(server.seen) == 2
    assert not list(tmp_path.iterdir())


def test_two_processes_share_the_file(tmp_path):
    one, two = Cache(tmp_path / "cache.sqlite"), Cache(tmp_path / "cache.sqlite")
    one.put("a", REPLY)
    two.put("b", REPLY)
    assert one.get("b") == two.get("a") == Reply("text", None, "length", 3, 4, cached=True)
    assert one.get("c") is None


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
