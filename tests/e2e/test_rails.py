"""The rails on every deployment, and what follows when one of them dies."""

import asyncio
import uuid

import psutil
import pytest
from websockets.asyncio.client import connect

from backend.protocol import wire
from backend.protocol.wire import Ask, Delta, Failed, Finished, Notice

TOKEN = "ghp_" + "a1B2" * 9


def ask(question, **fields):
    return Ask(id=uuid.uuid4().hex, question=question, max_tokens=8, sources=(), **fields)


async def test_a_secret_in_a_question_is_kept_from_the_model_and_said(client):
    frames = await client.ask(ask(f"what is {TOKEN} for?"))

    notices = [frame.message for frame in frames if isinstance(frame, Notice)]
    assert any("GitHub token" in notice for notice in notices)
    assert TOKEN not in str(frames)
    assert isinstance(frames[-1], Finished)


async def test_a_tenant_named_by_the_proxy_has_its_own_policy(backend):
    url = backend.url.replace("http", "ws") + wire.PATH
    headers = {"X-Tenant": "strict"}
    async with connect(url, additional_headers=headers, compression=None) as socket:
        await socket.send(wire.encode(ask(f"what is {TOKEN} for?")))
        async with asyncio.timeout(60):
            frame = None
            while not isinstance(frame, wire.Terminal):
                frame = wire.decode_server(await socket.recv())

    assert isinstance(frame, Failed)
    assert frame.code == "blocked"
    assert TOKEN not in frame.message


def replica(name):
    """The process of one Serve replica."""
    title = f"ray::ServeReplica:glossator:{name}"
    for process in psutil.process_iter(["cmdline"]):
        if any(title in part for part in process.info["cmdline"] or ()):
            return process
    return None


@pytest.mark.engine
@pytest.mark.ray
@pytest.mark.parametrize("backend", ["ray"], indirect=True)
async def test_a_rail_that_is_killed_under_load_fails_closed_and_comes_back(backend, connect_to):
    ended = []

    async def user(until):
        async with connect_to(backend) as client:
            while not until.is_set():
                frames = await client.ask(ask("what is a window function?"))
                ended.append(frames)

    stop = asyncio.Event()
    users = [asyncio.create_task(user(stop)) for _ in range(4)]
    await backend.until(lambda: len(ended) >= 8, "the users are answered")
    killed = replica("rail-pii")
    killed.kill()
    await backend.until(lambda: any(is_blocked(frames) for frames in ended), "the policy holds")
    seen = len(ended)
    await backend.until(
        lambda: any(isinstance(frames[-1], Finished) for frames in ended[seen:]), "it is back"
    )
    stop.set()
    async with asyncio.timeout(60):
        await asyncio.gather(*users)

    for frames in ended:
        assert [isinstance(frame, wire.Terminal) for frame in frames].count(True) == 1
        assert isinstance(frames[-1], Finished) or is_blocked(frames)
        if is_blocked(frames):
            assert not any(isinstance(frame, Delta) for frame in frames)
            assert frames[-1].retry_after_ms
    assert replica("rail-pii").pid != killed.pid


def is_blocked(frames):
    return isinstance(frames[-1], Failed) and frames[-1].code == "blocked"
