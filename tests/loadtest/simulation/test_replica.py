"""The simulated engine, against one that takes every step by itself."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.simulation.events import Clock
from loadtest.simulation.replica import Replica, Request
from loadtest.simulation.speed import Speed

SPEED = Speed(
    source="a test", step_s=0.01, sequence_s=0.001, kv_token_s=1e-6, prefill_tokens_per_s=1000,
    startup_s=1, kv_tokens=1000, max_num_seqs=4, max_num_batched_tokens=64,
)  # fmt: skip

requests = st.lists(
    st.builds(
        Request,
        at_s=st.integers(0, 2000).map(lambda ms: ms / 1000),
        user=st.just("u"),
        kind=st.just("chat"),
        prompt_tokens=st.integers(1, 200),
        cached_tokens=st.just(0),
        output_tokens=st.integers(1, 40),
    ),
    min_size=1,
    max_size=12,
)


def simulate(asked, speed=SPEED):
    clock, ended = Clock(), []
    replica = Replica(clock, speed, ended.append)
    for request in asked:
        clock.at(request.at_s, lambda request=request: replica.submit(request))
    clock.run(1e6)
    return replica, ended


def step_by_step(asked, speed=SPEED):
    """First token and end of each request, by its place in ``asked``: the same engine, naively."""
    waiting = sorted(range(len(asked)), key=lambda index: asked[index].at_s)
    unread = [request.prompt_tokens for request in asked]
    left = [request.output_tokens for request in asked]
    first, end = {}, {}
    now, engine, kv = 0.0, [], 0
    while len(end) < len(asked):
        while waiting and asked[waiting[0]].at_s <= now:
            entering = asked[waiting[0]]
            promised = sum(asked[index].held for index in engine)
            full = engine and promised + entering.held > speed.kv_tokens
            if len(engine) >= speed.max_num_seqs or full:
                break
            engine.append(waiting.pop(0))
        if not engine:
            now = asked[waiting[0]].at_s
            continue
        writing = [index for index in engine if not unread[index]]
        budget, pieces = speed.max_num_batched_tokens - len(writing), {}
        for index in engine:
            if unread[index] and budget > 0:
                pieces[index] = min(budget, unread[index])
                budget -= pieces[index]
        now += speed.step(len(engine), kv, sum(pieces.values()))
        kv += len(writing) + sum(pieces.values())
        for index, piece in pieces.items():
            unread[index] -= piece
        for index in [*writing, *(index for index in pieces if not unread[index])]:
            first.setdefault(index, now)
            left[index] -= 1
            if not left[index]:
                end[index] = now
                engine.remove(index)
                kv -= asked[index].held - 1
    return first, end


@settings(max_examples=60)
@given(requests)
def test_steps_taken_together_end_when_single_ones_do(asked):
    """To the microsecond, for every request, whatever arrives while they are under way."""
    for index, request in enumerate(asked, start=1):
        # Steps last whole microseconds. With fractions of its own nobody comes just when one
        # ends, or together with somebody: who then is first would be arbitrary.
        request.at_s += index * 3e-8
    first, end = step_by_step(asked)
    replica, ended = simulate(asked)
    assert len(ended) == len(asked)
    for index, request in enumerate(asked):
        assert request.first_at_s == pytest.approx(first[index], abs=1e-6)
        assert request.ended_at_s == pytest.approx(end[index], abs=1e-6)
    assert (replica.tokens, replica.requests, replica.kv_use) == (0, 0, 0)


def test_what_is_cached_need_not_be_read():
    """900 of 1,000 prompt tokens in the cache: two steps of 64 tokens instead of sixteen."""
    big = msgspec.structs.replace(SPEED, kv_tokens=10**6)
    cold, warm = (Request(0, "u", "chat", 1000, cached, 1) for cached in (0, 900))
    simulate([cold], big)
    simulate([warm], big)
    assert warm.first_at_s is not None
    assert cold.first_at_s is not None
    assert warm.first_at_s < cold.first_at_s / 5
