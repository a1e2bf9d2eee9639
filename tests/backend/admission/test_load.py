"""The room before a made-up engine, minute after minute: what it is for, without a machine's noise.

The engine has 16 places and takes 5 ms for each token of a request, whatever else it does.
"""

import heapq
import itertools
import random

import pytest

from backend.admission.room import Limits, Room, Ticket

PLACES, TOKEN_S, MEAN_TOKENS, WAIT_S = 16, 0.005, 150, 1.0
CAPACITY = PLACES / (TOKEN_S * MEAN_TOKENS)  # requests per second
READING_S = 19 / (0.6 * CAPACITY) - TOKEN_S * MEAN_TOKENS  # nineteen readers ask for 60% of it
SHARES = {"help": 16.0, "chat": 4.0, "optimize": 1.0}


class Engine:
    """Runs what the room lets in, in simulated time."""

    def __init__(self, reserved_share=0.4):
        self.room = Room(Limits(PLACES, wait_s=WAIT_S, reserved_share=reserved_share), SHARES)
        self.waits = {}  # by user, of those who entered
        self.waiting = {}  # since when, by ticket
        self.shed = 0
        self.done_tokens = 0.0
        self.endings = {}  # what somebody does when a request of theirs has ended
        self._events, self._order = [], itertools.count()

    def at(self, now, what):
        heapq.heappush(self._events, (now, next(self._order), what))

    def ask(self, now, user, tokens):
        ticket = Ticket("chat", user, tokens)
        self._note(now, self.room.arrive(now, ticket))
        self.shed += ticket.state == "shed"
        if ticket.state == "waiting":
            self.waiting[ticket] = now
        return ticket

    def run(self, seconds):
        while self._events and self._events[0][0] < seconds:
            now, _, what = heapq.heappop(self._events)
            what(now)

    def _note(self, now, changed):
        for ticket in changed:
            self.waiting.pop(ticket, None)
            if ticket.state == "running":
                self.waits.setdefault(ticket.user, []).append(now - ticket.arrived)
                self.at(now + ticket.tokens * TOKEN_S, lambda then, t=ticket: self._end(then, t))

    def _end(self, now, ticket):
        self.done_tokens += ticket.tokens
        self._note(now, self.room.leave(now, ticket))
        if then := self.endings.pop(ticket, None):
            then(now)


def tokens(chance):
    return MEAN_TOKENS * chance.uniform(0.4, 1.6)


def arrivals(engine, rate, seconds, name, seed):
    """A Poisson process; ``name`` says who asks next."""
    chance, now = random.Random(seed), 0.0
    while (now := now + chance.expovariate(rate)) < seconds:
        user, cost = name(chance), tokens(chance)
        engine.at(now, lambda then, user=user, cost=cost: engine.ask(then, user, cost))


def quantile(values, share):
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]


@pytest.fixture(scope="module")
def overloads():
    """By load: tokens per second of what the engine could do, and all waits."""
    found, people = {}, itertools.count()
    for load in (1, 2, 4, 8):
        engine = Engine()
        arrivals(engine, load * CAPACITY, 60, lambda _: str(next(people)), seed=load)
        engine.run(60)
        waits = [wait for waits in engine.waits.values() for wait in waits]
        found[load] = (engine.done_tokens / 60 * TOKEN_S / PLACES, waits)
    return found


def test_goodput_stays_at_its_peak_however_many_come(overloads):
    goodput = {load: share for load, (share, _) in overloads.items()}
    assert max(goodput.values()) > 0.9
    assert min(goodput.values()) > 0.95 * max(goodput.values())


def test_who_is_let_in_waits_no_longer_at_eight_times_the_capacity_than_at_the_capacity(overloads):
    p99 = {load: quantile(waits, 0.99) for load, (_, waits) in overloads.items()}
    assert max(p99.values()) < 2 * p99[1]
    assert max(p99.values()) < 1.5 * WAIT_S


def test_nobody_who_was_let_in_is_passed_by_newcomers_without_end():
    """Twenty regulars and an endless row of people who ask once, at twice the capacity."""
    engine, people = Engine(), itertools.count()

    def who(chance):
        return f"regular {chance.randrange(20)}" if chance.random() < 0.3 else str(next(people))

    arrivals(engine, 2 * CAPACITY, 60, who, seed=3)
    engine.run(60)
    assert engine.room.waiting.requests > 10
    assert max(wait for waits in engine.waits.values() for wait in waits) < 5 * WAIT_S
    assert min(engine.waiting.values()) > 60 - 5 * WAIT_S


def p95_of_nineteen(flood, names=1, reserved_share=0.4):
    """Each reads for a while before the next question; somebody keeps ``flood`` requests going."""
    engine = Engine(reserved_share)

    def ask(now, name, pause_s, chance):
        ticket = engine.ask(now, name, tokens(chance))
        pause = chance.expovariate(1 / pause_s) if pause_s else 0.0

        def again(then):
            engine.at(then + pause, lambda later: ask(later, name, pause_s, chance))

        if ticket.state == "shed":
            engine.at(now + 0.05, again)
        else:
            engine.endings[ticket] = again

    for n in range(19):
        chance = random.Random(n)
        engine.at(chance.random(), lambda now, n=n, c=chance: ask(now, f"u{n}", READING_S, c))
    for n in range(flood):
        chance = random.Random(-n)
        engine.at(0.0, lambda now, n=n, c=chance: ask(now, f"f{n % names}", 0.0, c))
    engine.run(120)
    return quantile([wait for n in range(19) for wait in engine.waits[f"u{n}"]], 0.95)


def test_a_flood_under_one_name_is_hardly_felt_by_the_others_and_under_fifty_it_is():
    """In an answer of 0.75 s, 50 ms are hardly felt."""
    assert p95_of_nineteen(flood=0) < 0.05
    assert p95_of_nineteen(flood=50) < 0.05
    assert p95_of_nineteen(flood=50, names=50) > 0.3
