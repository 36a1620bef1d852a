"""Tasks side by side, their results in order."""

from __future__ import annotations

import os
import sys
import time

import pytest

from gr_toolkit.engine import spread
from gr_toolkit.errors import MissingExtra

TASKS = 12


def slow_first(number: int) -> tuple[int, int]:
    """The number and who had it. The first takes as long as it takes others to overtake it."""
    time.sleep(0.3 if number == 0 else 0.001)
    return number, os.getpid()


def fails_at_5(number: int) -> int:
    if number == 5:
        raise ValueError("no such thing")
    return number


@pytest.fixture(scope="module", params=["here", "pool", pytest.param("ray", marks=pytest.mark.slow)])
def where(request):
    """The engines; with two workers but for one."""
    if request.param == "ray":
        ray = pytest.importorskip("ray", reason="needs ray: pip install 'gr-toolkit[ray]'")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # for the functions in this file
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
            yield {"engine": "ray", "workers": 2}
            ray.shutdown()
    else:
        yield {"engine": "local", "workers": 1 if request.param == "here" else 2}


def test_results_come_in_the_order_of_the_tasks(where):
    found = list(spread(slow_first, range(TASKS), **where))
    assert [task for task, _ in found] == [number for _, (number, _) in found] == list(range(TASKS))
    assert ({process for _, (_, process) in found} == {os.getpid()}) is (where["workers"] == 1)


def test_tasks_are_drawn_only_as_their_turn_comes_near(where):
    drawn: list[int] = []

    def tasks():
        for number in range(TASKS):
            drawn.append(number)
            yield number

    for done, _ in enumerate(spread(slow_first, tasks(), **where), start=1):
        assert len(drawn) <= done + 2 * where["workers"] - 1
    assert drawn == list(range(TASKS))


def test_what_a_task_raises_comes_after_the_results_before_it(where):
    results = spread(fails_at_5, range(TASKS), **where)
    assert [next(results) for _ in range(5)] == [(number, number) for number in range(5)]
    with pytest.raises(ValueError, match="no such thing"):
        next(results)


def test_no_tasks_no_results(where):
    assert list(spread(slow_first, [], **where)) == []


def test_whoever_has_enough_may_stop(where):
    drawn: list[int] = []
    tasks = (drawn.append(number) or number for number in range(1_000_000))
    results = spread(slow_first, tasks, **where)
    next(results)
    results.close()
    assert len(drawn) < 100


def test_ray_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="--engine ray needs"):
        list(spread(slow_first, [1], engine="ray", workers=2))
