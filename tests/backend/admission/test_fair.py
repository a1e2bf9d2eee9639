"""Virtual time: shares by weight, and no credit for absence."""

from hypothesis import given
from hypothesis import strategies as st

from backend.admission.fair import Backlog, SelfClocked, StartTime

costs = st.lists(st.floats(1, 1000), min_size=30, max_size=60)


def backlog(tokens, requests):
    made = Backlog()
    for _ in range(requests):
        made.add(tokens / requests)
    return made


@given(costs, costs, st.sampled_from([1.0, 4.0, 16.0]), st.booleans())
def test_two_that_both_wait_differ_per_weight_by_at_most_a_request_of_each(
    ours, theirs, weight, by_start
):
    """The fairness theorem of both papers, at every moment while both have something waiting."""
    weights = {"a": weight, "b": 1.0}
    time = (StartTime if by_start else SelfClocked)(weights.__getitem__)
    lines, served = {"a": list(ours), "b": list(theirs)}, {"a": 0.0, "b": 0.0}
    bound = max(ours) / weight + max(theirs)
    time.join("a")
    time.join("b")
    while all(lines.values()):
        tag = time.start if by_start else lambda each: time.finish(each, lines[each][0])
        party = min(lines, key=tag)
        tokens = lines[party].pop(0)
        time.serve(party, tokens)
        served[party] += tokens
        assert abs(served["a"] / weight - served["b"]) <= bound + 1e-6


def test_who_was_away_saved_nothing_up_and_lost_nothing():
    time = StartTime()
    for _ in range(100):
        time.serve("busy", 10)
    assert time.start("late") < time.start("busy")
    time.serve("late", 20)
    assert time.start("busy") < time.start("late")


def test_an_endless_row_of_newcomers_does_not_keep_out_who_was_served_before():
    """With ten in the line at any time, it waits for about ten times what it had taken before."""
    time = StartTime()
    for newcomer in range(10):
        time.join(newcomer)
    time.serve("regular", 30)
    time.join("regular")
    for newcomer in range(10, 1000):  # as one comes, the oldest one is served, or the regular
        time.join(newcomer)
        if time.start("regular") <= time.start(newcomer - 10):
            break
        time.serve(newcomer - 10, 10)
        time.part(newcomer - 10)
    assert 30 < newcomer < 60


def test_what_a_request_really_cost_is_settled_afterwards():
    time = StartTime()
    time.serve("a", 100)
    time.serve("b", 100)
    time.correct("a", -60)
    time.correct("b", 50)
    assert (time.start("a"), time.start("b")) == (40, 150)


def test_what_goes_before_a_newcomer_is_one_request_of_each_who_waits():
    time = StartTime()
    waiting = {"flood": backlog(5000, 50), "other": backlog(100, 1), "new": backlog(0, 0)}
    assert time.ahead("new", 0, waiting) == 200


def test_what_goes_before_the_second_request_is_what_catches_up_with_the_first():
    time = StartTime()
    waiting = {"flood": backlog(5000, 50), "me": backlog(100, 1)}
    assert time.ahead("me", 100, waiting) == 200


def test_with_a_small_weight_a_newcomer_waits_for_its_share_and_with_a_large_one_it_is_next():
    time = SelfClocked({"help": 16.0, "chat": 4.0, "optimize": 1.0}.__getitem__)
    time.serve("chat", 100)
    finish = {kind: time.finish(kind, 100) for kind in ("optimize", "chat", "help")}
    assert sorted(finish, key=finish.__getitem__) == ["help", "chat", "optimize"]
    waiting = {"help": backlog(9600, 96), "optimize": backlog(100, 1)}
    assert time.ahead("optimize", 100, waiting) == 1600
    assert time.ahead("help", 100, waiting) < 10


@given(st.lists(st.tuples(st.integers(), st.floats(1, 100)), max_size=300))
def test_accounts_of_those_who_are_level_again_are_closed(requests):
    """However many users there were, only those served ahead of the others are remembered."""
    time = StartTime()
    for user, tokens in requests:
        time.serve(user, tokens)
    time.serve("flood", 10**6)
    assert time.start("flood") >= 10**6
    time.reset()
    assert time.start("flood") == 0
