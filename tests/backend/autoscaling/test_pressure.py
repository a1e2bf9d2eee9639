"""What gateways tell of the load, and its sum."""

import pytest

from backend.admission.room import Limits, Room, Ticket
from backend.autoscaling.pressure import FORGET_AFTER_S, Gauge, Pressure, Pressures


def test_a_gauge_reads_arrivals_since_the_last_time_and_the_rest_as_it_is():
    """Shed and waiting requests have arrived, too; `prepare` is work that nobody asked for."""
    room = Room(Limits(requests=1, waiting_tokens=250), {"chat": 1.0})
    gauge = Gauge(room, now=0.0)
    room.arrive(1.0, Ticket("prepare", "u", 1000))
    for user, tokens in (("a", 100), ("b", 200), ("c", 300)):
        room.arrive(1.0, Ticket("chat", user, tokens))
    assert gauge.read(2.0) == Pressure(300, 100, 200, 0.0)
    assert gauge.read(4.0).arrived_tokens_per_s == 0


def test_gateways_add_up_and_the_longest_queue_counts():
    told = Pressures()
    told.tell(0.0, "one", Pressure(1, 2, 3, 4.0))
    told.tell(1.0, "two", Pressure(10, 20, 30, 0.5))
    assert told.sum(1.0) == Pressure(11, 22, 33, 4.0)


def test_a_gateway_that_tells_anew_counts_once():
    told = Pressures()
    told.tell(0.0, "one", Pressure(waiting_tokens=500))
    told.tell(1.0, "one", Pressure(waiting_tokens=5))
    assert told.sum(1.0) == Pressure(waiting_tokens=5)


def test_a_gateway_that_went_silent_is_forgotten():
    told = Pressures()
    told.tell(0.0, "gone", Pressure(waiting_tokens=500))
    assert told.sum(FORGET_AFTER_S - 0.1).waiting_tokens == 500
    assert told.sum(FORGET_AFTER_S) == Pressure()


def test_a_gauge_read_twice_at_once_has_seen_nothing_arrive():
    room = Room(Limits(requests=1), {"chat": 1.0})
    gauge = Gauge(room, now=1.0)
    room.arrive(1.0, Ticket("chat", "u", 100))
    assert gauge.read(1.0).arrived_tokens_per_s == 0
    assert gauge.read(2.0).arrived_tokens_per_s == pytest.approx(0)
