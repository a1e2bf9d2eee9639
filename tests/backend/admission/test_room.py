"""The waiting room: every rule of its docstring, by example and by property."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.admission.room import Limits, Room, Ticket

SHARES = {"help": 16.0, "chat": 4.0, "optimize": 1.0}


def room(requests=1, **limits):
    return Room(Limits(requests, **limits), SHARES)


def ask(room, now=0.0, kind="chat", user="u", tokens=100.0, expires=math.inf):
    ticket = Ticket(kind, user, tokens, expires)
    room.arrive(now, ticket)
    return ticket


def drained(room, running, now=0.0, step=1.0):
    """Ends what runs, the oldest first, until nobody is left; returns who entered, in order."""
    order, running = [], list(running)
    while running:
        now += step
        entered = [t for t in room.leave(now, running.pop(0)) if t.state == "running"]
        order += entered
        running += entered
    return order


def taught(requests=1, tokens_per_s=100.0, **limits):
    """A room that knows how fast it drains, and is empty."""
    made = room(requests)
    step = 100.0 * requests / tokens_per_s
    running = [ask(made) for _ in range(requests)]
    waiting = [ask(made) for _ in range(20 * requests)]
    now = 0.0
    while waiting:
        now += step / requests
        made.leave(now, running.pop(0))
        running.append(waiting.pop(0))
    for ticket in running:
        made.leave(now, ticket)
    made.resize(now, Limits(requests, **limits))
    assert made.tokens_per_s == pytest.approx(tokens_per_s, rel=0.1)
    return made, now


# -- places


def test_no_more_than_the_places_are_taken_and_equals_enter_in_order():
    here = room(2)
    tickets = [ask(here) for _ in range(5)]
    assert [t.state for t in tickets] == ["running"] * 2 + ["waiting"] * 3
    assert drained(here, tickets[:2]) == tickets[2:]
    assert (here.running.requests, here.waiting.requests) == (0, 0)


def test_tokens_bound_what_runs_as_well_and_nobody_overtakes_a_large_request():
    here = room(10, tokens=1000)
    first, large, small = (ask(here, tokens=tokens) for tokens in (600, 800, 10))
    assert (first.state, large.state, small.state) == ("running", "waiting", "waiting")
    here.leave(1, first)
    assert (large.state, small.state) == ("running", "running")


def test_a_request_larger_than_everything_runs_alone():
    here = room(10, tokens=1000)
    huge = ask(here, tokens=5000)
    assert huge.state == "running"
    assert ask(here, tokens=1).state == "waiting"


def test_fewer_places_end_nothing_and_more_places_are_taken_at_once():
    here = room(2)
    tickets = [ask(here) for _ in range(4)]
    here.resize(1, Limits(1))
    assert [t.state for t in tickets] == ["running", "running", "waiting", "waiting"]
    here.leave(2, tickets[0])
    assert tickets[2].state == "waiting"
    here.resize(3, Limits(3))
    assert [t.state for t in tickets[1:]] == ["running"] * 3


# -- order


def test_help_passes_chat_passes_optimize():
    here = room()
    first = ask(here)
    waiting = [ask(here, kind=kind) for kind in ("optimize", "chat", "help", "chat")]
    assert [t.kind for t in drained(here, [first])] == ["help", "chat", "chat", "optimize"]
    assert all(t.state == "left" for t in waiting)


def test_no_kind_starves_under_any_load_of_the_others():
    """With shares 16:4:1, of 2,100 tokens served 100 are of the least urgent kind."""
    here = room()
    running = [ask(here)]
    for kind in SHARES:
        for _ in range(60):
            ask(here, kind=kind)
    order = [t.kind for t in drained(here, running)]
    for end in range(21, 60):
        assert order[:end].count("optimize") >= end // 21
        assert order[:end].count("chat") >= 4 * (end // 21)


def test_one_question_passes_fifty_of_somebody_else():
    here = room()
    first = ask(here, user="flood")
    for _ in range(50):
        ask(here, user="flood")
    single = ask(here, user="me")
    order = drained(here, [first])
    assert order.index(single) <= 1


def test_what_a_user_was_charged_too_little_is_paid_by_the_next_requests():
    here = room()
    running = ask(here, user="a", tokens=10)
    waiting = [ask(here, user=user, tokens=10) for user in "aabb"]
    here.leave(1, running, spent=500)
    assert [waiting.index(t) for t in drained(here, [waiting[2]], now=1)] == [3, 0, 1]


def test_the_last_places_are_kept_for_users_with_less_than_an_equal_part():
    here = room(8, reserved_share=0.25)
    flood = [ask(here, user="flood") for _ in range(20)]
    assert sum(t.state == "running" for t in flood) == 8  # alone, it may have everything
    first = ask(here, user="u1")
    for ticket in flood[:3]:
        here.leave(1, ticket)
    assert first.state == "running"
    assert here.running.requests == 6
    others = [ask(here, user=f"u{n}") for n in (2, 3)]
    assert [t.state for t in others] == ["running"] * 2
    assert here.running.requests == 8


def test_two_who_flood_share_all_places():
    here = room(8, reserved_share=0.25)
    for user in ("a", "b") * 10:
        ask(here, user=user)
    assert here.running.requests == 8


# -- shedding


def test_a_wait_beyond_the_bound_is_refused_at_once_with_the_time_it_takes_to_pass():
    here, now = taught(tokens_per_s=100.0, wait_s=3.5)
    tickets = [ask(here, now) for _ in range(6)]
    assert [t.state for t in tickets] == ["running", *["waiting"] * 3, "shed", "shed"]
    assert {t.reason for t in tickets[4:]} == {"wait"}
    assert tickets[5].retry_s == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize("users", [8, 2])
def test_the_example_in_the_docs(users):
    """Of the 8 that wait, all are of different users, or 7 of one and 1 of another."""
    here, _ = taught(4, tokens_per_s=560.0)
    rate = here.tokens_per_s
    for _ in range(4):
        ask(here, user="running", tokens=280)
    for n in range(8):
        ask(here, user=f"u{n if users == 8 else n == 0}", tokens=280)
    before = {8: 8 * 280, 2: 2 * 280}[users]
    assert here.waiting.requests == 8
    assert here.wait_s("chat", "new", 280) == pytest.approx((before + 280) / rate)
    assert here.wait_s("help", "new", 280) == pytest.approx((70 + 280) / rate)


def test_the_wait_that_counts_is_ones_own():
    """A flooder's next request would wait too long; somebody else's is next but one."""
    here, now = taught(tokens_per_s=100.0, wait_s=3.0)
    flood = [ask(here, now, user="flood") for _ in range(10)]
    assert flood[-1].state == "shed"
    assert ask(here, now, user="me").state == "waiting"
    assert ask(here, now, user="other", kind="help").state == "waiting"


def test_no_more_wait_behind_one_of_the_same_user_who_has_waited_as_long_as_anybody_may():
    """However soon the prediction says that it would be served: others keep passing."""
    here, now = taught(wait_s=3.0)
    ask(here, now)
    first, another = ask(here, now, user="late"), ask(here, now + 2, user="late")
    assert (first.state, another.state) == ("waiting", "waiting")
    refused = ask(here, now + 3.5, user="late", tokens=1)
    assert (refused.state, refused.reason) == ("shed", "wait")
    assert refused.retry_s >= 3.5
    assert ask(here, now + 3.5, user="new", tokens=1).state == "waiting"


def test_a_user_may_fill_the_room_up_to_what_is_left_free():
    here = room(waiting_tokens=1000)
    ask(here)
    flood = [ask(here, user="flood") for _ in range(10)]
    assert sum(t.state == "waiting" for t in flood) == 5
    assert {t.reason for t in flood if t.state == "shed"} == {"room"}
    others = [ask(here, user=f"u{n}") for n in range(10)]
    assert sum(t.state == "waiting" for t in others) == 5
    assert here.waiting.tokens == 1000


def test_a_request_that_would_miss_its_deadline_does_not_even_wait():
    here, now = taught(tokens_per_s=100.0)
    ask(here, now)
    hopeless = ask(here, now, expires=now + 0.5)
    assert (hopeless.state, hopeless.reason) == ("shed", "deadline")


def test_before_any_rate_is_known_no_more_waits_than_runs():
    here = room(2, wait_s=3.0)
    tickets = [ask(here, user=str(n)) for n in range(6)]
    assert [t.state for t in tickets] == ["running"] * 2 + ["waiting"] * 2 + ["shed"] * 2
    assert {(t.reason, t.retry_s) for t in tickets[4:]} == {("wait", 1.0)}


# -- leaving


def test_who_cannot_make_it_any_more_leaves_the_queue_on_time():
    here = room()
    first, late, waits = ask(here), ask(here, expires=5.0), ask(here, expires=9.0)
    assert here.wakes_at == 5.0
    assert here.expire(4.9) == []
    assert here.expire(5.0) == [late]
    assert (late.state, here.wakes_at) == ("expired", 9.0)
    here.leave(6, first)
    assert (waits.state, here.wakes_at) == ("running", math.inf)


def test_who_gives_up_waiting_leaves_nothing_behind():
    here = room()
    first, gone, stays = (ask(here, user=user) for user in "abc")
    here.leave(1, gone)
    assert (here.waiting.requests, here.waiting.tokens) == (1, 100)
    here.leave(2, gone)  # twice means nothing
    assert drained(here, [first], now=2) == [stays]


# -- prepare


def test_prepare_takes_spare_places_only_and_never_waits():
    here = room(4, spare_share=0.5)
    prepares = [ask(here, kind="prepare") for _ in range(3)]
    assert [t.state for t in prepares] == ["running", "running", "shed"]
    assert (prepares[2].reason, here.waiting.requests) == ("busy", 0)


def test_prepare_gives_its_place_to_whoever_would_have_to_wait():
    here = room(2)
    prepare, first, second = (ask(here, kind=kind) for kind in ("prepare", "chat", "chat"))
    assert (prepare.state, first.state, second.state) == ("preempted", "running", "running")
    here.leave(1, prepare)
    assert here.running.requests == 2


# -- whatever happens

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("arrive"),
            st.sampled_from([*SHARES, "prepare"]),
            st.sampled_from("abc"),
            st.floats(1, 400),
            st.floats(0.1, 50) | st.just(math.inf),
        ),
        st.tuples(st.just("leave"), st.integers(0, 30), st.floats(0, 500) | st.none()),
        st.tuples(st.just("expire")),
        st.tuples(st.just("resize"), st.integers(0, 5)),
    ),
    max_size=80,
)


@settings(max_examples=300, deadline=None)
@given(steps, st.floats(0.05, 3))
def test_whatever_happens_bounds_hold_and_tokens_are_conserved(steps, pace):
    """Never above the bounds, counts equal what is there, each change is reported once, order
    within user and kind is kept, and when all have left nothing remains."""
    limits = {"tokens": 500.0, "waiting_tokens": 1500.0, "wait_s": 30.0, "reserved_share": 0.3}
    here, places, now = room(3, **limits), 3, 0.0
    tickets, told, entered = [], {}, []

    def note(changed):
        for ticket in changed:
            assert told.get(ticket) != ticket.state
            told[ticket] = ticket.state
            if ticket.state == "running":
                entered.append(ticket)

    def running():
        return [t for t in tickets if t.state == "running"]

    for step in steps:
        now += pace
        before = len(running())
        match step:
            case ("arrive", kind, user, tokens, patience):
                ticket = Ticket(kind, user, tokens, now + patience)
                tickets.append(ticket)
                note(here.arrive(now, ticket))
                assert ticket.state in ("running", "waiting", "shed")
            case ("leave", which, spent) if which < len(tickets):
                note(here.leave(now, tickets[which], spent))
            case ("resize", places):
                note(here.resize(now, Limits(places, **limits)))
            case _:
                note(here.expire(now))
        run, wait = running(), [t for t in tickets if t.state == "waiting"]
        assert here.running.requests == len(run) <= max(places, before)
        assert here.running.tokens == pytest.approx(sum(t.tokens for t in run))
        assert here.running.tokens <= 500 + 1e-6 or len(run) == 1
        assert here.waiting.requests == len(wait)
        assert here.waiting.tokens == pytest.approx(sum(t.tokens for t in wait))
        assert here.waiting.tokens <= 1500 + 1e-6
        assert all(t.expires > now for t in wait)
    for kind in SHARES:
        for user in "abc":
            times = [t.arrived for t in entered if (t.kind, t.user) == (kind, user)]
            assert times == sorted(times)
    for ticket in tickets:
        note(here.leave(now, ticket))
    assert (here.running.requests, here.waiting.requests) == (0, 0)
    assert (here.running.tokens, here.waiting.tokens) == (0, 0)
    fresh = [ask(here, now, user=user) for user in "abc"]
    assert [t.state for t in fresh][:places] == ["running"] * min(3, places)
