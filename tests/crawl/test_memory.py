"""A long queue uses disk space, not memory."""

import pytest

from bench.fetching.memory import measure_memory


@pytest.mark.slow
def test_a_ten_times_longer_queue_uses_no_more_memory():
    short, long = measure_memory([10_000, 100_000])
    assert long < 1.1 * short
