"""The forecast of the arrival rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.autoscaling import Trend

values = st.floats(0, 1e6)
steps = st.lists(st.tuples(st.floats(0.1, 60), values), min_size=1, max_size=40)


def followed(observations, level_s=15.0, slope_s=45.0):
    trend = Trend(0.0, observations[0][1])
    at_s = 0.0
    for passed, value in observations:
        at_s += passed
        trend = trend.observe(at_s, value, level_s, slope_s)
    return trend


@given(value=values, gaps=st.lists(st.floats(0.1, 60), min_size=1, max_size=40))
def test_of_a_constant_rate_it_expects_just_that(value, gaps):
    trend = followed([(gap, value) for gap in gaps])
    assert trend.ahead(60, damping_s=60) == pytest.approx(value)


@given(steps)
def test_it_never_expects_less_than_nothing(observations):
    assert followed(observations).ahead(60, damping_s=60) >= 0


def test_of_a_steady_climb_it_expects_more_than_there_is():
    """100 more per second, every second: 38 s of climb lie ahead within a damped minute."""
    trend = followed([(1.0, 100.0 * second) for second in range(1, 300)])
    assert trend.slope == pytest.approx(100, rel=0.02)
    assert trend.ahead(60, damping_s=60) == pytest.approx(trend.level + 100 * 60 * 0.632, rel=0.02)


def test_a_climb_is_not_drawn_on_for_ever():
    trend = Trend(0.0, 100.0, slope=1.0)
    assert trend.ahead(1e6, damping_s=60) == pytest.approx(160)


def test_how_often_one_looks_does_not_change_what_is_seen():
    """A jump seen at once after ten seconds, or every second of them, ends at the same level."""
    often = Trend(0.0, 0.0)
    for second in range(1, 11):
        often = often.observe(float(second), 100.0, 15.0, slope_s=1e9)
    once = Trend(0.0, 0.0).observe(10.0, 100.0, 15.0, slope_s=1e9)
    assert often.level == pytest.approx(once.level, rel=1e-3)


def test_a_look_that_comes_twice_changes_nothing():
    trend = Trend(5.0, 10.0, 1.0)
    assert trend.observe(5.0, 99.0, 15.0, 45.0) == trend
