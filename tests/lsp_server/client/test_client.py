"""The client against a real websocket server that behaves, repeats, lies, or is left early."""

import asyncio
from contextlib import aclosing

import pytest

from backend.protocol import wire
from backend.protocol.wire import Ask, Cancel, Delta, Failed, Prepare, Queued
from lsp_server.client.client import BrokenAnswer, Client, ConnectionLost

ASK = Ask(id="r1", question="how?")


async def collect(client: Client, ask: Ask = ASK) -> list[wire.AnswerFrame]:
    return [frame async for frame in client.ask(ask)]


async def test_an_answer_arrives_frame_by_frame(play, answer):
    """Every frame is delivered as it was sent, and the connection is opened only when needed."""

    async def script(peer):
        assert await peer.receive(Ask) == ASK
        await peer.send(*answer("r1"))
        await peer.closed()

    backend = await play(script)
    async with Client(backend.url, "secret") as client:
        assert backend.connections == 0
        assert await collect(client) == answer("r1")
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
    async with Client(backend.url) as client:
        got_a, got_b = await asyncio.gather(
            collect(client, Ask(id="a", question="?")), collect(client, Ask(id="b", question="?"))
        )
    await backend.played()
    assert (got_a, got_b) == (answer("a"), answer("b"))


async def test_a_gap_fails_the_request_and_cancels_it(play):
    """A missing frame is an error that says so, never an answer with a hole."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Delta(id="r1", seq=0, text="a"), Delta(id="r1", seq=2, text="c"))
        assert await peer.receive(Cancel) == Cancel(id="r1")
        await peer.closed()

    backend = await play(script)
    async with Client(backend.url) as client:
        frames = client.ask(ASK)
        assert await anext(frames) == Delta(id="r1", seq=0, text="a")
        with pytest.raises(BrokenAnswer, match="part 1 is missing"):
            await anext(frames)
    await backend.played()


@pytest.mark.parametrize(
    "frame",
    ["{", '{"type":"delta","id":"r1","seq":"x"}', '{"type":"song","id":"r1"}', "[]", b'"\xff"'],
)
async def test_an_unreadable_frame_fails_the_request_and_leaves_the_client_usable(
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
    async with Client(backend.url) as client:
        with pytest.raises(BrokenAnswer, match="cannot be read"):
            await collect(client)
        assert await collect(client, Ask(id="r2", question="?")) == answer("r2")
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
    async with Client(backend.url) as client:
        bad, good = await asyncio.gather(
            collect(client, Ask(id="bad", question="?")),
            collect(client, Ask(id="good", question="?")),
            return_exceptions=True,
        )
    assert isinstance(bad, BrokenAnswer)
    assert good == answer("good")


async def test_closing_the_iterator_sends_cancel(play):
    """A reader that stops also stops the engine."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Delta(id="r1", seq=0, text="a"))
        assert await peer.receive(Cancel) == Cancel(id="r1")

    backend = await play(script)
    async with Client(backend.url) as client:
        async with aclosing(client.ask(ASK)) as frames:
            await anext(frames)
        await backend.played()


async def test_cancelling_the_reading_task_sends_cancel(play):
    """``$/cancelRequest`` and Ctrl-C do this."""
    asked = asyncio.Event()

    async def script(peer):
        await peer.receive(Ask)
        asked.set()
        assert await peer.receive(Cancel) == Cancel(id="r1")

    backend = await play(script)
    async with Client(backend.url) as client:
        task = asyncio.create_task(collect(client))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await backend.played()


async def test_closing_the_client_cancels_what_is_in_flight(play):
    """No request outlives its client, on either side."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Queued(id="r1", seq=0, position=1))
        assert await peer.receive(Cancel) == Cancel(id="r1")
        await peer.closed()

    backend = await play(script)
    client = Client(backend.url)
    frames = client.ask(ASK)
    await anext(frames)
    await client.close()
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
    async with Client(backend.url) as client:
        assert await collect(client) == await collect(client)
    await backend.played()


async def test_an_id_in_use_is_refused(play):
    """Two answers under one id could not be told apart."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Queued(id="r1", seq=0, position=1))
        await peer.receive(Cancel)

    backend = await play(script)
    async with Client(backend.url) as client, aclosing(client.ask(ASK)) as frames:
        await anext(frames)
        with pytest.raises(ValueError, match="'r1' is in use"):
            await collect(client)


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
    async with Client(backend.url) as client:
        old = client.ask(Ask(id="old", question="?"))
        await anext(old)
        [refusal] = await collect(client)
        assert isinstance(refusal, Failed)
        assert refusal.code == "too_large"
        assert [frame async for frame in old] == answer("old")[1:]


async def test_a_question_larger_than_the_transport_allows_fails_as_too_large(play):
    """A close with code 1009 is not a drop to recover from: the same would come again."""

    async def script(peer):
        await peer.receive(Ask)
        await peer.socket.close(1009)

    backend = await play(script)
    async with Client(backend.url) as client:
        [refusal] = await collect(client)
    assert isinstance(refusal, Failed)
    assert refusal.code == "too_large"
    assert backend.connections == 1


async def test_prepare_is_sent_and_never_answered(play):
    """Warming needs no reader."""

    async def script(peer):
        assert await peer.receive(Prepare) == Prepare(id="p1", question="ho")

    backend = await play(script)
    async with Client(backend.url) as client:
        await client.prepare(Prepare(id="p1", question="ho"))
        await backend.played()
