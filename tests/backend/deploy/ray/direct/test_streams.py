"""Streams between a gateway and a replica, over a real socket: how they end, however they do."""

import asyncio
import struct
from contextlib import aclosing

import pytest

from backend.deploy.ray.direct.client import Address, Connections, Unreachable, connect
from backend.deploy.ray.direct.frames import Hello, Open, packed
from backend.errors import Overloaded, TooLarge, Unavailable
from backend.ports import Message, Prompt, Sampling, TextDelta

PROMPT = Prompt((Message("user", "why?"),))
LAST = TextDelta(".", 1, (9,), 3, 2, "stop")


def opened(connection, name="r"):
    return aclosing(connection.stream(PROMPT, Sampling(), name))


async def texts(connection, name="r"):
    async with opened(connection, name) as deltas:
        return [delta.text async for delta in deltas]


async def test_a_long_prompt_may_arrive_together_with_the_secret(replica, until):
    """Strangers may send little; who is known from then on, in the same piece, may send more."""
    prompt = Prompt((Message("user", "why? " * 5000),))
    _, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    writer.write(packed(Hello(replica.address.secret)) + packed(Open(0, "r", prompt, Sampling())))
    await until(lambda: replica.generator.running == 1)
    writer.close()
    await until(lambda: replica.generator.running == 0)


async def test_what_arrives_between_two_pulls_is_one_delta(replica, until):
    """With the counts of all and the end of the last."""
    connection = await replica.connection()
    async with opened(connection) as deltas:
        replica.generator.says.put_nowait(TextDelta("a", 1, (1,)))
        assert await anext(deltas) == TextDelta("a", 1, (1,))
        replica.generator.says.put_nowait(TextDelta("b", 1, (2,)))
        replica.generator.says.put_nowait(TextDelta("c", 2, (3, 4)))
        replica.generator.says.put_nowait(LAST)
        replica.generator.says.put_nowait(None)
        await until(lambda: not replica.server.running)
        assert await anext(deltas) == TextDelta("bc.", 4, (2, 3, 4, 9), 3, 2, "stop")
        assert await anext(deltas, None) is None


async def test_streams_of_one_connection_end_apart(replica, until):
    connection = await replica.connection()
    first, second = (asyncio.create_task(texts(connection, name)) for name in "ab")
    await until(lambda: replica.generator.running == 2)
    replica.generator.says.put_nowait(TooLarge("too long"))
    replica.generator.says.put_nowait(LAST)
    replica.generator.says.put_nowait(None)
    ended = await asyncio.gather(first, second, return_exceptions=True)
    assert sorted(map(str, ended)) == ["['.']", "too long"]


async def test_closing_a_stream_aborts_it_and_no_other(replica, until):
    connection = await replica.connection()
    async with opened(connection, "stays") as stays:
        async with opened(connection, "goes") as goes:
            pulls = [asyncio.ensure_future(anext(each)) for each in (stays, goes)]
            await until(lambda: replica.generator.running == 2)
            replica.generator.says.put_nowait(TextDelta("a"))
            await asyncio.wait(pulls, return_when=asyncio.FIRST_COMPLETED)
            replica.generator.says.put_nowait(TextDelta("b"))
            assert {delta.text for delta in await asyncio.gather(*pulls)} == {"a", "b"}
        await until(lambda: replica.generator.running == 1)
        replica.generator.says.put_nowait(LAST)
        assert await anext(stays) == LAST


async def test_a_reader_cancelled_before_the_first_delta_aborts_too(replica, until):
    connection = await replica.connection()
    reader = asyncio.create_task(texts(connection))
    await until(lambda: replica.generator.running == 1)
    reader.cancel()
    await until(lambda: replica.generator.running == 0)


@pytest.mark.parametrize("begun", [True, False])
async def test_a_lost_connection_ends_its_streams_as_unavailable(begun, replica, until):
    """What had arrived before comes first; the next stream asks for another replica."""
    connection = await replica.connection()
    async with opened(connection) as deltas:
        pull = asyncio.ensure_future(anext(deltas))
        await until(lambda: replica.generator.running == 1)
        if begun:
            replica.generator.says.put_nowait(TextDelta("a"))
            assert (await pull).text == "a"
            pull = asyncio.ensure_future(anext(deltas))
        await replica.server.close()
        with pytest.raises(Unavailable, match="Ask again"):
            await pull
    with pytest.raises(Unreachable):
        await texts(connection)


async def test_a_gateway_that_goes_takes_its_streams_with_it(replica, until):
    connection = await replica.connection()
    asking = asyncio.create_task(texts(connection))
    await until(lambda: replica.generator.running == 1)
    connection.close()
    await until(lambda: not replica.server.running and not replica.server.gateways)
    assert replica.generator.running == 0
    with pytest.raises(Unavailable):
        await asking


async def test_a_replica_that_leaves_ends_what_it_has_and_takes_nothing_more(replica, until):
    connection = await replica.connection()
    asking = asyncio.create_task(texts(connection))
    await until(lambda: replica.generator.running == 1)
    leaving = asyncio.create_task(replica.server.drain())
    await until(lambda: replica.server.leaving)
    with pytest.raises(Unreachable):
        await texts(connection)
    with pytest.raises(Unreachable):
        await connection.warm(PROMPT)
    assert not leaving.done()
    replica.generator.says.put_nowait(LAST)
    replica.generator.says.put_nowait(None)
    assert await asking == ["."]
    await leaving


async def test_a_full_replica_says_when_to_come_back(replica, until):
    connection = await replica.connection()
    asking = [asyncio.create_task(texts(connection, str(n))) for n in range(3)]
    await until(lambda: replica.generator.running == 3)
    with pytest.raises(Overloaded) as full:
        await texts(connection)
    assert full.value.retry_after_ms
    for task in asking:
        task.cancel()


async def test_warming_returns_when_it_is_done(replica):
    await (await replica.connection()).warm(PROMPT)
    assert replica.generator.warmed == [PROMPT]


@pytest.mark.parametrize(
    "data",
    [
        packed(Hello("another secret")),
        packed(Open(1, "r", PROMPT, Sampling())),
        struct.pack(">I", 2**20),  # more than a stranger may send
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["wrong secret", "no secret", "too large", "http"],
)
async def test_whoever_does_not_know_the_secret_is_hung_up_on(data, replica):
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    writer.write(data)
    async with asyncio.timeout(60):
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
    writer.close()
    assert replica.generator.running == 0
    with pytest.raises(Unreachable):
        await replica.connection("another secret")


async def test_a_replica_that_dies_before_it_greets_is_unreachable_and_no_engine_has_failed():
    """The kernel of a dying process still takes connections for a moment, and then resets them."""

    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with await asyncio.start_server(dying, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="hung up"):
            await connect(Address("127.0.0.1", port, "a secret"))


async def test_a_reader_that_is_slow_holds_the_generator_up(replica, until):
    """Neither end piles up an answer that nobody reads: pulling stops at the socket's buffers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port, limit=1024)
    writer.write(packed(Hello("a secret")) + packed(Open(1, "r", PROMPT, Sampling())))
    large = TextDelta("x" * 2**20)
    for _ in range(64):
        replica.generator.says.put_nowait(large)
    await until(lambda: any(not each._writable.is_set() for each in replica.server.gateways))
    paused = replica.generator.pulled
    assert paused < 64
    while replica.generator.pulled == paused:
        await reader.read(2**16)
    writer.close()
    await until(lambda: not replica.server.gateways)


async def test_all_who_ask_share_one_connection(replica, until):
    connections = Connections()
    found = await asyncio.gather(*(connections.to("a", replica.address) for _ in range(5)))
    assert len(set(found)) == 1
    found[0].close()
    await until(lambda: found[0].lost)
    again = await connections.to("a", replica.address)
    assert again is not found[0]
    connections.close()
    await until(lambda: again.lost)


async def test_a_replica_that_is_gone_is_avoided_for_a_while(replica):
    await replica.server.close()
    connections = Connections()
    with pytest.raises(Unreachable):
        await connections.to("a", replica.address)
    await connections.avoid("a")
    assert connections.avoided() == {"a"}


async def test_nobody_waits_for_ever_for_a_replica_that_does_not_listen():
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        await connect(Address("127.0.0.1", 1, "s"))
