"""What a command does at the first and the second signal, in real processes that get real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from files import ROOT
from gr_toolkit.errors import CannotWrite, ServerUnusable
from gr_toolkit.interrupts import SIGNALS, ending_quietly, handled, on_interrupt, received, run

NOISE = ("Traceback", "Task was destroyed", "leaked semaphore", "resource_tracker", "Exception ignored")
pytestmark = pytest.mark.usefixtures("keep_handlers")
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])

# Runs `body` as cli.main runs a command.
PROGRAM = """
import asyncio, subprocess, sys, threading, time
from gr_toolkit import interrupts
from gr_toolkit.engine.worker import worker_pool

def body():
{body}

if __name__ == "__main__":
    with interrupts.handled():
        try:
            body()
        except KeyboardInterrupt:
            print("stopped", flush=True)
            sys.exit(128 + interrupts.received())
"""


@contextmanager
def started(folder: Path, body: str) -> Iterator[subprocess.Popen[str]]:
    """Run the lines of `body` in a process group of its own, until it prints `ready`."""
    script = folder / "program.py"
    script.write_text(PROGRAM.format(body="\n".join(f"    {line}" for line in body.strip().splitlines())))
    with subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and the output of a process that must end quietly."""
    output, errors = process.communicate(timeout=60)
    assert not [line for line in NOISE if line in errors], errors
    return process.returncode, output


def line_of(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout.readline() == line + "\n"


@BOTH
def test_first_signal_raises_keyboard_interrupt(number):
    before = [signal.getsignal(number) for number in SIGNALS]
    with handled():
        assert received() is None
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert received() == number
    assert not {signal.getsignal(number) for number in SIGNALS} & set(before)  # they stay until the exit
    with handled():
        assert received() is None


def test_handlers_are_restored_if_no_signal_came():
    before = [signal.getsignal(number) for number in SIGNALS]
    with handled():
        assert not {signal.getsignal(number) for number in SIGNALS} & set(before)
    assert [signal.getsignal(number) for number in SIGNALS] == before


@BOTH
def test_block_is_stopped_and_runs_to_its_end(number):
    seen = []
    with handled(), pytest.raises(KeyboardInterrupt), on_interrupt(lambda: seen.append("stop")):  # noqa: PT012
        signal.raise_signal(number)
        seen.append("end")
    assert seen == ["stop", "end"]


def test_innermost_block_is_stopped():
    seen = []
    with (
        handled(),
        pytest.raises(KeyboardInterrupt),
        on_interrupt(lambda: seen.append("outer")),
        on_interrupt(lambda: seen.append("inner")),
    ):
        signal.raise_signal(signal.SIGTERM)
    assert seen == ["inner"]


def test_block_that_ends_before_the_signal_is_not_stopped():
    seen = []
    with handled():
        with on_interrupt(lambda: seen.append("stop")):
            pass
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert seen == []


def test_block_after_the_signal_runs_undisturbed():
    seen = []
    with handled():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        with on_interrupt(lambda: seen.append("stop")):
            seen.append("cleanup")
    assert seen == ["cleanup"]


@pytest.mark.parametrize(
    ("error", "raised"), [(ServerUnusable("closed"), KeyboardInterrupt), (CannotWrite("full"), CannotWrite)]
)
def test_error_after_the_signal_is_raised_only_if_the_user_must_know_it(error, raised):
    with handled(), pytest.raises(raised), on_interrupt(lambda: None):  # noqa: PT012
        signal.raise_signal(signal.SIGTERM)
        raise error


def test_nothing_is_handled_in_another_thread():
    seen = []

    def body() -> None:
        with handled(), on_interrupt(lambda: seen.append("stop")):
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert seen == [before]


def test_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with handled():
            signal.raise_signal(signal.SIGINT)
            assert received() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_coroutine_is_cancelled_and_its_finally_block_runs():
    import asyncio

    seen = []

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")

    with handled(), pytest.raises(KeyboardInterrupt):
        run(work())
    assert seen == ["cleaned up"]


def test_coroutine_is_cancelled_if_the_signal_comes_before_it_begins(monkeypatch):
    begin = asyncio.Runner.run

    def interrupted(runner, coroutine):
        signal.raise_signal(signal.SIGTERM)
        return begin(runner, coroutine)

    async def work() -> None:
        await asyncio.sleep(1.0)
        done.append("worked")

    done: list[str] = []
    monkeypatch.setattr(asyncio.Runner, "run", interrupted)
    with handled(), pytest.raises(KeyboardInterrupt):
        run(work())
    assert done == []


def test_coroutine_returns_its_result():
    async def work() -> int:
        return 3

    assert run(work()) == 3
    with handled():
        assert run(work()) == 3


def test_interrupt_in_a_destructor_is_not_lost():
    class Interrupted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    with handled():
        thing = Interrupted()
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            del thing
            time.sleep(60)


@BOTH
def test_exit_code_tells_the_signal(tmp_path, number):
    with started(tmp_path, "print('ready', flush=True)\ntime.sleep(600)") as process:
        os.killpg(process.pid, number)
        assert ended(process) == (128 + number, "stopped\n")


PLACES = {
    "finally": """
try:
    print("ready", flush=True)
    time.sleep(600)
finally:
    print("cleaning", flush=True)
    time.sleep(600)
""",
    "a thread's join": """
thread = threading.Thread(target=time.sleep, args=(600,))
thread.start()
try:
    print("ready", flush=True)
    thread.join()
finally:
    print("cleaning", flush=True)
    thread.join()
""",
    "the interpreter's exit": """
threading.Thread(target=time.sleep, args=(600,)).start()
try:
    print("ready", flush=True)
    time.sleep(600)
finally:
    print("cleaning", flush=True)
""",
    "a pool's shutdown": """
with worker_pool(2) as pool:
    try:
        pool.submit(time.sleep, 0).result()
        pool.submit(time.sleep, 600)
        print("ready", flush=True)
        time.sleep(600)
    finally:
        print("cleaning", flush=True)
        pool.shutdown()
""",
    "an event loop": """
async def work():
    try:
        print("ready", flush=True)
        await asyncio.sleep(600)
    finally:
        other = asyncio.create_task(asyncio.sleep(600))
        print("cleaning", flush=True)
        await other
interrupts.run(work())
""",
}


@BOTH
def test_signal_during_the_imports_of_the_command_ends_it_with_one_line(tmp_path, number):
    (tmp_path / "typer.py").write_text(f"import os, time\nos.kill(os.getpid(), {number:d})\ntime.sleep(60)\n")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "status"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "gr: stopped before it began.\n")


def test_imports_restore_the_handlers_and_keep_an_ignored_signal():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ending_quietly():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert callable(signal.getsignal(signal.SIGTERM))
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", PLACES)
def test_second_signal_ends_the_process_quietly(tmp_path, place, second):
    with started(tmp_path, PLACES[place]) as process:
        os.killpg(process.pid, signal.SIGTERM)
        line_of(process, "cleaning")
        os.killpg(process.pid, second)
        code, _ = ended(process)
    assert code == 128 + signal.SIGTERM


CHILD = """
import sys, time
from gr_toolkit import interrupts
with interrupts.handled():
    try:
        print("ready", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        print("cleaning", flush=True)
        time.sleep({seconds})
        print("done", flush=True)
        sys.exit(128 + interrupts.received())
"""
CALL = "import os\ncode = interrupts.call([sys.executable, '-c', {child!r}], os.environ)"


def test_blocked_signal_is_received_once_the_command_handles_it(tmp_path):
    """As when the demo is interrupted while it starts the next command."""
    child = "import sys; sys.stdin.read()" + CHILD.format(seconds=0)
    body = f"""
with interrupts.blocked():
    child = subprocess.Popen([sys.executable, "-c", {child!r}], stdin=subprocess.PIPE)
child.send_signal({signal.SIGTERM})
child.stdin.close()
print("ready", flush=True)
print(child.wait())
"""
    with started(tmp_path, body) as process:
        assert ended(process)[1].splitlines()[-1] == "143"


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["parent", "group"])
@BOTH
def test_signal_is_passed_on_to_the_child_once(tmp_path, number, send):
    with started(tmp_path, CALL.format(child=CHILD.format(seconds=0.5))) as process:
        send(process.pid, number)
        assert ended(process) == (128 + number, "cleaning\ndone\nstopped\n")


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["parent", "group"])
def test_second_signal_also_ends_the_child(tmp_path, send):
    with started(tmp_path, CALL.format(child=CHILD.format(seconds=600))) as process:
        send(process.pid, signal.SIGTERM)
        line_of(process, "cleaning")
        send(process.pid, signal.SIGTERM)
        assert ended(process)[0] == 143  # once the child, which holds stdout open, has ended
