"""Answers that lose their connection or their gateway, or are put off: how the client goes on."""

import asyncio
from contextlib import aclosing

import pytest
from msgspec import structs

from backend.protocol import wire
from backend.protocol.wire import Ask, Cancel, Failed, Finished, Queued, Resume
from lsp_server.client.client import Client, ConnectionLost, Status
from lsp_server.client.pending import RESTARTS

ASK = Ask(id="r1", question="how?")


async def collect(client: Client, ask: Ask = ASK) -> list[wire.AnswerFrame]:
    return [frame async for frame in client.ask(ask)]


def breaks_off(answer):
    """A gateway that is replaced when the first words of its answer are out."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(*answer("r1")[:3])
        await peer.socket.close(1012)

    return script


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
    async with Client(backend.url) as client:
        frames = client.ask(ASK)
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
    async with Client(backend.url) as client:
        assert await collect(client) == answer("r1")
    await backend.played()


async def test_another_gateway_goes_on_with_the_answer_from_its_text(play, answer):
    """The reader sees one answer: no frame twice, no gap, whoever counted the frames."""

    async def other(peer):
        await peer.receive(Resume)
        await peer.send(Failed(id="r1", seq=0, code="unknown_request", message="unknown"))
        assert await peer.receive(Ask) == structs.replace(ASK, continue_from="one ")
        first, cited, _, rest, last = answer("r1")
        await peer.send(Queued(id="r1", seq=0, position=3))
        for seq, frame in enumerate((first, cited, rest, last), 1):
            await peer.send(structs.replace(frame, seq=seq))
        await peer.closed()

    backend = await play(breaks_off(answer), other)
    async with Client(backend.url) as client:
        assert await collect(client) == answer("r1")
    await backend.played()


async def test_an_answer_that_breaks_off_again_and_again_is_ended(play, answer):
    """A backend that never knows the request is not asked forever."""

    async def forgetful(peer):
        await peer.receive(Resume)
        for _ in range(RESTARTS):
            await peer.send(Failed(id="r1", seq=0, code="unknown_request", message="unknown"))
            await peer.receive(Ask)
        await peer.send(Failed(id="r1", seq=0, code="unknown_request", message="unknown"))
        await peer.closed()

    backend = await play(breaks_off(answer), forgetful)
    async with Client(backend.url) as client:
        got = await collect(client)
    assert got[:-1] == answer("r1")[:3]
    assert got[-1].code == "unknown_request"
    await backend.played()


def shed(retry_after_ms):
    return Failed(id="r1", seq=0, code="overloaded", message="full", retry_after_ms=retry_after_ms)


async def test_a_request_that_was_shed_is_asked_again_when_the_backend_said(play, answer):
    """It is not asked earlier, and the reader sees only the answer."""

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
    async with Client(backend.url) as client:
        assert await collect(client) == answer("r1")
    await backend.played()


@pytest.mark.parametrize("retry_after_ms", [None, 60_000.0])
async def test_a_wait_that_is_unknown_or_long_is_left_to_the_user(play, retry_after_ms):
    """The refusal ends the request and says how long."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(shed(retry_after_ms))
        await peer.closed()

    backend = await play(script)
    async with Client(backend.url) as client:
        assert await collect(client) == [shed(retry_after_ms)]
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
    async with Client(backend.url) as client:
        reading = asyncio.create_task(collect(client))
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
    async with Client(backend.url, resume_s=0.2) as client:
        frames = client.ask(ASK)
        assert [await anext(frames) for _ in range(3)] == answer("r1")[:3]
        with pytest.raises(ConnectionLost, match=r"did not come back in 0\.2 s"):
            await anext(frames)


async def test_a_backend_that_drops_every_connection_is_given_up(play):
    """A connection that opens but brings nothing does not count as coming back."""

    async def dropping(peer):
        await peer.socket.recv()
        peer.drop()

    backend = await play(*[dropping] * 100)
    async with Client(backend.url, resume_s=0.5) as client:
        with pytest.raises(ConnectionLost):
            await collect(client)
    assert 1 < backend.connections < 30  # it tried again, with growing pauses


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
    async with Client(backend.url) as client:
        async with aclosing(client.ask(ASK)) as frames:
            await anext(frames)
        got = await collect(client, Ask(id="r2", question="?"))
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

    async with Client(backend.url, on_status=on_status) as client:
        frames = client.ask(ASK)
        await anext(frames)
        await offline.wait()
        await frames.aclose()
        assert await collect(client, Ask(id="r2", question="?")) == answer("r2")
    await backend.played()
