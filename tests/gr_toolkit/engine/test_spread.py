"""`spread` runs tasks in parallel and yields their results in order."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from gr_toolkit.engine import spread
from gr_toolkit.errors import MissingExtra, WorkerDied

TASKS = 12


def slow_first(number: int) -> tuple[int, int]:
    """Return the number and the process id. Task 0 is slow, so that others finish before it."""
    time.sleep(0.3 if number == 0 else 0.001)
    return number, os.getpid()


def fails_at_5(number: int) -> int:
    if number == 5:
        raise ValueError("no such thing")
    return number


def dies(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module", params=["here", "pool", pytest.param("ray", marks=pytest.mark.slow)])
def options(request):
    """The arguments for each engine; "here" has one worker, the others two."""
    if request.param == "ray":
        ray = pytest.importorskip("ray", reason="needs ray: pip install 'gr-toolkit[ray]'")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # for the functions in this file
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
            yield {"engine": "ray", "workers": 2}
            ray.shutdown()
    else:
        yield {"engine": "local", "workers": 1 if request.param == "here" else 2}


def test_spread_yields_results_in_task_order(options):
    found = list(spread(slow_first, range(TASKS), **options))
    assert [task for task, _ in found] == [number for _, (number, _) in found] == list(range(TASKS))
    assert ({process for _, (_, process) in found} == {os.getpid()}) is (options["workers"] == 1)


def test_spread_draws_tasks_lazily(options):
    drawn: list[int] = []

    def tasks():
        for number in range(TASKS):
            drawn.append(number)
            yield number

    for done, _ in enumerate(spread(slow_first, tasks(), **options), start=1):
        assert len(drawn) <= done + 2 * options["workers"] - 1
    assert drawn == list(range(TASKS))


def test_task_error_is_raised_after_the_earlier_results(options):
    results = spread(fails_at_5, range(TASKS), **options)
    assert [next(results) for _ in range(5)] == [(number, number) for number in range(5)]
    with pytest.raises(ValueError, match="no such thing"):
        next(results)


def test_spread_of_no_tasks_yields_nothing(options):
    assert list(spread(slow_first, [], **options)) == []


def test_closing_the_results_stops_the_tasks(options):
    drawn: list[int] = []
    tasks = (drawn.append(number) or number for number in range(1_000_000))
    results = spread(slow_first, tasks, **options)
    next(results)
    results.close()
    assert len(drawn) < 100


def test_missing_ray_raises_missing_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="--engine ray needs"):
        list(spread(slow_first, [1], engine="ray", workers=2))


def test_a_killed_worker_raises_worker_died(options):
    if options["workers"] == 1:
        pytest.skip("the task runs in this process")
    with pytest.raises(WorkerDied):
        list(spread(dies, [1], **options))


def test_missing_ray_is_noticed_before_a_task_is_drawn(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    tasks = iter([1])
    with pytest.raises(MissingExtra):
        next(spread(slow_first, tasks, engine="ray", workers=2))
    assert list(tasks) == [1]
