"""The session against a real websocket server that behaves, drops, repeats, lies or is absent."""

import asyncio
import socket
from contextlib import aclosing

import pytest
from msgspec import structs
from websockets.asyncio.server import serve

from backend import wire
from backend.wire import Ask, Cancel, Delta, Failed, Finished, GoAway, Prepare, Queued, Resume
from lsp_server.answer import RESTARTS
from lsp_server.session import (
    BackendUnreachable,
    BrokenAnswer,
    ConnectionLost,
    Session,
    SessionError,
    Status,
)

ASK = Ask(id="r1", question="how?")


async def collect(session: Session, ask: Ask = ASK) -> list[wire.AnswerFrame]:
    return [frame async for frame in session.ask(ask)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_an_answer_arrives_frame_by_frame(play, answer):
    """Every frame is delivered as it was sent, and the connection is opened only when needed."""

    async def script(peer):
        assert await peer.receive(Ask) == ASK
        await peer.send(*answer("r1"))
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url, "secret") as session:
        assert backend.connections == 0
        assert await collect(session) == answer("r1")
    await backend.played()
    assert backend.headers[0]["authorization"] == "Bearer secret"
    assert "sec-websocket-extensions" not in backend.headers[0]


async def test_interleaved_answers_reach_their_own_readers(play, answer):
    """Requests share the one connection, whatever order their frames come in."""

    async def script(peer):
        ids = {(await peer.receive(Ask)).id for _ in range(2)}
        assert ids == {"a", "b"}
        for pair in zip(answer("b"), answer("a"), strict=True):
            await peer.send(*pair)
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        got_a, got_b = await asyncio.gather(
            collect(session, Ask(id="a", question="?")), collect(session, Ask(id="b", question="?"))
        )
    await backend.played()
    assert (got_a, got_b) == (answer("a"), answer("b"))


async def test_a_dropped_connection_resumes_after_the_last_frame(play, answer):
    """The reader notices nothing: the resume names the last seq, and repeats are dropped."""
    seen = asyncio.Event()

    async def first(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r1")[:3])
        await seen.wait()
        peer.drop()

    async def second(peer):
        assert await peer.receive(Resume) == Resume(id="r1", after_seq=2)
        await peer.send(*answer("r1")[1:])  # at least once: two of these are repeats
        await peer.closed()

    backend = await play(first, second)
    async with Session(backend.url) as session:
        frames = session.ask(ASK)
        got = [await anext(frames) for _ in range(3)]
        seen.set()
        got += [frame async for frame in frames]
    assert got == answer("r1")
    await backend.played()


async def test_a_question_swallowed_by_the_drop_is_asked_again_once(play, answer):
    """A backend that does not know the resumed request never got the question."""

    async def first(peer):
        await peer.receive(Ask)
        peer.drop()

    async def second(peer):
        assert await peer.receive(Resume) == Resume(id="r1", after_seq=-1)
        await peer.send(Failed(id="r1", seq=0, code="unknown_request", message="unknown"))
        assert await peer.receive(Ask) == ASK
        await peer.send(*answer("r1"))
        await peer.closed()

    backend = await play(first, second)
    async with Session(backend.url) as session:
        assert await collect(session) == answer("r1")
    await backend.played()


async def test_another_gateway_goes_on_with_the_answer_from_its_text(play, answer):
    """The reader sees one answer: no frame twice, no gap, whoever counted the frames."""

    async def dying(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r1")[:3])
        await peer.socket.close(1012)

    async def other(peer):
        await peer.receive(Resume)
        await peer.send(Failed(id="r1", seq=0, code="unknown_request", message="unknown"))
        assert await peer.receive(Ask) == structs.replace(ASK, continue_from="one ")
        first, cited, _, rest, last = answer("r1")
        await peer.send(Queued(id="r1", seq=0, position=3))
        for seq, frame in enumerate((first, cited, rest, last), 1):
            await peer.send(structs.replace(frame, seq=seq))
        await peer.closed()

    backend = await play(dying, other)
    async with Session(backend.url) as session:
        assert await collect(session) == answer("r1")
    await backend.played()


async def test_an_answer_that_breaks_off_again_and_again_is_ended(play, answer):
    """A backend that never knows the request is not asked forever."""

    async def dying(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r1")[:3])
        await peer.socket.close(1012)

    async def forgetful(peer):
        await peer.receive(Resume)
        for _ in range(RESTARTS):
            await peer.send(Failed(id="r1", seq=0, code="unknown_request", message="unknown"))
            await peer.receive(Ask)
        await peer.send(Failed(id="r1", seq=0, code="unknown_request", message="unknown"))
        await peer.closed()

    backend = await play(dying, forgetful)
    async with Session(backend.url) as session:
        got = await collect(session)
    assert got[:-1] == answer("r1")[:3]
    assert got[-1].code == "unknown_request"
    await backend.played()


def shed(retry_after_ms):
    return Failed(id="r1", seq=0, code="overloaded", message="full", retry_after_ms=retry_after_ms)


async def test_a_request_that_was_shed_is_asked_again_when_the_backend_said(play, answer):
    """Not earlier than it said, and the reader sees only the answer."""

    async def script(peer):
        loop = asyncio.get_running_loop()
        await peer.receive(Ask)
        await peer.send(shed(40))
        told = loop.time()
        assert await peer.receive(Ask) == ASK
        assert loop.time() - told >= 0.04
        await peer.send(*answer("r1"))
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        assert await collect(session) == answer("r1")
    await backend.played()


@pytest.mark.parametrize("retry_after_ms", [None, 60_000.0])
async def test_a_wait_that_is_unknown_or_long_is_left_to_the_user(play, retry_after_ms):
    """The refusal ends the request and says how long."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(shed(retry_after_ms))
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        assert await collect(session) == [shed(retry_after_ms)]
    await backend.played()


async def test_who_cancels_while_waiting_asks_no_more(play):
    """The pause of a request that was shed ends with its reader."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(shed(5000))
        shedding.set()
        assert (await peer.receive(Cancel)).id == "r1"
        await peer.closed()

    shedding = asyncio.Event()
    backend = await play(script)
    async with Session(backend.url) as session:
        reading = asyncio.create_task(collect(session))
        await shedding.wait()
        reading.cancel()
        await asyncio.wait([reading])
    await backend.played()


async def test_a_backend_that_does_not_come_back_is_given_up(play, answer):
    """After ``resume_s`` the reader gets an error, not silence."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r1")[:3])
        backend.server.close(close_connections=False)  # nobody listens any more
        peer.drop()

    backend = await play(script)
    async with Session(backend.url, resume_s=0.2) as session:
        frames = session.ask(ASK)
        assert [await anext(frames) for _ in range(3)] == answer("r1")[:3]
        with pytest.raises(ConnectionLost, match=r"did not come back in 0\.2 s"):
            await anext(frames)


async def test_a_backend_that_drops_every_connection_is_given_up(play):
    """A connection that opens but brings nothing does not count as coming back."""

    async def dropping(peer):
        await peer.socket.recv()
        peer.drop()

    backend = await play(*[dropping] * 100)
    async with Session(backend.url, resume_s=0.5) as session:
        with pytest.raises(ConnectionLost):
            await collect(session)
    assert 1 < backend.connections < 30  # it tried again, with growing pauses


async def test_a_gap_fails_the_request_and_cancels_it(play):
    """A missing frame is an error that says so, never an answer with a hole."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Delta(id="r1", seq=0, text="a"), Delta(id="r1", seq=2, text="c"))
        assert await peer.receive(Cancel) == Cancel(id="r1")
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        frames = session.ask(ASK)
        assert await anext(frames) == Delta(id="r1", seq=0, text="a")
        with pytest.raises(BrokenAnswer, match="part 1 is missing"):
            await anext(frames)
    await backend.played()


@pytest.mark.parametrize(
    "frame",
    ["{", '{"type":"delta","id":"r1","seq":"x"}', '{"type":"song","id":"r1"}', "[]", b'"\xff"'],
)
async def test_an_unreadable_frame_fails_the_request_and_leaves_the_session_usable(
    play, answer, frame, caplog
):
    """The frame is logged, the request ends with one clear error, the next one is answered."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(frame)
        await peer.receive(Cancel)
        await peer.receive(Ask)
        await peer.send(*answer("r2"))
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        with pytest.raises(BrokenAnswer, match="cannot be read"):
            await collect(session)
        assert await collect(session, Ask(id="r2", question="?")) == answer("r2")
    assert "unreadable frame" in caplog.text
    await backend.played()


async def test_an_unreadable_frame_that_names_a_request_spares_the_others(play, answer):
    """Only the request whose frame is broken fails."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.receive(Ask)
        await peer.send('{"type":"delta","id":"bad","seq":null}', *answer("good"))
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        bad, good = await asyncio.gather(
            collect(session, Ask(id="bad", question="?")),
            collect(session, Ask(id="good", question="?")),
            return_exceptions=True,
        )
    assert isinstance(bad, BrokenAnswer)
    assert good == answer("good")


async def test_closing_the_iterator_sends_cancel(play):
    """Who stops reading stops the engine."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Delta(id="r1", seq=0, text="a"))
        assert await peer.receive(Cancel) == Cancel(id="r1")

    backend = await play(script)
    async with Session(backend.url) as session:
        async with aclosing(session.ask(ASK)) as frames:
            await anext(frames)
        await backend.played()


async def test_cancelling_the_reading_task_sends_cancel(play):
    """As ``$/cancelRequest`` and Ctrl-C do it."""
    asked = asyncio.Event()

    async def script(peer):
        await peer.receive(Ask)
        asked.set()
        assert await peer.receive(Cancel) == Cancel(id="r1")

    backend = await play(script)
    async with Session(backend.url) as session:
        task = asyncio.create_task(collect(session))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await backend.played()


async def test_closing_the_session_cancels_what_is_in_flight(play):
    """No request outlives its session, on either side."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Queued(id="r1", seq=0, position=1))
        assert await peer.receive(Cancel) == Cancel(id="r1")
        await peer.closed()

    backend = await play(script)
    session = Session(backend.url)
    frames = session.ask(ASK)
    await anext(frames)
    await session.close()
    with pytest.raises(ConnectionLost, match="was closed"):
        await anext(frames)
    await backend.played()


async def test_a_finished_request_is_not_cancelled_and_its_id_is_free_again(play, answer):
    """After the terminal frame the server hears of the request no more."""

    async def script(peer):
        for _ in range(2):
            await peer.receive(Ask)
            await peer.send(*answer("r1"))
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        assert await collect(session) == await collect(session)
    await backend.played()


async def test_an_id_in_use_is_refused(play):
    """Two answers under one id could not be told apart."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Queued(id="r1", seq=0, position=1))
        await peer.receive(Cancel)

    backend = await play(script)
    async with Session(backend.url) as session, aclosing(session.ask(ASK)) as frames:
        await anext(frames)
        with pytest.raises(ValueError, match="'r1' is in use"):
            await collect(session)


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
    async with Session(backend.url, spread_s=0) as session:
        frames = session.ask(ASK)
        got = [await anext(frames) for _ in range(3)]
        await eventually(both)
        assert await collect(session, Ask(id="r2", question="?")) == answer("r2")
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
    async with Session(backend.url, spread_s=0, on_status=statuses.append) as session:
        assert await collect(session) == answer("r1")
    await backend.played()
    assert [status.state for status in statuses] == ["connecting", "ready"]


async def test_a_degraded_backend_is_told_as_such_and_answers_all_the_same(play, answer):
    """What the backend says of itself becomes the status, until it says better of itself."""

    async def script(peer):
        await peer.send(wire.Status(degraded=("toxicity: no weights",)))
        await peer.receive(Ask)
        await peer.send(wire.Status(degraded=()), *answer("r1"))
        await peer.closed()

    told = []
    backend = await play(script)
    async with Session(backend.url, on_status=told.append) as session:
        assert await collect(session) == answer("r1")
    await backend.played()
    assert told[1:] == [
        Status("ready"),
        Status("degraded", "toxicity: no weights"),
        Status("ready"),
    ]


async def test_an_idle_session_leaves_on_goaway_and_comes_back(play):
    """Without an answer in flight the connection moves at once."""
    moved = asyncio.Event()

    async def leaving(peer):
        await peer.send(GoAway(reason="update"))
        await peer.closed()

    async def staying(peer):
        moved.set()
        await peer.closed()

    statuses = []
    backend = await play(leaving, staying)
    async with Session(backend.url, spread_s=0, on_status=statuses.append) as session:
        keeping = asyncio.create_task(session.stay_connected())
        async with asyncio.timeout(5):
            await moved.wait()
        keeping.cancel()
    await backend.played()
    assert "offline" not in [status.state for status in statuses]


async def test_a_refusal_without_an_id_ends_the_question_it_was_about(play, answer):
    """A frame too broken or too large to name its request still ends one."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(answer("old")[0])
        await peer.receive(Ask)
        await peer.send(Failed(id=None, seq=0, code="too_large", message="too large"))
        await peer.send(*answer("old")[1:])
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        old = session.ask(Ask(id="old", question="?"))
        await anext(old)
        [refusal] = await collect(session)
        assert isinstance(refusal, Failed)
        assert refusal.code == "too_large"
        assert [frame async for frame in old] == answer("old")[1:]


async def test_a_question_larger_than_the_transport_allows_fails_as_too_large(play):
    """A close with code 1009 is not a drop to recover from: the same would come again."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.socket.close(1009)

    backend = await play(script)
    async with Session(backend.url) as session:
        [refusal] = await collect(session)
    assert isinstance(refusal, Failed)
    assert refusal.code == "too_large"
    assert backend.connections == 1


async def test_prepare_is_sent_and_never_answered(play):
    """Warming needs no reader."""

    async def script(peer):
        assert await peer.receive(Prepare) == Prepare(id="p1", question="ho")

    backend = await play(script)
    async with Session(backend.url) as session:
        await session.prepare(Prepare(id="p1", question="ho"))
        await backend.played()


async def test_no_backend_says_how_to_start_one():
    """The message carries the address and the command."""
    url = f"http://127.0.0.1:{free_port()}"
    async with Session(url) as session:
        with pytest.raises(BackendUnreachable) as raised:
            await collect(session)
    assert url in str(raised.value)
    assert "start it with: glossator serve" in str(raised.value)
    assert "connection refused" in str(raised.value)
    assert isinstance(raised.value, SessionError)


@pytest.mark.parametrize("url", ["", "ftp://host", "ws://", "ws://host:port", "ws://[::1"])
async def test_a_malformed_address_says_what_one_looks_like(url):
    """A typo in the settings is named as such."""
    async with Session(url) as session:
        with pytest.raises(BackendUnreachable, match=r"looks like ws://127\.0\.0\.1:8765"):
            await session.connect()


async def test_a_server_that_never_answers_is_given_up():
    """A port that accepts and stays silent costs ``open_timeout_s``, not forever."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with Session(f"ws://127.0.0.1:{port}", open_timeout_s=0.2) as session:
            with pytest.raises(BackendUnreachable, match=r"no answer in 0\.2 s"):
                await session.connect()


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "refused the token"), (404, "not as a Glossator backend"), (503, "try again")],
)
async def test_a_refused_handshake_says_why(status, words):
    """Another program on the port, a wrong token, a backend that starts: three messages."""

    def refuse(connection, request):
        return connection.respond(status, "no")

    async with serve(
        lambda socket: socket.wait_closed(), "127.0.0.1", 0, process_request=refuse
    ) as s:
        port = next(iter(s.sockets)).getsockname()[1]
        async with Session(f"ws://127.0.0.1:{port}") as session:
            with pytest.raises(BackendUnreachable, match=words):
                await session.connect()


async def test_another_protocol_version_is_refused():
    """A server that does not agree to our subprotocol is not spoken to."""
    async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with Session(f"ws://127.0.0.1:{port}") as session:
            with pytest.raises(BackendUnreachable, match=r"does not speak glossator\.v1"):
                await session.connect()


async def test_a_plain_http_server_is_not_a_backend():
    """An answer that is no websocket handshake at all is mapped too."""

    async def garbage(reader, writer):
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Session(f"ws://127.0.0.1:{port}") as session:
            with pytest.raises(BackendUnreachable, match="not as a Glossator backend"):
                await session.connect()


async def test_stay_connected_finds_a_backend_that_starts_later(play):
    """The status goes from offline, with its reason, to ready without anybody asking."""
    statuses: asyncio.Queue[Status] = asyncio.Queue()
    port = free_port()

    async def script(peer):
        await peer.closed()

    async with Session(f"ws://127.0.0.1:{port}", on_status=statuses.put_nowait) as session:
        keeping = asyncio.create_task(session.stay_connected())
        async with asyncio.timeout(10):
            assert (await statuses.get()).state == "connecting"
            offline = await statuses.get()
            assert offline.state == "offline"
            assert "glossator serve" in offline.reason
            await play(script, port=port)
            while (await statuses.get()).state != "ready":
                pass
        keeping.cancel()


async def test_half_an_answer_is_still_ended_when_the_reader_is_gone(play, answer):
    """Frames of a cancelled request that are still on their way disturb nobody."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r1")[:3])
        await peer.receive(Cancel)
        await peer.send(*answer("r1")[3:])
        await peer.receive(Ask)
        await peer.send(*answer("r2"))
        await peer.closed()

    backend = await play(script)
    async with Session(backend.url) as session:
        async with aclosing(session.ask(ASK)) as frames:
            await anext(frames)
        got = await collect(session, Ask(id="r2", question="?"))
    assert isinstance(got[-1], Finished)
    assert got == answer("r2")


async def test_reading_and_cancelling_while_disconnected_leaves_nothing_behind(play, answer):
    """A reader may go while its answer waits for the connection to come back."""

    async def first(peer):
        await peer.receive(Ask)
        await peer.send(answer("r1")[0])
        peer.drop()

    async def second(peer):
        await peer.receive(Ask)  # and no Resume before it
        await peer.send(*answer("r2"))
        await peer.closed()

    backend = await play(first, second)
    statuses: list[Status] = []
    offline = asyncio.Event()

    def on_status(status: Status) -> None:
        statuses.append(status)
        if status.state == "offline":
            offline.set()

    async with Session(backend.url, on_status=on_status) as session:
        frames = session.ask(ASK)
        await anext(frames)
        await offline.wait()
        await frames.aclose()
        assert await collect(session, Ask(id="r2", question="?")) == answer("r2")
    await backend.played()
