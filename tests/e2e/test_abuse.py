"""Clients that mean harm, or are badly broken: the others are answered, and memory stays flat."""

import asyncio
import contextlib
import socket
import urllib.parse
import uuid

import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from backend.protocol import wire
from backend.protocol.wire import Ask, Finished
from loadtest.benchmarks.abuse.fuzz import fuzz

LIMIT = 65536
PATIENCE_S = 2.0  # as the server fixture sets both of its own
MAY_GROW_MIB = 48  # a test; caches and the allocator's slack among it
HANDSHAKE = (
    f"GET {wire.PATH} HTTP/1.1\r\nHost: glossator\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@pytest.fixture(scope="module")
def server(start_backend, tmp_path_factory):
    folder = tmp_path_factory.mktemp("abused")
    config = folder / "glossator.toml"
    config.write_text(
        f"[server]\nmax_frame_bytes = {LIMIT}\nresume_window_s = 1\n"
        f"request_timeout_s = {PATIENCE_S}\nsilent_client_s = {PATIENCE_S}\n"
        "[rails.toxicity]\naction = 'off'\n"
    )
    return start_backend(
        "--engine", "extractive", "--data", str(folder / "data"), "--config", str(config)
    )


@pytest.fixture
def resident_mib(server):
    process = psutil.Process(server.process.pid)
    return lambda: process.memory_info().rss / 2**20


@pytest.fixture(autouse=True)
async def unharmed(server, connect_to, resident_mib):
    """After each misdeed nobody is left, an ordinary question is answered, memory is as before."""
    await answered(server, connect_to)
    before = resident_mib()
    yield
    await server.until(lambda: server.metric("glossator_sessions") == 0, "all have left")
    await answered(server, connect_to)
    assert resident_mib() - before < MAY_GROW_MIB


async def answered(server, connect_to):
    async with connect_to(server) as client, asyncio.timeout(20):
        frames = await client.ask(Ask(id=uuid.uuid4().hex, question="what is rfft?"))
    assert isinstance(frames[-1], Finished)


@pytest.fixture
async def dial(server):
    """``await dial(text)``: one more socket, which has sent so much. All are closed at the end."""
    address = urllib.parse.urlsplit(server.url)
    async with contextlib.AsyncExitStack() as stack:

        async def open_(text="", **options):
            reader, writer = await asyncio.open_connection(
                address.hostname, address.port, **options
            )
            stack.callback(writer.close)
            writer.write(text.encode())
            await writer.drain()
            return reader, writer

        yield open_


async def test_frames_of_no_sense_are_each_answered_well(server):
    tally = await fuzz(server.url, frames=6000, seconds=60, seed=7)

    assert tally.sent >= 1000
    assert tally.outcomes["failed bad_frame"] > tally.sent / 4
    assert tally.outcomes["failed internal"] == 0


@pytest.mark.parametrize(
    "head",
    [
        "GET /healthz HTTP/1.1\r\nHost: glossator\r\n",
        HANDSHAKE,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: glossator\r\nContent-Length: 9999\r\n\r\n{",
    ],
    ids=["request", "websocket", "body"],
)
async def test_a_byte_now_and_then_keeps_no_connection(server, connect_to, dial, head):
    """A hundred drip at once; each is ended, whatever it sends, and nobody waits for them."""
    connections = [await dial(head) for _ in range(100)]

    async def drip(reader, writer):
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S / 5):
                        await reader.read(4096)

    async with asyncio.timeout(60), asyncio.TaskGroup() as dripping:
        for connection in connections:
            dripping.create_task(drip(*connection))
        await answered(server, connect_to)


async def test_a_connection_on_which_nothing_comes_is_ended(dial):
    reader, _ = await dial()
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""


async def test_bodies_and_frames_over_the_limit_are_refused(server, connect_to):
    """A hundred times the limit is not held in memory either."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        for size in (LIMIT + 1, 100 * LIMIT):
            with contextlib.suppress(httpx.WriteError):  # refused before it was sent
                refused = await client.post("/v1/chat/completions", content=b"x" * size)
                assert refused.status_code == 413
                assert refused.json()["error"]["code"] == "too_large"
    for size in (5 * LIMIT, 100 * LIMIT):
        async with connect_to(server) as client:
            with contextlib.suppress(ConnectionClosed):  # before it was sent
                await client.send("x" * size)
            with pytest.raises(ConnectionClosed):
                await client.receive()


@pytest.mark.parametrize("body", [b'{"messages": "\xff"}', b"\xff", b"[" * 10_000, b""])
async def test_a_body_that_is_no_json_is_refused(server, body):
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        refused = await client.post("/v1/chat/completions", content=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_frame")


async def test_two_hundred_that_connect_ask_and_vanish(server, connect_to):
    """Half of them say goodbye to nobody; ordinary questions are answered meanwhile."""

    async def vanish(abruptly):
        async with connect_to(server) as client:
            await client.send(Ask(id=uuid.uuid4().hex, question="what is rfft?"))
            if abruptly:
                client.socket.transport.abort()

    async with asyncio.timeout(60), asyncio.TaskGroup() as flood:
        for number in range(200):
            flood.create_task(vanish(number % 2 == 0))
    await answered(server, connect_to)


async def test_two_hundred_sockets_that_say_nothing_keep_nobody_waiting(server, connect_to, dial):
    for _ in range(200):
        await dial()
    await answered(server, connect_to)


@pytest.mark.parametrize("frame", [b"\x81\x80\0\0\0\0", b"\x89\x80\0\0\0\0"], ids=["text", "ping"])
async def test_who_never_reads_is_dropped_and_costs_no_memory(server, dial, frame):
    """It sends for as long as the server takes it: malformed frames, which are each answered."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.setblocking(False)
    address = urllib.parse.urlsplit(server.url)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(small, (address.hostname, address.port))
    with small:
        await loop.sock_sendall(small, (HANDSHAKE + "\r\n").encode())
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionError):
                while True:
                    await loop.sock_sendall(small, frame * 1000)
        await server.until(lambda: server.metric("glossator_sessions") == 0, "it was dropped")
