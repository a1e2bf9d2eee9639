"""The ledger: places are lent once, in fair parts, and come back from the dead."""

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.admission.ledger import TTL_S, Ledger, Report, max_min


class Gateway:
    """Obeys: uses no more than it holds, and starts nothing new while it holds too much."""

    def __init__(self, name, users=1):
        self.name = name
        self.users = users
        self.using = self.wanting = self.holding = 0

    def renew(self, ledger, now):
        report = Report(self.name, self.using, self.wanting, self.users, self.holding)
        self.holding = ledger.renew(now, report).slots
        self.enter()

    def enter(self):
        entering = max(0, min(self.wanting, self.holding - self.using))
        self.using += entering
        self.wanting -= entering

    def end(self):
        self.using = max(0, self.using - 1)
        self.enter()


def opened(capacity):
    return Ledger(-TTL_S, capacity)


def rounds(ledger, *gateways, now=0.0, count=6):
    for _ in range(count):
        for gateway in gateways:
            now += 0.01
            gateway.renew(ledger, now)
    return now


def test_half_of_what_nobody_wants_is_lent_ahead_in_equal_parts():
    a, b = Gateway("a"), Gateway("b")
    rounds(opened(16), a, b)
    assert (a.holding, b.holding) == (4, 4)


def test_who_wants_gets_what_others_do_not():
    a, b = Gateway("a"), Gateway("b")
    ledger = opened(16)
    now = rounds(ledger, a, b)
    a.wanting = 100
    b.using = 2
    rounds(ledger, a, b, now=now)
    assert (a.using, b.holding) == (14, 2)


def test_nineteen_users_elsewhere_weigh_more_than_one_who_floods():
    flood, others = Gateway("flood"), Gateway("others", users=19)
    ledger = opened(20)
    flood.wanting = 500
    now = rounds(ledger, flood, others)
    assert flood.using == 20
    others.wanting = 30
    for _ in range(20):
        flood.end()
        now = rounds(ledger, flood, others, now=now, count=2)
    assert (flood.using, others.using) == (1, 19)


def test_one_place_for_two_is_taken_in_turns():
    a, b = Gateway("a"), Gateway("b")
    ledger, now, took = opened(1), 0.0, []
    a.wanting = b.wanting = 10
    for _ in range(6):
        now = rounds(ledger, a, b, now=now, count=3)
        took.append("a" if a.using else "b")
        (a if a.using else b).end()
    assert {took.count("a"), took.count("b")} == {3}


def test_what_a_dead_gateway_held_is_free_when_its_loan_has_ended():
    a, b = Gateway("a"), Gateway("b")
    ledger = opened(8)
    a.wanting, b.wanting = 4, 100
    now = rounds(ledger, a, b)
    assert (a.using, b.using) == (4, 4)
    now = rounds(ledger, b, now=now + TTL_S / 2)
    assert b.using == 4
    rounds(ledger, b, now=now + TTL_S)
    assert b.using == 8


def test_a_ledger_that_starts_anew_lends_nothing_until_all_have_told_what_they_hold():
    a, b = Gateway("a"), Gateway("b")
    a.wanting, b.wanting = 4, 100
    rounds(opened(8), a, b)
    a.wanting = 100
    anew = Ledger(10.0, 8)
    now = rounds(anew, a, now=10.0, count=20)
    assert (a.using, b.using) == (4, 4)
    now = rounds(anew, b, now=now, count=1)
    rounds(anew, a, b, now=10.0 + TTL_S)
    assert (a.using, b.using) == (4, 4)


@given(
    st.floats(1, 100),
    st.dictionaries(
        st.text(max_size=3), st.tuples(st.floats(0, 100), st.floats(0.5, 20)), min_size=1
    ),
)
def test_max_min_shares_divide_everything_wanted_and_favour_nobody(capacity, wants):
    shares = max_min(capacity, wants)
    total = sum(want for want, _ in wants.values())
    assert abs(sum(shares.values()) - min(capacity, total)) < 1e-6
    for name, (want, weight) in wants.items():
        assert shares[name] <= want + 1e-9
        if shares[name] < want - 1e-6:
            level = shares[name] / weight
            assert all(shares[other] / wants[other][1] <= level + 1e-6 for other in wants)


moves = st.lists(
    st.tuples(st.sampled_from(["ask", "end", "renew", "lose", "die"]), st.sampled_from("abc")),
    max_size=120,
)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 9), moves)
def test_however_messages_are_ordered_or_lost_no_place_is_used_twice(capacity, moves):
    """``lose``: the answer to a renewal never arrives. ``die``: the gateway is not heard again."""
    ledger, now = opened(capacity), 0.0
    gateways = {name: Gateway(name) for name in "abc"}
    for move, name in moves:
        now += 0.05
        gateway = gateways[name]
        match move:
            case "ask":
                gateway.wanting += 1
                gateway.enter()
            case "end":
                gateway.end()
            case "renew":
                gateway.renew(ledger, now)
            case "lose":
                report = Report(gateway.name, gateway.using, gateway.wanting, 1, gateway.holding)
                ledger.renew(now, report)
            case "die":
                gateways[name] = Gateway(f"{name}{now}")
                for _ in range(5):  # the others go on renewing
                    now += TTL_S / 4
                    for each in gateways.values():
                        each.renew(ledger, now)
        assert sum(each.using for each in gateways.values()) <= capacity
    for _ in range(2):
        now = rounds(ledger, *gateways.values(), now=now)
    wanting = sum(each.wanting for each in gateways.values())
    using = sum(each.using for each in gateways.values())
    assert using == capacity or not wanting
