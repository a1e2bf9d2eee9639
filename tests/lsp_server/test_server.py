"""The whole language server, as an editor sees it: a real process, a real client, a real websocket.

The backend on the other side is scripted; ``tests/e2e`` has a real one.
"""

import asyncio
import socket
import tomllib
from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException

from backend.protocol.wire import Ask, Cancel, Delta, Failed, Notice, Queued
from lsp_server.server import VERSION

URI = "file:///project/signal.py"


async def test_chat_streams_partial_results_and_answers_with_citations(
    play, answers_once, open_editor
):
    """Deltas arrive one by one, an ``end`` closes them, the result repeats the whole."""

    backend = await play(answers_once)
    editor = await open_editor(backend.url)
    _, result = editor.chat("how?", "t1")
    partial = await editor.partial_results("t1")
    assert [value["kind"] for value in partial] == [
        "admitted",
        "citations",
        "delta",
        "delta",
        "end",
    ]
    assert partial[1]["citations"][0]["title"] == "numpy.fft.irfft"
    assert [value["text"] for value in partial[2:4]] == ["one ", "two"]
    assert partial[4]["reason"] == "stop"
    final = await result
    assert final["text"] == "one two"
    assert final["finishReason"] == "stop"
    assert (final["citations"][0]["number"], final["citations"][0]["uri"]) == (1, "file:///f.py")
    assert final["usage"]["completionTokens"] == 2
    assert final["timings"]["ttftMs"] == 3


async def test_the_question_carries_the_place_it_was_asked_from(play, answers_once, open_editor):
    """Selection in UTF-16, excerpt, language, imports, sources: what the document says *now*."""
    backend = await play(answers_once)
    editor = await open_editor(backend.url)
    editor.open(URI, "import old\n")
    editor.replace(URI, 2, "import numpy\n\x0c\ns = '😀'; x = f(y)\n")
    _, result = editor.chat(
        "why?",
        "t1",
        textDocument={"uri": URI},
        cursorState=[
            {"range": {"start": {"line": 2, "character": 10}, "end": {"line": 2, "character": 18}}}
        ],
        context={"sources": ["package:numpy"]},
    )
    await result
    ask = answers_once.ask
    assert ask.question == "why?"
    assert ask.sources == ("package:numpy",)
    assert ask.context.language == "python"
    assert ask.context.packages == ("numpy",)
    assert ask.context.text == "import numpy\n\x0c\ns = '😀'; x = f(y)\n"
    assert ask.context.selection.text == "x = f(y)"
    assert ask.context.selection.first_line == 3


async def test_a_follow_up_carries_the_conversation_of_its_tab(play, answer, open_editor):
    """Another tab starts afresh."""
    asks = []

    async def script(peer):
        for _ in range(3):
            asks.append(await peer.receive(Ask))
            await peer.send(*answer(asks[-1].id))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    for prompt, tab in (("first", "a"), ("second", "a"), ("other", "b")):
        _, result = editor.request("glossator/chat", {"tabId": tab, "prompt": prompt})
        await result
    history = [[(turn.role, turn.text) for turn in ask.history] for ask in asks]
    assert history == [[], [("user", "first"), ("assistant", "one two")], []]


async def test_cancel_request_reaches_the_backend(play, open_editor):
    """The engine is told to stop, the editor gets RequestCancelled and the stream an end."""
    cancelled = asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="a"))
        assert await peer.receive(Cancel) == Cancel(id=ask.id)
        cancelled.set()
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    msg_id, result = editor.chat("how?", "t1")
    assert (await editor.next_progress("t1"))["text"] == "a"
    editor.cancel(msg_id)
    with pytest.raises(JsonRpcException) as raised:
        await result
    assert raised.value.code == -32800
    assert await editor.next_progress("t1") == {"kind": "end", "reason": "cancelled"}
    async with asyncio.timeout(60):
        await cancelled.wait()


async def test_an_absent_backend_is_explained(open_editor, play, answers_once):
    """The editor learns what to start, by status and by error, and the server recovers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"ws://127.0.0.1:{port}"
    editor = await open_editor(url)
    status = await editor.status("offline")
    assert status["url"] == url
    assert "start it with: glossator serve" in status["reason"]
    _, result = editor.chat("how?", "t1")
    with pytest.raises(JsonRpcException) as raised:
        await result
    assert raised.value.code == -32803
    assert url in raised.value.message
    assert "start it with: glossator serve" in raised.value.message
    assert raised.value.data == {"code": "unavailable"}
    assert await editor.partial_results("t1") == [{"kind": "end", "reason": "failed"}]

    await play(answers_once, port=port)
    _, result = editor.chat("how?", "t2")
    assert (await result)["text"] == "one two"
    await editor.status("ready")


async def test_a_refusal_keeps_its_code_and_when_to_come_back(play, open_editor):
    """What the backend says is what the user reads, where a wait is the user's to decide."""

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(
            Queued(id=ask.id, seq=0, position=3),
            Notice(id=ask.id, seq=1, about="secrets", message="one key was redacted"),
            Failed(id=ask.id, seq=2, code="overloaded", message="busy", retry_after_ms=60_000),
        )
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    _, result = editor.chat("how?", "t1")
    with pytest.raises(JsonRpcException, match="busy") as raised:
        await result
    assert raised.value.code == -32803
    assert raised.value.data == {"code": "overloaded", "retryAfterMs": 60_000}
    assert await editor.partial_results("t1") == [
        {"kind": "queued", "position": 3},
        {"kind": "notice", "about": "secrets", "message": "one key was redacted"},
        {"kind": "end", "reason": "failed"},
    ]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (None, "Expected `object`, got `null`"),
        ({"prompt": "how?"}, "missing required field `tabId`"),
        ({"tabId": "t", "prompt": ""}, "length >= 1 - at `$.prompt`"),
        ({"tabId": "t", "prompt": "?", "cursorState": [{"position": {"line": "x"}}]}, "line"),
    ],
)
async def test_wrong_parameters_are_named(play, open_editor, params, words):
    """InvalidParams says which member is wrong; no request of an editor stays unanswered."""

    async def script(peer):
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    _, result = editor.request("glossator/chat", params)
    with pytest.raises(JsonRpcException) as raised:
        async with asyncio.timeout(60):
            await result
    assert raised.value.code == -32602
    assert words in raised.value.message
    assert not editor.messages


async def test_a_document_that_is_not_open_gives_its_name_alone(play, answers_once, open_editor):
    """The server reads what the editor sent it, and no files on its own."""
    backend = await play(answers_once)
    editor = await open_editor(backend.url)
    _, result = editor.chat("how?", "t1", textDocument={"uri": Path(__file__).as_uri()})
    await result
    assert answers_once.ask.context.uri == Path(__file__).as_uri()
    assert answers_once.ask.context.text == ""


async def test_leaving_the_editor_cancels_what_is_in_flight(play, open_editor):
    """Shutdown stops the engine too, at once and not by a timeout."""
    cancelled = asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="a"))
        assert await peer.receive(Cancel) == Cancel(id=ask.id)
        cancelled.set()

    backend = await play(script)
    editor = await open_editor(backend.url)
    _, result = editor.chat("how?", "t1")
    await editor.next_progress("t1")
    await editor.stop()
    async with asyncio.timeout(60):
        await cancelled.wait()
    with pytest.raises(JsonRpcException):
        await result


async def test_an_editor_that_dies_takes_its_requests_along(play, open_editor):
    """The end of stdin stops the engine and ends the process."""
    cancelled = asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="a"))
        assert await peer.receive(Cancel) == Cancel(id=ask.id)
        cancelled.set()

    backend = await play(script)
    editor = await open_editor(backend.url)
    _, result = editor.chat("how?", "t1")
    await editor.next_progress("t1")
    await editor.die()
    result.cancel()
    async with asyncio.timeout(60):
        await cancelled.wait()


async def test_the_server_tells_its_version_and_wants_edits(play, open_editor):
    """The version is the distribution's."""

    async def script(peer):
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert editor.initialized.server_info.name == "glossator"
    assert editor.initialized.server_info.version == VERSION == project["version"]
    assert editor.initialized.capabilities.text_document_sync.change == 2
