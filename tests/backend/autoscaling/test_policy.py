"""The autoscaling policy: what holds for any load, and the explained decisions of known ones."""

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.autoscaling import Limits, Observed, State, decide
from backend.settings import Autoscaling

LIMITS = Limits(
    min_replicas=1, max_replicas=8, replica_tokens_per_s=1000, target_use=0.8, settle_s=10,
    startup_s=30, scale_down_after_s=60, scale_down_every_s=20,
)  # fmt: skip
BUSY = Observed(0, 1, 1, arrived_tokens_per_s=700, running_tokens=4000)

looks = st.builds(
    Observed,
    at_s=st.just(0.0),
    running=st.integers(0, 8),
    target=st.integers(0, 12),
    arrived_tokens_per_s=st.floats(0, 1e5),
    running_tokens=st.floats(0, 1e6),
    waiting_tokens=st.floats(0, 1e6),
    kv_use=st.floats(0, 1),
    queue_s=st.floats(0, 100),
)
limits = st.builds(
    lambda low, more, factor: replace(
        LIMITS, min_replicas=low, max_replicas=max(1, low + more), scale_up_factor=factor
    ),
    st.integers(0, 4),
    st.integers(0, 8),
    st.floats(1, 4),
)


def run(observations, limits=LIMITS, every_s=2.0, state=None):
    """The decisions on these looks, replicas being there as soon as they are asked for."""
    state, target, at_s, decisions = state or State(), observations[0].target, 0.0, []
    for seen in observations:
        at_s += every_s
        seen = replace(seen, at_s=at_s, target=target, running=target)
        state, decision = decide(state, seen, limits)
        target = decision.replicas
        decisions.append(decision)
    return decisions


@given(st.lists(looks, min_size=1, max_size=60), limits)
def test_it_stays_within_the_limits_and_shrinks_by_one(observations, limits):
    """From any number of replicas; only too many of them are stopped at once."""
    state = State()
    for number, seen in enumerate(observations):
        state, decision = decide(state, replace(seen, at_s=2.0 * number), limits)
        assert min(limits.min_replicas, seen.target) <= decision.replicas <= limits.max_replicas
        if decision.replicas < min(seen.target, limits.max_replicas):
            assert decision.replicas == seen.target - 1
        assert decision.why


@given(looks, st.sampled_from(["arrived_tokens_per_s", "running_tokens", "waiting_tokens"]))
def test_more_load_never_means_fewer_replicas(seen, figure):
    more = replace(seen, **{figure: getattr(seen, figure) * 1.5 + 1})
    fewer = decide(State(), seen, LIMITS)[1].replicas
    assert decide(State(), more, LIMITS)[1].replicas >= fewer


@given(looks, st.integers(1, 8))
def test_a_load_that_does_not_change_settles(seen, replicas):
    """Whatever it is, the number of replicas is the same for the last minutes of ten."""
    steady = replace(seen, target=replicas, kv_use=0.0, queue_s=0.0)
    asked = [decision.replicas for decision in run([steady] * 600, every_s=1.0)]
    assert len(set(asked[-120:])) == 1


@given(looks, st.floats(0, 1e9))
def test_only_differences_of_time_count(seen, began_at_s):
    first = decide(State(), replace(seen, at_s=0.0), LIMITS)
    moved = decide(State(), replace(seen, at_s=began_at_s), LIMITS)
    assert first[1] == moved[1]


@given(st.lists(looks, min_size=80, max_size=80))
def test_none_are_left_only_when_nothing_was_there_for_the_whole_window(observations):
    allowed = replace(LIMITS, min_replicas=0)
    last = [replace(seen, queue_s=0.0, kv_use=0.0) for seen in observations]
    state = State()
    for number, seen in enumerate(last):
        state, decision = decide(state, replace(seen, at_s=2.0 * number, target=1), allowed)
        if decision.replicas == 0:
            assert seen.running_tokens == seen.waiting_tokens == 0


def test_a_queue_of_tokens_asks_for_more_and_says_so():
    """25,000 waiting ones, to be worked off in 10 s, are 2,500 tokens/s more."""
    decision = decide(State(), replace(BUSY, waiting_tokens=25_000), LIMITS)[1]
    assert decision.replicas == 2
    assert decision.why == (
        "rate: 700 tokens/s arrive, 700 expected in 30 s, 25,000 wait, a replica does 800/s; "
        "4 needed, but not so many at once"
    )


def test_much_work_in_the_engines_asks_for_more():
    decision = decide(State(), replace(BUSY, running_tokens=15_000), LIMITS)[1]
    assert (decision.first.name, decision.replicas) == ("work", 2)


def test_a_full_kv_cache_asks_for_more():
    decision = decide(State(), replace(BUSY, kv_use=0.95), LIMITS)[1]
    assert (decision.first.name, decision.replicas) == ("kv", 2)


def test_a_long_queue_asks_for_more():
    decision = decide(State(), replace(BUSY, queue_s=1.5), LIMITS)[1]
    assert (decision.first.name, decision.replicas) == ("queue", 2)


def test_a_climb_is_met_before_it_arrives():
    """One is enough for 800 tokens/s; the second starts well before there are as many."""
    climbing = [replace(BUSY, arrived_tokens_per_s=300 + 10.0 * n) for n in range(50)]
    decisions = run(climbing)
    first = next(n for n, decision in enumerate(decisions) if decision.replicas == 2)
    assert climbing[first].arrived_tokens_per_s < 750
    assert "expected in 30 s" in decisions[first].why


def test_replicas_that_still_start_are_not_asked_for_again():
    seen = replace(BUSY, waiting_tokens=12_000, target=2)
    assert decide(State(), seen, LIMITS)[1].replicas == 2


def test_it_waits_before_it_shrinks_and_then_goes_one_by_one():
    """Four replicas without work: nothing for a minute, then one every 20 s, down to one."""
    idle = Observed(0, 4, 4)
    asked = [decision.replicas for decision in run([idle] * 61, every_s=2.0)]
    assert asked[:30] == [4] * 30
    assert [asked.index(count) * 2 for count in (3, 2, 1)] == [60, 80, 100]
    assert min(asked) == 1


def test_a_need_that_comes_and_goes_keeps_its_replicas():
    """Every 50 s there is work for two: within the minute of patience the second one stays."""
    swinging = [
        replace(BUSY, target=2, running_tokens=15_000.0 if n % 25 == 0 else 0.0) for n in range(200)
    ]
    assert {decision.replicas for decision in run(swinging)} == {2}


def test_what_would_be_nearly_full_again_is_not_stopped():
    """1,550 tokens/s are 1.94 replicas' worth: two would do, with nothing to spare."""
    seen = replace(BUSY, target=3, arrived_tokens_per_s=1550)
    assert run([seen] * 200)[-1].replicas == 3
    assert run([replace(seen, arrived_tokens_per_s=1400)] * 200)[-1].replicas == 2


def test_with_none_any_work_starts_one():
    allowed = replace(LIMITS, min_replicas=0)
    assert decide(State(), Observed(0, 0, 0), allowed)[1].replicas == 0
    assert decide(State(), Observed(0, 0, 0, waiting_tokens=1), allowed)[1].replicas == 1


@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_every_limit_is_a_setting_with_the_same_default(field):
    assert getattr(Autoscaling(), field.name) == field.default
