"""Inline completion as an editor sees it; the backend is scripted."""

import asyncio

import pytest

from backend.protocol.wire import Complete, Delta, Failed, Finished, Timings, Usage

URI = "file:///project/signal.py"


def whole(request, *pieces, seq=0):
    frames = [Delta(request.id, seq + at, piece) for at, piece in enumerate(pieces)]
    return [*frames, Finished(request.id, seq + len(frames), "stop", Usage(), Timings())]


async def items(editor, line, character, kind=2):
    answer = await ask(editor, line, character, kind)[1]
    return [] if answer is None else [item["insertText"] for item in answer["items"]]


def ask(editor, line, character, kind=2):
    return editor.request(
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": URI},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": kind},
        },
    )


async def test_code_is_completed_and_typed_through(play, open_editor):
    """The second request, after a part was typed, needs no backend."""
    asked = []

    async def script(peer):
        asked.append(await peer.receive(Complete))
        await peer.send(*whole(asked[0], "rf", "ft(x)\n"))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    editor.open(URI, "y = \nz\n")
    assert await items(editor, 0, 4) == ["rfft(x)"]
    assert (asked[0].prefix, asked[0].suffix) == ("y = ", "\nz\n")
    editor.type(URI, 2, 0, 4, "rff")
    assert await items(editor, 0, 7) == ["t(x)"]
    assert len(asked) == 1
    while (await editor.statuses.get())["inlineCompletion"] != "available":
        pass


async def test_a_completion_survives_the_key_it_foretold(play, open_editor):
    """The editor cancels its request with every key; the backend goes on, and is not asked anew."""
    arrived, typed = asyncio.Event(), asyncio.Event()

    async def script(peer):
        request = await peer.receive(Complete)
        await peer.send(Delta(request.id, 0, "rf"))
        arrived.set()
        await typed.wait()
        await peer.send(*whole(request, "ft", seq=1))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    editor.open(URI, "y = \n")
    msg_id, first = ask(editor, 0, 4, kind=1)
    async with asyncio.timeout(60):
        await arrived.wait()
    editor.cancel(msg_id)
    await asyncio.gather(first, return_exceptions=True)
    editor.type(URI, 2, 0, 4, "r")
    second = ask(editor, 0, 5)[1]
    await editor.hover(URI, 0, 0)  # the server has seen it once it answers what came after
    typed.set()
    answer = await second
    assert [item["insertText"] for item in answer["items"]] == ["fft"]


async def test_another_key_ends_it(play, open_editor):
    """Cancelled in the backend, and asked anew for the new place."""
    under_way = asyncio.Event()

    async def both(peer):
        first = await peer.receive(Complete)
        await peer.send(Delta(first.id, 0, "rfft"))
        under_way.set()
        cancel = await peer.receive(object)
        request = await peer.receive(object)
        if isinstance(cancel, Complete):
            cancel, request = request, cancel
        assert cancel.id == first.id
        assert request.prefix == "y = i"
        await peer.send(*whole(request, "fft(x)"))
        await peer.closed()

    backend = await play(both)
    editor = await open_editor(backend.url)
    editor.open(URI, "y = \n")
    ask(editor, 0, 4, kind=1)
    async with asyncio.timeout(60):
        await under_way.wait()
    await editor.hover(URI, 0, 0)  # the first delta was sent before this is answered
    editor.type(URI, 2, 0, 4, "i")
    assert await items(editor, 0, 5) == ["fft(x)"]


async def test_a_model_that_cannot_says_so_once(play, open_editor):
    """In the status; the backend is not asked again on this connection."""
    asked = []

    async def script(peer):
        asked.append(await peer.receive(Complete))
        await peer.send(Failed(asked[0].id, 0, "unsupported", "extractive cannot complete code"))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    editor.open(URI, "y = \n")
    assert await items(editor, 0, 4) == []
    async with asyncio.timeout(60):
        while (status := await editor.statuses.get())["inlineCompletion"] != "unavailable":
            pass
    assert status["inlineCompletionReason"] == "extractive cannot complete code"
    assert await items(editor, 0, 4) == []
    assert len(asked) == 1


async def test_nothing_is_completed_in_the_middle_of_a_line_or_when_switched_off(play, open_editor):
    """Unless the user asks for it."""

    async def script(peer):
        request = await peer.receive(Complete)
        await peer.send(*whole(request, "1"))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    editor.open(URI, "y = + 2\n")
    assert await items(editor, 0, 4) == []
    assert await items(editor, 0, 4, kind=1) == ["1"]
    editor.client.workspace_did_change_configuration(
        editor.settings({"glossator": {"inlineCompletion": False}})
    )
    assert await items(editor, 0, 4, kind=1) == []


@pytest.mark.parametrize(
    ("reason", "offered"),
    [
        ("stop", ["rfft(\n    x, n"]),
        ("length", ["rfft("]),
        ("blocked", []),
        ("cancelled", []),
    ],
)
async def test_what_was_broken_off_is_not_offered(play, open_editor, reason, offered):
    """The unfinished line of a completion that was cut by its length is left out."""

    async def script(peer):
        request = await peer.receive(Complete)
        await peer.send(Delta(request.id, 0, "rfft(\n    x, n"))
        await peer.send(Finished(request.id, 1, reason, Usage(), Timings()))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    editor.open(URI, "y = \nz\n")
    assert await items(editor, 0, 4) == offered


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [("x = ()", "foo(a)", "foo(a)"), ("x = []", "[1], [2]", "[1], [2]"), ("f()", "a)", "a")],
)
async def test_only_a_bracket_too_many_is_left_out(play, open_editor, line, text, expected):
    async def script(peer):
        await peer.send(*whole(await peer.receive(Complete), text))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    editor.open(URI, f"{line}\nz\n")
    assert await items(editor, 0, len(line) - 1) == [expected]
