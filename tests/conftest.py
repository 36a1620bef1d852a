"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from files import ROOT
from gr_toolkit.store import Store

# A background job of a shell ignores SIGINT, and so would the processes that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


# The test servers run on this machine.
os.environ["GR_CRAWL__ALLOW_PRIVATE"] = "true"

# Python's resource tracker reports leaked semaphores, which several tests look for; gr turns its warning off.
os.environ["PYTHONWARNINGS"] = "default:resource_tracker:UserWarning"

# Each test worker is pinned to one core: the threads of two models on shared cores wait for each other.
if hasattr(os, "sched_setaffinity") and (worker := os.environ.get("PYTEST_XDIST_WORKER")):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, by descending timeout, so that no worker starts a long test at the very end."""

    def order(item: pytest.Item) -> tuple[bool, float]:
        timeout = item.get_closest_marker("timeout")
        return item.get_closest_marker("slow") is None, -timeout.args[0] if timeout else 0.0

    items.sort(key=order)


@pytest.fixture
def root() -> Path:
    """The repository's root folder."""
    return ROOT


@pytest.fixture
def shared() -> Path:
    """The test data folder next to the repository."""
    if not (ROOT.parent / "shared" / "data").is_dir():
        pytest.skip("needs ../shared/data, which does not exist")
    return ROOT.parent / "shared" / "data"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty local data folder at the default path of `gr`."""
    return Store(str(tmp_path / "gr-data"), tmp_path / "gr-data" / ".state")


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A separate file system of 2 MB, or of the size that the test's parameter gives, such as 600k."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = getattr(request, "param", "2m")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def keep_handlers() -> Iterator[None]:
    """Restore the signal handlers, which `interrupts.handled` keeps after a signal."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    report = sys.unraisablehook
    yield
    sys.unraisablehook = report
    for number, handler in before.items():
        signal.signal(number, handler)
