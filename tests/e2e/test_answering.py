"""One question over the websocket, on every deployment with the real engine."""

import asyncio
import uuid
from pathlib import Path

from backend.protocol.wire import (
    Admitted,
    Ask,
    Cancel,
    Citations,
    Delta,
    Failed,
    Finished,
    Notice,
    Prepare,
    Resume,
)
from lsp_server.client.client import Client

QUESTION = "how do I compute the inverse FFT of a real signal?"


def ask(question=QUESTION, **fields):
    return Ask(id=uuid.uuid4().hex, question=question, **({"max_tokens": 24} | fields))


async def test_an_answer_is_admitted_cited_streamed_and_finished_once(client):
    frames = await client.ask(ask())

    kinds = [type(frame) for frame in frames]
    assert kinds[:2] == [Admitted, Citations]
    assert set(kinds[2:-2]) == {Delta}
    # The tiny model writes at random, so nothing supports it, and its reader is told.
    assert kinds[-2:] == [Notice, Finished]
    assert frames[-2].about == "citations"
    assert [frame.seq for frame in frames] == list(range(len(frames)))


async def test_citations_point_into_the_installed_package(client):
    import numpy

    frames = await client.ask(ask())

    citations = next(frame for frame in frames if isinstance(frame, Citations))
    assert citations.dataset
    cited = {citation.title: citation for citation in citations.citations}
    irfft = cited["numpy.fft.irfft"]
    assert irfft.version == numpy.__version__
    assert irfft.uri.startswith("file://")
    source = Path(irfft.uri.removeprefix("file://")).read_text().splitlines()
    assert "def irfft(" in source[irfft.line - 1]


async def test_usage_and_timings_are_the_engines_own(client):
    finished = (await client.ask(ask(max_tokens=7)))[-1]

    assert finished.reason in ("stop", "length")
    assert 1 <= finished.usage.completion_tokens <= 7
    assert finished.usage.prompt_tokens > 100
    assert 0 < finished.timings.ttft_ms <= finished.timings.total_ms


async def test_without_sources_nothing_is_retrieved(client):
    frames = await client.ask(ask(sources=()))

    citations = next(frame for frame in frames if isinstance(frame, Citations))
    assert citations.citations == ()


async def test_requests_on_one_connection_do_not_mix(client):
    asked = [ask(f"question {number}", sources=()) for number in range(6)]
    for request in asked:
        await client.send(request)
    frames = []
    while sum(isinstance(frame, Finished) for frame in frames) < len(asked):
        frames.append(await client.receive())

    for request in asked:
        own = [frame for frame in frames if frame.id == request.id]
        assert [frame.seq for frame in own] == list(range(len(own)))
        assert isinstance(own[-1], Finished)


async def test_a_greedy_answer_is_the_same_twice(client):
    texts = []
    for _ in range(2):
        frames = await client.ask(ask(sources=(), temperature=0.0))
        texts.append("".join(frame.text for frame in frames if isinstance(frame, Delta)))

    assert texts[0] == texts[1] != ""


async def test_cancel_ends_the_answer_and_frees_the_engine(backend, client):
    request = ask("go on", max_tokens=3000, sources=())
    await client.send(request)
    await client.until(Delta)
    await backend.until(backend.engine_is_busy, "the engine runs the request")

    await client.send(Cancel(id=request.id))
    frames = await client.until(Finished)

    assert frames[-1].reason == "cancelled"
    await backend.until(backend.engine_is_idle, "the engine runs nothing")


async def test_a_client_that_says_goodbye_aborts_its_answers(backend, connect_to):
    async with connect_to(backend) as leaving:
        await leaving.send(ask("go on", max_tokens=3000, sources=()))
        await leaving.until(Delta)
        await backend.until(backend.engine_is_busy, "the engine runs the request")

    await backend.until(backend.engine_is_idle, "the engine runs nothing")


async def test_a_dropped_connection_is_resumed_without_a_gap(backend, connect_to):
    request = ask("go on", max_tokens=300, sources=(), temperature=0.0)
    async with connect_to(backend) as whole:
        undisturbed = await whole.ask(request)
    again = ask("go on", max_tokens=300, sources=(), temperature=0.0)
    async with connect_to(backend) as dropping:
        await dropping.send(again)
        before = await dropping.until(Delta)
        dropping.socket.transport.abort()
    async with connect_to(backend) as resumed:
        await resumed.send(Resume(id=again.id, after_seq=before[-1].seq))
        after = await resumed.until(Finished)

    frames = [*before, *after]
    assert [frame.seq for frame in frames] == list(range(len(frames)))
    assert text_of(frames) == text_of(undisturbed)


async def test_the_language_servers_client_hides_a_dropped_connection(backend, client):
    undisturbed = await client.ask(ask("go on", max_tokens=300, sources=(), temperature=0.0))

    frames = []
    async with Client(backend.url) as ours:
        answer = ours.ask(ask("go on", max_tokens=300, sources=(), temperature=0.0))
        async for frame in answer:
            frames.append(frame)
            if sum(isinstance(frame, Delta) for frame in frames) in (1, 3):
                ours._link.socket.transport.abort()

    assert text_of(frames) == text_of(undisturbed)
    assert [frame.seq for frame in frames] == list(range(len(frames)))
    assert isinstance(frames[-1], Finished)


async def test_an_abandoned_answer_is_aborted_after_the_window(backend, connect_to):
    async with connect_to(backend) as dropping:
        await dropping.send(ask("go on", max_tokens=3000, sources=()))
        await dropping.until(Delta)
        dropping.socket.transport.abort()

    await backend.until(backend.engine_is_idle, "the engine runs nothing")


async def test_resuming_what_is_unknown_fails_clearly(client):
    await client.send(Resume(id="never-asked"))

    failed = await client.receive()
    assert isinstance(failed, Failed)
    assert (failed.id, failed.code) == ("never-asked", "unknown_request")


async def test_prepare_is_never_answered_and_leaves_the_prefix_in_the_cache(backend, client):
    # Longer than a block of the cache: of less than one nothing is kept.
    question = uuid.uuid4().hex + " and a question that was expected" * 30
    await client.send(Prepare(id="p", question=question, sources=()))
    await backend.until(backend.engine_is_idle, "the engine idle")
    # The warm-up has no reply to wait for: ask until the cache shows it.
    async with asyncio.timeout(60):
        cached = 0
        while not cached:
            frames = await client.ask(ask(question, sources=(), max_tokens=1))
            assert all(frame.id != "p" for frame in frames)
            cached = frames[-1].usage.cached_tokens

    assert cached > 0


async def test_a_deadline_ends_the_answer_and_frees_the_engine(backend, client):
    frames = await client.ask(ask("go on", max_tokens=3000, sources=(), deadline_ms=400))

    assert isinstance(frames[-1], Failed)
    assert frames[-1].code == "deadline"
    await backend.until(backend.engine_is_idle, "the engine runs nothing")


def text_of(frames):
    return "".join(frame.text for frame in frames if isinstance(frame, Delta))
