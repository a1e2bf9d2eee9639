"""What clients do wrong: one clear error each, and the server goes on."""

import uuid

import pytest
from websockets.exceptions import ConnectionClosed

from backend.protocol import wire
from backend.protocol.wire import Ask, Failed, Finished

LIMIT = 65536  # as the backend fixture sets it


@pytest.fixture
async def still_answers(client):
    """After the test's misdeed, the same connection answers a question."""
    yield
    frames = await client.ask(Ask(id=uuid.uuid4().hex, question="and now?", max_tokens=2))
    assert isinstance(frames[-1], Finished)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        '{"type": "shout", "id": "r"}',
        '{"type": "ask", "id": "r"}',
        '{"type": "ask", "id": "r", "question": 7}',
        '{"type": "ask", "id": "r", "question": ""}',
        '{"type": "ask", "id": "r", "question": "q", "max_tokens": -1}',
        '{"type": "ask", "id": "", "question": "q"}',
        "[" * 10_000,
        '{"type": "finished"}',
    ],
)
@pytest.mark.usefixtures("still_answers")
async def test_a_malformed_frame_is_refused(client, text):
    await client.send(text)

    failed = await client.receive()
    assert isinstance(failed, Failed)
    assert failed.code == "bad_frame"
    assert "docs/protocol.md" in failed.message or "nested" in failed.message


@pytest.mark.usefixtures("still_answers")
async def test_a_refused_frame_is_matched_to_its_request(client):
    await client.send('{"type": "ask", "id": "mine", "question": 7}')

    assert (await client.receive()).id == "mine"


@pytest.mark.usefixtures("still_answers")
async def test_a_binary_frame_is_refused(client):
    await client.send(wire.encode(Ask(id="b", question="q")).encode())

    failed = await client.receive()
    assert (failed.code, "text frames" in failed.message) == ("bad_frame", True)


@pytest.mark.usefixtures("still_answers")
async def test_an_oversized_frame_is_refused_with_the_setting_to_change(client):
    await client.send(Ask(id="big", question="x" * (LIMIT + 1)))

    failed = await client.receive()
    assert failed.code == "too_large"
    assert "max_frame_bytes" in failed.message


@pytest.mark.usefixtures("still_answers")
async def test_a_prompt_longer_than_the_model_is_refused_with_the_numbers(client):
    frames = await client.ask(Ask(id="long", question="why " * 15_000, sources=()))

    assert frames[-1].code == "too_large"
    assert "4096" in frames[-1].message


@pytest.mark.usefixtures("still_answers")
async def test_an_unknown_model_is_refused_with_the_known_one(client):
    frames = await client.ask(Ask(id="m", question="q", model="gpt-99"))

    assert len(frames) == 1
    assert frames[0].code == "unknown_model"
    assert "tiny" in frames[0].message


@pytest.mark.usefixtures("still_answers")
async def test_an_id_in_use_is_refused_and_its_answer_goes_on(client):
    request = Ask(id=uuid.uuid4().hex, question="q", max_tokens=200, sources=())
    await client.send(request)
    await client.send(request)

    frames = []
    while not (frames and isinstance(frames[-1], Finished)):
        frames.append(await client.receive())
    refused = [frame for frame in frames if isinstance(frame, Failed)]
    assert [(frame.id, frame.code) for frame in refused] == [(None, "bad_frame")]


async def test_a_frame_far_over_the_limit_ends_at_most_its_connection(backend, connect_to):
    async with connect_to(backend) as client:
        await client.send("x" * (5 * LIMIT))
        # Where the transport's own limit is higher, the gateway's error comes first.
        assert await _refusal(client) in ("too_large", 1009)

    async with connect_to(backend) as client:
        frames = await client.ask(Ask(id="n", question="q", max_tokens=2))
        assert isinstance(frames[-1], Finished)


async def _refusal(client):
    try:
        return (await client.receive()).code
    except ConnectionClosed as closed:
        return closed.rcvd.code


async def test_a_client_of_another_protocol_version_is_turned_away(backend):
    from websockets.asyncio.client import connect
    from websockets.exceptions import WebSocketException

    url = backend.url.replace("http", "ws") + wire.PATH
    with pytest.raises(WebSocketException):
        async with connect(url, subprotocols=["glossator.v99"]) as socket:
            await socket.recv()
