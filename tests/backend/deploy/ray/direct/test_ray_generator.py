"""The generator that a gateway on Ray Serve has: replicas chosen by Serve, answers past it.

Serve's choice is scripted here: the first that is not to be avoided. A real one chooses in
``tests/e2e/test_prefix_affinity.py`` and in every end-to-end test on Ray.
"""

import asyncio
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from backend.deploy.ray.direct.client import Address
from backend.deploy.ray.handles import RayGenerator
from backend.deploy.ray.routing import work
from backend.errors import EngineFailed, Unavailable
from backend.generators.failover import FailoverGenerator
from backend.ports import Message, Prompt, Sampling, TextDelta

PROMPT = Prompt((Message("user", "why?"),))
LAST = TextDelta(".", 1, finish="stop")


class Handle:
    """A deployment handle's ``choose_replica`` over replicas in order of preference."""

    def __init__(self, **replicas: Address) -> None:
        self.replicas = replicas
        self.wanted = []

    @asynccontextmanager
    async def choose_replica(self, wanted, *, _reserve):
        assert not _reserve
        self.wanted.append((dict(wanted.under_way), set(wanted.avoided)))
        left = [name for name in self.replicas if name not in wanted.avoided]
        name = (left or list(self.replicas))[0]
        yield SimpleNamespace(replica_id=name, replica_metadata=asdict(self.replicas[name]))


async def read(generator):
    return [delta async for delta in generator.stream(PROMPT, Sampling(), "r")]


async def test_a_replica_that_is_gone_is_passed_over(replica):
    """The reader notices nothing, and the next question does not try it again."""
    handle = Handle(gone=Address("127.0.0.1", 1, "s"), there=replica.address)
    generator = RayGenerator(handle, "tiny", fills=False)
    for _ in range(2):
        replica.generator.says.put_nowait(LAST)
        replica.generator.says.put_nowait(None)
        assert await read(generator) == [LAST]
    assert [avoided for _, avoided in handle.wanted] == [set(), {"gone"}, {"gone"}]


async def test_a_replica_that_leaves_is_passed_over(replica, until):
    other = type(replica)(replica._stack, most=3)
    await other.start()
    handle = Handle(leaving=replica.address, stays=other.address)
    generator = RayGenerator(handle, "tiny", fills=False)
    await replica.server.drain()  # nothing runs there: it returns at once, and takes nothing more
    other.generator.says.put_nowait(LAST)
    assert await read(generator) == [LAST]
    await generator.warm(PROMPT)
    assert other.generator.warmed == [PROMPT]


async def test_it_waits_for_a_replica_as_long_as_somebody_waits_for_the_answer(replica):
    """Without any that takes streams, and until one does."""
    handle = Handle(gone=Address("127.0.0.1", 1, "s"))
    generator = RayGenerator(handle, "tiny", fills=False)
    reading = asyncio.create_task(read(generator))
    while len(handle.wanted) < 3:  # noqa: ASYNC110  # it tries again without a word
        await asyncio.sleep(0.01)
    handle.replicas = {"new": replica.address}
    replica.generator.says.put_nowait(LAST)
    assert await reading == [LAST]


async def test_what_is_under_way_is_told_with_the_next_choice(replica, until):
    generator = RayGenerator(handle := Handle(a=replica.address), "tiny", fills=False)
    async with aclosing(generator.stream(PROMPT, Sampling(), "first")) as deltas:
        replica.generator.says.put_nowait(TextDelta("a"))
        await anext(deltas)
        await generator.warm(PROMPT)
    await generator.warm(PROMPT)
    under_way = [each for each, _ in handle.wanted]
    assert [each.get("a", 0) for each in under_way] == [0, work(PROMPT, Sampling()), 0]


async def test_a_replica_lost_in_mid_answer_is_for_whoever_asked_to_mend(replica):
    generator = RayGenerator(Handle(a=replica.address), "tiny", fills=False)
    async with aclosing(generator.stream(PROMPT, Sampling(), "r")) as deltas:
        replica.generator.says.put_nowait(TextDelta("a"))
        assert (await anext(deltas)).text == "a"
        await replica.server.close()
        with pytest.raises(Unavailable):
            await anext(deltas)


async def test_a_prompt_that_kills_its_replica_kills_two_at_most(replica):
    """Over real connections: the third replica goes on with everybody else's answers."""
    replicas = [replica]
    for _ in range(2):
        replicas.append(type(replica)(replica._stack, most=3))
        await replicas[-1].start()
    addresses = {f"r{number}": each.address for number, each in enumerate(replicas)}
    generator = FailoverGenerator(RayGenerator(Handle(**addresses), "tiny", fills=False))
    deaths = []

    def deadly(one):
        async def dies(prompt, sampling, request_id):
            if "poison" in prompt.messages[0].text:
                deaths.append(one)
                await _dies(one)
            yield LAST

        one.generator.stream = dies

    for each in replicas:
        deadly(each)

    poison = Prompt((Message("user", "poison"),))
    for _ in range(3):
        with pytest.raises(EngineFailed, match="not tried again"):
            [delta async for delta in generator.stream(poison, Sampling(), "p")]
    assert deaths == replicas[:2]
    assert await read(generator) == [LAST]


async def _dies(replica):
    """As a process does: no connection is left, and none can be made."""
    replica.server._server.close()
    for gateway in list(replica.server.gateways):
        gateway.abort()
    await asyncio.Event().wait()
