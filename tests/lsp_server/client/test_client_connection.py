"""How the client connects, what it tells of that, and how it leaves a gateway that is leaving."""

import asyncio

import pytest
from websockets.asyncio.server import serve

from backend.protocol import wire
from backend.protocol.wire import Ask, GoAway
from lsp_server.client.client import BackendUnreachable, Client, ClientError, Status

ASK = Ask(id="r1", question="how?")


async def collect(client: Client, ask: Ask = ASK) -> list[wire.AnswerFrame]:
    return [frame async for frame in client.ask(ask)]


async def test_goaway_drains_the_old_connection_and_opens_a_new_one(play, answer, eventually):
    """The answer in flight ends where it began; the next request goes elsewhere."""

    async def leaving(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r1")[:2], GoAway(reason="update"), answer("r1")[2])
        await moved.wait()
        await peer.send(*answer("r1")[3:])
        await peer.closed()

    async def staying(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r2"))
        moved.set()
        await peer.closed()

    async def both() -> bool:
        return backend.connections == 2

    moved = asyncio.Event()
    backend = await play(leaving, staying)
    async with Client(backend.url, spread_s=0) as client:
        frames = client.ask(ASK)
        got = [await anext(frames) for _ in range(3)]
        await eventually(both)
        assert await collect(client, Ask(id="r2", question="?")) == answer("r2")
        got += [frame async for frame in frames]
        assert got == answer("r1")
    await backend.played()


async def test_a_leaving_gateway_serves_on_until_another_is_there(play, answer):
    """Nothing is refused, and no status is told, while the next connection is not open yet."""

    async def leaving(peer):
        await peer.send(GoAway(reason="update"))
        backend.server.close(close_connections=False)  # nobody else listens
        await peer.receive(Ask)
        await peer.send(*answer("r1"))
        await peer.closed()

    statuses = []
    backend = await play(leaving)
    async with Client(backend.url, spread_s=0, on_status=statuses.append) as client:
        assert await collect(client) == answer("r1")
    await backend.played()
    assert [status.state for status in statuses] == ["connecting", "ready"]


async def test_a_degraded_backend_is_told_as_such_and_answers_all_the_same(play, answer):
    """The status is what the backend reports, until it reports that it is well."""

    async def script(peer):
        await peer.send(wire.Status(degraded=("toxicity: no weights",)))
        await peer.receive(Ask)
        await peer.send(wire.Status(degraded=()), *answer("r1"))
        await peer.closed()

    told = []
    backend = await play(script)
    async with Client(backend.url, on_status=told.append) as client:
        assert await collect(client) == answer("r1")
    await backend.played()
    assert told[1:] == [
        Status("ready"),
        Status("degraded", "toxicity: no weights"),
        Status("ready"),
    ]


async def test_an_idle_client_leaves_on_goaway_and_comes_back(play):
    """With no answer in flight, the connection moves at once."""
    moved = asyncio.Event()

    async def leaving(peer):
        await peer.send(GoAway(reason="update"))
        await peer.closed()

    async def staying(peer):
        moved.set()
        await peer.closed()

    statuses = []
    backend = await play(leaving, staying)
    async with Client(backend.url, spread_s=0, on_status=statuses.append) as client:
        keeping = asyncio.create_task(client.stay_connected())
        async with asyncio.timeout(60):
            await moved.wait()
        keeping.cancel()
    await backend.played()
    assert "offline" not in [status.state for status in statuses]


async def test_no_backend_says_how_to_start_one(unused_tcp_port):
    """The message carries the address and the command."""
    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with Client(url) as client:
        with pytest.raises(BackendUnreachable) as raised:
            await collect(client)
    assert url in str(raised.value)
    assert "start it with: glossator serve" in str(raised.value)
    assert "connection refused" in str(raised.value)
    assert isinstance(raised.value, ClientError)


@pytest.mark.parametrize("url", ["", "ftp://host", "ws://", "ws://host:port", "ws://[::1"])
async def test_a_malformed_address_says_what_one_looks_like(url):
    """A typo in the settings is named as such."""
    async with Client(url) as client:
        with pytest.raises(BackendUnreachable, match=r"looks like ws://127\.0\.0\.1:8765"):
            await client.connect()


async def test_a_server_that_never_answers_is_given_up():
    """A port that accepts and stays silent costs ``open_timeout_s``, not forever."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"ws://127.0.0.1:{port}", open_timeout_s=0.2) as client:
            with pytest.raises(BackendUnreachable, match=r"no answer in 0\.2 s"):
                await client.connect()


@pytest.mark.parametrize(
    ("token", "status", "body", "words"),
    [
        ("", 401, "no", "no token was given. Set GLOSSATOR_TOKEN"),
        ("secret", 401, "no", "refused the token: HTTP 401"),
        ("secret", 401, '{"error": {"message": "It expired."}}', "refused the token: It expired."),
        ("", 403, '{"error": {"message": "Not this page."}}', "connection: Not this page."),
        ("", 403, '{"error": 1}', "refused the connection: HTTP 403"),
        ("", 404, "no", "not as a Glossator backend"),
        ("", 503, "no", "try again"),
    ],
)
async def test_a_refused_handshake_says_why(token, status, body, words):
    """Another program on the port, no token, a wrong one, a backend that starts."""

    def refuse(connection, request):
        return connection.respond(status, body)

    async with serve(
        lambda socket: socket.wait_closed(), "127.0.0.1", 0, process_request=refuse
    ) as s:
        port = next(iter(s.sockets)).getsockname()[1]
        async with Client(f"ws://127.0.0.1:{port}", token) as client:
            with pytest.raises(BackendUnreachable, match=words):
                await client.connect()


async def test_another_protocol_version_is_refused():
    """A server that does not agree to our subprotocol is not spoken to."""
    async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with Client(f"ws://127.0.0.1:{port}") as client:
            with pytest.raises(BackendUnreachable, match=r"does not speak glossator\.v1"):
                await client.connect()


async def test_a_plain_http_server_is_not_a_backend():
    """An answer that is no websocket handshake at all is mapped too."""

    async def garbage(reader, writer):
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"ws://127.0.0.1:{port}") as client:
            with pytest.raises(BackendUnreachable, match="not as a Glossator backend"):
                await client.connect()


async def test_stay_connected_finds_a_backend_that_starts_later(play, unused_tcp_port):
    """The status goes from offline, with its reason, to ready without anybody asking."""
    statuses: asyncio.Queue[Status] = asyncio.Queue()

    async def script(peer):
        await peer.closed()

    async with Client(f"ws://127.0.0.1:{unused_tcp_port}", on_status=statuses.put_nowait) as client:
        keeping = asyncio.create_task(client.stay_connected())
        async with asyncio.timeout(60):
            assert (await statuses.get()).state == "connecting"
            offline = await statuses.get()
            assert offline.state == "offline"
            assert "glossator serve" in offline.reason
            await play(script, port=unused_tcp_port)
            while (await statuses.get()).state != "ready":
                pass
        keeping.cancel()
