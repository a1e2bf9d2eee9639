"""The drain rate: what is worked off while requests wait, and only then."""

import pytest

from backend.admission.drain import DrainRate


def busy(rate, seconds, places=4, tokens=50, every=0.5, start=0.0):
    """Each of ``places`` ends a request of ``tokens`` every ``places * every`` seconds."""
    now = start
    while now < start + seconds:
        now += every
        rate.advance(now, places, saturated=True)
        rate.release(tokens)
    return now


def test_it_is_unknown_until_enough_requests_have_ended():
    rate = DrainRate()
    assert rate.per_s(4) is None
    busy(rate, 3)
    assert rate.per_s(4) is None
    busy(rate, 3, start=3)
    assert rate.per_s(4) == pytest.approx(100, rel=0.1)


def test_time_in_which_nobody_waits_says_nothing():
    rate = DrainRate()
    now = busy(rate, 20)
    rate.advance(now + 3600, 4, saturated=False)
    assert rate.per_s(4) == pytest.approx(100, rel=0.1)


def test_half_the_places_are_worked_off_half_as_fast():
    rate = DrainRate()
    busy(rate, 20)
    assert rate.per_s(2) == pytest.approx(50, rel=0.1)


def test_an_engine_that_slows_down_is_believed_within_half_a_minute():
    rate = DrainRate()
    now = busy(rate, 20)
    busy(rate, 30, tokens=10, start=now)
    assert rate.per_s(4) == pytest.approx(20, rel=0.25)
