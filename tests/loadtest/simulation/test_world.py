"""Whole runs: nothing gets lost, replicas are paid for, and the policies do what they are for."""

import math

import pytest

from backend.autoscaling import Observed
from loadtest.benchmarks.scaling import simulate
from loadtest.simulation import speed as speeds
from loadtest.simulation import traffic
from loadtest.simulation.scaling import Fixed, OngoingRequests
from loadtest.simulation.world import Rules, World

SPEED = speeds.read("l4-7b-fp8")


class Scripted:
    """Asks for what it was told to, look by look."""

    interval_s = 10.0

    def __init__(self, targets):
        self.targets = list(targets)

    def target(self, seen, requests):
        return self.targets.pop(0) if len(self.targets) > 1 else self.targets[0]


def test_every_request_is_answered_or_shed():
    trace = traffic.spike(600, 0.2, 7)
    outcome = World(SPEED, Fixed(1), 1, Rules()).run(trace)
    assert len(outcome.requests) == len(trace)
    for request in outcome.requests:
        assert request.shed != (request.ended_at_s is not None)
        if request.first_at_s is not None:
            assert request.at_s < request.first_at_s <= request.ended_at_s


def test_without_admission_nobody_is_shed():
    trace = traffic.spike(600, 0.1, 7)
    outcome = World(SPEED, Fixed(1), 1).run(trace)
    assert not any(request.shed for request in outcome.requests)


def test_replicas_are_paid_for_from_when_they_are_asked_for():
    """A second one that is asked for at 0 s and called off at 10 s, not yet up, costs 10 s."""
    trace = traffic.flood(20, 0.1, 7)
    always = World(SPEED, Fixed(1), 1).run(trace)
    briefly = World(SPEED, Scripted([2, 1]), 1).run(trace)
    assert (always.most, briefly.most) == (1, 2)
    assert briefly.replica_s == pytest.approx(always.replica_s + 10, abs=10.0)
    assert briefly.replica_s > always.replica_s


def test_one_that_stops_is_paid_for_until_its_answers_have_ended():
    """One answer runs on both of two replicas when one of them is no longer needed."""
    trace = [traffic.Asked(0.1 * n, f"u{n}", "chat", 100, 0, 900) for n in range(2)]
    longer = World(SPEED, Scripted([2, 1]), 2).run(trace)
    ended = max(request.ended_at_s for request in longer.requests)
    assert ended > 20
    assert longer.replica_s > 2 * ended - 1


def test_scaling_down_breaks_no_answer():
    trace = traffic.spike(300, 0.1, 7)
    outcome = World(SPEED, Scripted([3, 3, 3, 1, 3, 1]), 3).run(trace)
    assert all(request.ended_at_s is not None for request in outcome.requests)


def test_rays_default_waits_and_then_asks_for_the_mean_of_half_a_minute():
    """60 requests at 10 per replica: six, but not before 30 s; fewer not before 600 s."""
    scaler = OngoingRequests(10, 1, 16)
    asked, target = {}, 1
    for at_s in range(0, 900, 2):
        seen = Observed(float(at_s), running=target, target=target)
        target = asked[at_s] = scaler.target(seen, 60 if at_s < 100 else 0)
    assert (asked[28], asked[30]) == (1, 6)
    assert min(at_s for at_s, replicas in asked.items() if at_s > 100 and replicas < 6) > 700


def test_our_policy_keeps_the_objective_that_half_the_replicas_break():
    """An hour of a launch: as good as enough fixed replicas, for less."""
    trace = traffic.spike(1000, 1.0, 7)
    ours, _, peak, half = simulate.compare(trace, SPEED, most=16, slo_s=3.0)
    assert ours.attained > 0.97 > half.attained
    assert ours.replica_s < peak.replica_s


def test_a_peak_is_counted_in_work():
    trace = [traffic.Asked(float(n), "u", "chat", 1000, 500, 500) for n in range(120)]
    assert simulate.peak(trace, tokens_per_s=1000) == math.ceil(1000 / 800)


@pytest.mark.parametrize("name", speeds.names())
def test_a_speed_says_where_it_is_from_and_carries_a_load(name):
    speed = speeds.read(name)
    assert len(speed.source) > 20
    assert speed.tokens_per_s(1500, 200) > 100


def test_the_command_prints_a_table_for_every_trace(capsys):
    simulate.main(["--users", "100", "--hours", "0.1", "--traffic", "spike", "flood"])
    printed = capsys.readouterr().out
    assert printed.count("token pressure (ours)") == 2


def test_a_missing_trace_is_said_so():
    with pytest.raises(SystemExit, match="No such file"):
        simulate.main(["--traffic", "none.jsonl"])
