"""Shared by the tests of every room."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from files import ROOT
from gr_toolkit.store import Store

# A shell's background job ignores Ctrl-C, and so would the processes that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


# The servers of the tests are on this machine.
os.environ["GR_CRAWL__ALLOW_PRIVATE"] = "true"

# Tests that run side by side keep to a core each: threads of two models that share cores wait for each other.
if hasattr(os, "sched_setaffinity") and (worker := os.environ.get("PYTEST_XDIST_WORKER")):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow tests first, the longest timeout ahead: whoever starts a long one last waits for it alone."""

    def order(item: pytest.Item) -> tuple[bool, float]:
        timeout = item.get_closest_marker("timeout")
        return item.get_closest_marker("slow") is None, -timeout.args[0] if timeout else 0.0

    items.sort(key=order)


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture
def shared() -> Path:
    """The data beside the repository that is for tests only."""
    if not (ROOT.parent / "shared" / "data").is_dir():
        pytest.skip("needs ../shared/data, which is not here")
    return ROOT.parent / "shared" / "data"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty data folder on this machine, where `gr` looks for it by default."""
    return Store(str(tmp_path / "gr-data"), tmp_path / "gr-data" / ".state")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, 2 MB large."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)
