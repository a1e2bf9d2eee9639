"""A pace: so much at once, then so much a second."""

import pytest

from backend.gateway.pace import Pace


def test_a_burst_is_free_and_then_each_waits_its_turn():
    pace = Pace(per_second=10, burst=2)
    waits = [pace.wait_s(100.0) for _ in range(4)]
    assert waits == pytest.approx([0, 0, 0.1, 0.2])


def test_what_is_large_takes_the_time_of_several():
    pace = Pace(per_second=10, burst=2)
    assert [pace.wait_s(100.0, 3), pace.wait_s(100.0)] == pytest.approx([0.1, 0.2])


def test_rest_brings_back_the_burst_and_no_more():
    pace = Pace(per_second=10, burst=2)
    for _ in range(2):
        pace.wait_s(100.0)
    assert [pace.wait_s(1000.0) for _ in range(3)] == pytest.approx([0, 0, 0.1])
