"""What the chat of the Neovim plugin shows when a server refuses, is lost, or was never there."""

import asyncio

import pytest

from backend.protocol.wire import Ask, Delta, Failed, Finished, Resume, Timings, Usage

pytestmark = pytest.mark.editor


async def lose_the_server(nvim):
    """Its language server is gone, and does not start again."""
    await nvim.command("lua vim.lsp.enable('glossator', false)")
    await nvim.until("#vim.lsp.get_clients() == 0")
    await nvim.command("lua require('glossator').setup({ cmd = { 'false' } })")


async def test_a_server_that_cannot_start_is_explained(nvim, file):
    """A command that is not installed costs a message, not a hang."""
    await nvim.start("ws://127.0.0.1:9", file)
    await lose_the_server(nvim)
    with pytest.raises(RuntimeError, match="does not start; see :checkhealth glossator"):
        await nvim.command("Glossator ask how?")
    assert await nvim.chat() == []


async def test_a_refusal_is_shown_where_the_answer_would_be(begin, nvim):
    """The backend's words, not a traceback."""

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Failed(id=ask.id, seq=0, code="overloaded", message="too busy"))
        await peer.closed()

    await begin(script)
    await nvim.command("Glossator ask how?")
    assert await nvim.shows("busy") == ["> how?", "", "**too busy**"]


async def test_an_absent_backend_is_told_by_status_answer_and_health(nvim, file):
    """Three places, one instruction."""
    await nvim.start("ws://127.0.0.1:9", file)
    await nvim.until("require('glossator').status().reason:find('glossator serve') ~= nil")
    await nvim.command("Glossator ask how?")
    await nvim.shows("start it with: glossator serve")
    await nvim.command("checkhealth glossator")
    report = await nvim.lua("table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), ' ')")
    assert "the language server is" in report
    assert "start it with: glossator serve" in report


async def test_a_dropped_connection_costs_no_character(begin, nvim):
    """The answer goes on where it was, on the next connection."""

    async def first(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="one "))
        asked.set_result(ask.id)
        await shown.wait()
        peer.drop()

    async def second(peer):
        assert await peer.receive(Resume) == Resume(id=await asked, after_seq=0)
        await peer.send(
            Delta(id=await asked, seq=0, text="one "),
            Delta(id=await asked, seq=1, text="two"),
            Finished(id=await asked, seq=2, reason="stop", usage=Usage(), timings=Timings()),
        )
        await peer.closed()

    asked, shown = asyncio.get_running_loop().create_future(), asyncio.Event()
    await begin(first, second)
    await nvim.command("Glossator ask how?")
    await nvim.shows("one")
    shown.set()
    assert await nvim.shows("two") == ["> how?", "", "one two"]


async def test_a_language_server_that_dies_is_told_where_the_answer_stops(begin, nvim):
    """What came stays, the next question starts the server again."""

    def beginning(text):
        async def script(peer):
            ask = await peer.receive(Ask)
            await peer.send(Delta(id=ask.id, seq=0, text=text))
            await peer.closed()

        return script

    await begin(beginning("begun"), beginning("afresh"))
    await nvim.command("Glossator ask how?")
    await nvim.shows("begun")
    await nvim.lua("vim.lsp.get_clients({ name = 'glossator' })[1]:stop(true)")
    lines = await nvim.shows("has stopped")
    assert lines[2] == "begun"
    await nvim.command("Glossator retry")
    assert (await nvim.shows("afresh"))[:3] == ["> how?", "", "begun"]


async def test_what_cannot_be_sent_stays_in_the_prompt(nvim, file):
    """A question is not lost to a language server that does not start."""
    await nvim.start("ws://127.0.0.1:9", file)
    await nvim.command("Glossator chat")
    await lose_the_server(nvim)
    await nvim.type("why?<CR>")
    await nvim.until("vim.fn.execute('messages'):find('does not start') ~= nil")
    assert await nvim.lines("glossator-prompt") == ["why?"]


def interrupted(shown):
    """A backend that dies in the middle of an answer, once it is shown."""

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="half an answer"))
        await shown.wait()
        peer.drop()

    return script


async def restarted(peer):
    """The next one does not know the answer; what it is asked then."""
    resume = await peer.receive(Resume)
    await peer.send(Failed(id=resume.id, seq=0, code="unknown_request", message="unknown"))
    return await peer.receive(Ask)


def whole(ask, words):
    return [
        Delta(id=ask.id, seq=0, text=words),
        Finished(id=ask.id, seq=1, reason="stop", usage=Usage(), timings=Timings()),
    ]


async def test_a_restarted_backend_goes_on_with_the_answer(begin, nvim):
    """From the text that is shown; nothing is doubled or lost."""
    shown = asyncio.Event()

    async def second(peer):
        ask = await restarted(peer)
        assert ask.continue_from == "half an answer"
        await peer.send(*whole(ask, " and the rest"))
        await peer.closed()

    await begin(interrupted(shown), second, prepare=False)
    await nvim.command("Glossator ask how?")
    await nvim.shows("half an answer")
    shown.set()
    assert await nvim.shows("rest") == ["> how?", "", "half an answer and the rest"]


async def test_a_backend_that_cannot_go_on_costs_nothing_that_was_said(begin, nvim):
    """What came stays, with the reason below it; asked again, the question is answered."""
    shown = asyncio.Event()

    async def second(peer):
        ask = await restarted(peer)
        gone = "The model is gone."
        await peer.send(Failed(id=ask.id, seq=0, code="unavailable", message=gone))
        await peer.send(*whole(await peer.receive(Ask), "a whole answer"))
        await peer.closed()

    await begin(interrupted(shown), second, prepare=False)
    await nvim.command("Glossator ask how?")
    await nvim.shows("half an answer")
    shown.set()
    lines = ["> how?", "", "half an answer", "", "**The model is gone.**"]
    assert await nvim.shows("gone") == lines
    await nvim.command("Glossator retry")
    assert await nvim.shows("a whole answer") == [*lines, "", "> how?", "", "a whole answer"]
