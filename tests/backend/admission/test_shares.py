"""Gateways that share engines through a ledger: together within the limit, and on without it."""

import asyncio
import contextlib
import math

import pytest

from backend.admission import shares as module
from backend.admission.gate import Gate
from backend.admission.ledger import TTL_S, Grant, Ledger
from backend.admission.room import Limits
from backend.admission.shares import Shares, limits
from backend.errors import Unavailable
from backend.ports import Demand

ENGINE = Limits(8, tokens=8000.0, waiting_tokens=100_000.0)
KINDS = {"help": 16.0, "chat": 4.0, "optimize": 1.0}


class Cluster:
    """Two gateways with their renewals in the background, and a ledger that can go away."""

    def __init__(self):
        self.ledger = Ledger(-math.inf, 8)
        self.away = False
        self.renewals = 0
        self.gates = [Gate(ENGINE, KINDS, lambda *_: None) for _ in range(2)]
        self.shares = [
            Shares(str(n), gate, ENGINE, self._renew) for n, gate in enumerate(self.gates)
        ]

    async def _renew(self, report):
        self.renewals += 1
        if self.away:
            raise Unavailable("the ledger is gone")
        return self.ledger.renew(asyncio.get_running_loop().time(), report)

    @property
    def inside(self):
        return [gate.room.running.requests for gate in self.gates]


@pytest.fixture
async def cluster():
    made = Cluster()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.run()) for each in made.shares]
        yield made
        for task in tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def asking(gate, count, user="u"):
    """So many requests that never end by themselves."""

    async def ask():
        with gate.enter(Demand("chat", user, 100, max_tokens=1)) as place:
            await place.admitted()
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(ask()) for _ in range(count)]
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_question_finds_a_place_at_once_without_asking_the_ledger(cluster, eventually):
    async def lent():
        return all(gate.room.limits.requests for gate in cluster.gates)

    await eventually(lent)
    before = cluster.renewals
    with cluster.gates[1].enter(Demand("chat")) as place:
        assert place.position is None
    assert cluster.renewals == before


async def test_one_busy_gateway_gets_all_places_and_both_never_more_than_there_are(
    cluster, eventually
):
    async with asking(cluster.gates[0], 20):

        async def full():
            assert sum(cluster.inside) <= 8
            return cluster.inside == [8, 0]

        await eventually(full)
        async with asking(cluster.gates[1], 20) as others:
            assert sum(cluster.inside) <= 8
            assert not any(task.done() for task in others)


async def test_a_gateway_of_many_users_gets_more_than_that_of_one(cluster, eventually):
    async with contextlib.AsyncExitStack() as stack:
        flood = await stack.enter_async_context(asking(cluster.gates[0], 40, "flood"))
        for n in range(3):
            await stack.enter_async_context(asking(cluster.gates[1], 10, f"u{n}"))

        async def divided():
            assert sum(cluster.inside) <= 8
            if cluster.inside[0] > 2:  # what a gateway should return ends by and by
                running = next(task for task in flood if not task.done())
                running.cancel()
            return cluster.inside == [2, 6]

        await eventually(divided)


async def test_without_the_ledger_all_go_on_with_an_equal_share(cluster, eventually, monkeypatch):
    monkeypatch.setattr(module, "TTL_S", 0.05)
    async with asking(cluster.gates[0], 20):

        async def full():
            return cluster.inside == [8, 0]

        await eventually(full)
    cluster.away = True

    async def equal():
        return [gate.room.limits.requests for gate in cluster.gates] == [4, 4]

    await eventually(equal)
    async with asking(cluster.gates[0], 20), asking(cluster.gates[1], 20):
        await asyncio.sleep(0)
        assert cluster.inside == [4, 4]


async def test_what_a_dead_gateway_held_goes_to_the_others(eventually):
    ledger, clock = Ledger(-math.inf, 8), [0.0]

    async def renew(report):
        return ledger.renew(clock[0], report)

    gates = [Gate(ENGINE, KINDS, lambda *_: None) for _ in range(2)]
    dead, alive = (Shares(str(n), gate, ENGINE, renew) for n, gate in enumerate(gates))
    await dead.renew()
    await alive.renew()
    async with asking(gates[1], 20):
        await asyncio.sleep(0)
        await alive.renew()
        assert gates[1].room.running.requests == 8 - gates[0].room.limits.requests
        clock[0] += TTL_S
        await alive.renew()
        assert gates[1].room.running.requests == 8


def test_a_part_of_the_places_comes_with_the_same_part_of_the_tokens():
    grant = Grant(slots=2, capacity=16, gateways=4)
    assert limits(ENGINE, grant) == Limits(2, tokens=2000.0, waiting_tokens=25_000.0)
    assert limits(Limits(8), Grant(0, 8, 1)).tokens == math.inf
