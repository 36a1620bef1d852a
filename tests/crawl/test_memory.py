"""A long queue takes room on the disk, and none in memory."""

import pytest

from bench.fetching.memory import measure_memory


@pytest.mark.slow
def test_ten_times_the_queue_takes_no_more_memory():
    short, long = measure_memory([10_000, 100_000])
    assert long < 1.1 * short
