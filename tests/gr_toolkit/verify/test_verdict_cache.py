"""The verdict cache on disk: its keys, and its behaviour if the file is damaged or unwritable."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from gr_toolkit.errors import CannotWrite
from gr_toolkit.settings import load_settings
from gr_toolkit.verify.cache import VerdictCache, verdict_key
from gr_toolkit.verify.opening import open_verifier
from gr_toolkit.verify.verdict import Item, Verdict
from loopback import Accepts, serving

VERDICT = Verdict(True, "model", 0.9, "Final Decision: Yes")
ITEM = Item("What rises?", "warmth", "heat")


@pytest.mark.parametrize(
    "verdict",
    [VERDICT, Verdict(False, "math-verify", None, ""), Verdict(False, "model", 1.0, "\ud800 \x00 é \n")],
)
def test_verdict_is_returned_as_stored(tmp_path, verdict):
    one, two = VerdictCache(tmp_path / "v.sqlite"), VerdictCache(tmp_path / "v.sqlite")
    one.put("a", verdict)
    assert two.get("a") == verdict
    assert isinstance(two.get("a"), Verdict)
    assert two.get("b") is None


@pytest.mark.parametrize(
    "other",
    [
        (["m"], ITEM._replace(question="What sinks?")),
        (["m"], ITEM._replace(reference="cold")),
        (["m"], ITEM._replace(answer="cold")),
        (["n"], ITEM),
        (["m", "n"], ITEM),
        ([], ITEM),
    ],
)
def test_key_contains_everything_that_affects_the_verdict(other):
    assert verdict_key(*other) != verdict_key(["m"], ITEM)


def test_two_spellings_of_an_answer_have_one_key():
    assert verdict_key(["m"], ITEM._replace(answer=r" $\text{heat}$.")) == verdict_key(["m"], ITEM)


def test_any_text_has_a_key():
    assert (
        len({verdict_key([], Item(text, text, text)) for text in ("", "\x00", "\ud800", "é" * 10_000)}) == 4
    )


@pytest.mark.parametrize("version", ["RULES_VERSION", "PROMPT_VERSION"])
def test_new_version_changes_the_key(monkeypatch, version):
    before = verdict_key(["m"], ITEM)
    monkeypatch.setattr(f"gr_toolkit.verify.cache.{version}", 10_000)
    assert verdict_key(["m"], ITEM) != before


@pytest.mark.parametrize(
    "row",
    ["{", "[1, 2]", "[]", '["yes", "model", 0.9, ""]', '[true, "model", "0.9", ""]', '[true, null, 1, ""]'],
)
def test_malformed_row_is_a_miss(tmp_path, row):
    cache = VerdictCache(tmp_path / "v.sqlite")
    cache.put("another", VERDICT)
    with sqlite3.connect(cache.path) as database:
        database.execute("INSERT INTO verdicts VALUES ('a', ?, 0)", (row,))
    assert cache.get("a") is None
    cache.put("a", VERDICT)
    assert cache.get("a") == VERDICT


def test_file_that_is_not_a_database_is_moved_aside(tmp_path, capsys):
    path = tmp_path / "v.sqlite"
    path.write_bytes(b"junk" * 1000)
    cache = VerdictCache(path)
    cache.put("a", VERDICT)
    assert cache.get("a") == VERDICT
    assert (tmp_path / "v.corrupt").read_bytes().startswith(b"junk")
    assert "the verdict cache" in capsys.readouterr().err


def test_unwritable_path_raises_cannot_write(tmp_path):
    (tmp_path / "file").touch()
    cache = VerdictCache(tmp_path / "file" / "v.sqlite")
    with pytest.raises(CannotWrite, match=r"the verdict cache .*verify\.cache = false"):
        cache.put("a", VERDICT)


WRITER = """
import sys
from pathlib import Path
from gr_toolkit.verify.cache import VerdictCache
from gr_toolkit.verify.verdict import Verdict
cache = VerdictCache(Path(sys.argv[1]))
for number in range(1_000_000):
    cache.put(str(number), Verdict(True, "model", 0.9, "x" * 2000))
    print(number, flush=True)
"""


def test_kill_9_while_two_processes_write_leaves_a_usable_cache(tmp_path, root):
    path = tmp_path / "v.sqlite"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
        for _ in range(2)
    ]
    acknowledged = [first_lines(writer) for writer in writers]
    cache = VerdictCache(path)
    assert all(cache.get(key) is not None for keys in acknowledged for key in keys)
    cache.put("more", VERDICT)
    cache.close()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def first_lines(writer: subprocess.Popen[bytes]) -> list[str]:
    """The lines that a process writes until it is killed, soon after its first line."""
    assert writer.stdout is not None
    with writer:
        first = writer.stdout.readline().decode()
        time.sleep(0.2)
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().decode()
    return (first + rest).split("\n")[:-1]


SYMBOLIC = Item("", r"\overline{z} + 1", r"1 + \overline{z}")


def test_file_is_in_the_state_folder(tmp_path):
    settings = load_settings(data=str(tmp_path), verify={"model": False})
    settings.state.mkdir()
    with open_verifier(settings) as verifier:
        assert asyncio.run(verifier.verify(SYMBOLIC)).correct
    assert [file.name for file in settings.state.glob("*.sqlite")] == ["verdicts.sqlite"]


def test_mathematics_alone_creates_no_data_folder(tmp_path):
    with open_verifier(load_settings(data=str(tmp_path / "new"), verify={"model": False})) as verifier:
        assert asyncio.run(verifier.verify(SYMBOLIC)).correct
    assert not (tmp_path / "new").exists()


def test_model_verdict_creates_the_data_folder(tmp_path):
    with serving(Accepts()) as server:
        llm = {"model": "m", "base_url": server.url, "cache": False}
        with open_verifier(load_settings(data=str(tmp_path / "new"), llm=llm)) as verifier:
            verdict = verifier.llm.run(verifier.verify(Item("What rises?", "warmth", "heat")))
    assert verdict.decided_by == "model"
    assert (tmp_path / "new" / ".state" / "verdicts.sqlite").exists()
