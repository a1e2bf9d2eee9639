"""The Neovim plugin as a user sees it: real keys in a real terminal, and what that shows.

Each screen is kept under ``artifacts/neovim``.
"""

import asyncio

import pytest

from backend.protocol.wire import Ask, Cancel, Delta, Finished, Timings, Usage

pytestmark = pytest.mark.editor

TIMEOUT_S = 60


async def test_a_question_typed_into_the_prompt_streams_above_it(play, terminal, file):
    """Enter sends; the answer shows before it is complete; <C-c> stops it and the engine."""
    more, cancelled = asyncio.Event(), asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="The first half"))
        await more.wait()
        await peer.send(Delta(id=ask.id, seq=1, text=" and the second"))
        assert await peer.receive(Cancel) == Cancel(id=ask.id)
        cancelled.set()
        await peer.closed()

    backend = await play(script)
    await terminal.start(backend.url, file, prepare=False)
    await terminal.type(":Glossator chat", "Enter")
    await terminal.shows("<CR> sends")
    await terminal.type("how do I invert it?", "Enter")
    screen = await terminal.shows("The first half")
    assert "> how do I invert it?" in screen
    assert "<C-c> stops" in screen
    assert "x = 1" in screen
    await terminal.keep("chat-streams")
    more.set()
    await terminal.shows("and the second")
    await terminal.type("C-c")
    await terminal.shows("*stopped*")
    await terminal.keep("chat-stopped")
    async with asyncio.timeout(TIMEOUT_S):
        await cancelled.wait()


async def test_an_absent_backend_is_told_in_the_chat(terminal, file):
    """What to do about it, too."""
    await terminal.start("ws://127.0.0.1:9", file)
    await terminal.type(":Glossator", "Enter")
    await terminal.shows("start it with: glossator serve")
    await terminal.type("how?", "Enter")
    await terminal.shows("**No Glossator backend at")
    await terminal.keep("offline")


async def test_typing_goes_on_while_an_answer_streams(play, terminal, file):
    """The editor takes every key, and the cursor stays where the user types."""
    typed = asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        number = 0
        while not typed.is_set():
            await peer.send(Delta(id=ask.id, seq=number, text=f"word{number} "))
            number += 1
            await asyncio.sleep(0.002)
        await peer.send(
            Delta(id=ask.id, seq=number, text="enough"),
            Finished(id=ask.id, seq=number + 1, reason="stop", usage=Usage(), timings=Timings()),
        )
        await peer.closed()

    backend = await play(script)
    await terminal.start(backend.url, file, ghost_text=False)
    await terminal.type(":Glossator ask how?", "Enter")
    await terminal.shows("word9")
    await terminal.type("Go")
    line = "z = 'typed while it streams'"
    for character in line:
        await terminal.type(character)
    await terminal.shows(line)
    typed.set()
    await terminal.editor.shows("enough")
    assert await terminal.editor.lua("vim.api.nvim_get_current_line()") == line
    assert (await terminal.editor.lua("vim.fn.mode()")) == "i"
