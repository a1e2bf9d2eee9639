"""The chat of the Neovim plugin, with the real language server and a scripted backend."""

import asyncio

import pytest

from backend.protocol.wire import Ask, Cancel, Citation, Citations, Delta, Finished, Timings, Usage

pytestmark = pytest.mark.editor

TIMEOUT_S = 60


async def test_an_answer_streams_into_a_split_and_ends_with_its_sources(begin, answer, nvim, file):
    """Text appears before the answer is complete; the cursor stays in the code."""
    shown = asyncio.Event()
    asks = []

    async def script(peer):
        asks.append(await peer.receive(Ask))
        frames = answer(asks[0].id)
        await peer.send(*frames[:3])
        await shown.wait()
        await peer.send(*frames[3:])
        await peer.closed()

    await begin(script)
    await nvim.command("normal! 3G")
    await nvim.command("Glossator ask how do I invert it?")
    assert (await nvim.shows("one"))[:3] == ["> how do I invert it?", "", "one "]
    assert await nvim.lua("vim.api.nvim_buf_get_name(0)") == str(file)
    assert await nvim.lua("vim.api.nvim_win_get_cursor(0)[1]") == 3
    shown.set()
    assert await nvim.shows("/f.py") == [
        "> how do I invert it?",
        "",
        "one two",
        "",
        "Sources:",
        "[1] numpy.fft.irfft /f.py",
    ]
    assert asks[0].question == "how do I invert it?"
    assert asks[0].context.uri == file.as_uri()
    assert asks[0].context.packages == ("numpy",)


def begun(cancelled):
    """A backend that begins an answer, and goes on only to be cancelled."""

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="begun"))
        assert await peer.receive(Cancel) == Cancel(id=ask.id)
        cancelled.set()
        await peer.closed()

    return script


@pytest.mark.parametrize("how", ["Glossator stop", "lua require('glossator.chat').stop()"])
async def test_stopping_an_answer_stops_the_engine_too(begin, nvim, how):
    """What has come stays, and the text says that it was stopped."""
    cancelled = asyncio.Event()
    await begin(begun(cancelled))
    await nvim.command("Glossator ask how?")
    await nvim.shows("begun")
    await nvim.command(how)
    assert await nvim.shows("stopped") == ["> how?", "", "begun", "", "*stopped*"]
    async with asyncio.timeout(TIMEOUT_S):
        await cancelled.wait()


async def test_an_answer_goes_on_while_the_chat_is_closed(begin, answer, nvim):
    """Opened again, it stands there whole."""
    closed = asyncio.Event()

    async def script(peer):
        frames = answer((await peer.receive(Ask)).id)
        await peer.send(*frames[:3])
        await closed.wait()
        await peer.send(*frames[3:])
        await peer.closed()

    await begin(script)
    await nvim.command("Glossator ask how?")
    await nvim.shows("one")
    await nvim.command("only")
    assert await nvim.chat() == []
    closed.set()
    await nvim.until("require('glossator').statusline() == 'glossator'")
    await nvim.command("Glossator chat")
    assert (await nvim.shows("Sources"))[2] == "one two"


async def test_deleting_the_chats_buffer_stops_the_answer(begin, nvim):
    """Nobody can read it any more."""
    cancelled = asyncio.Event()
    await begin(begun(cancelled))
    await nvim.command("Glossator ask how?")
    await nvim.shows("begun")
    await nvim.lua(
        "vim.iter(vim.api.nvim_list_bufs()):filter(function(b) "
        "return vim.bo[b].filetype == 'glossator' end):each(function(b) "
        "vim.api.nvim_buf_delete(b, { force = true }) end)"
    )
    async with asyncio.timeout(TIMEOUT_S):
        await cancelled.wait()


async def test_a_range_asks_about_its_lines(begin, answers_once, nvim):
    """Unsaved changes included."""
    await begin(answers_once)
    await nvim.command("normal! 4Gcwz")
    await nvim.command("3,4Glossator ask why?")
    await nvim.shows("Sources")
    selection = answers_once.ask.context.selection
    assert selection.text == "x = 1\nz = 2\n"
    assert (selection.first_line, selection.last_line) == (3, 4)


async def test_a_buffer_without_a_file_can_ask_too(begin, answers_once, nvim):
    """No document goes with the question."""
    await begin(answers_once)
    await nvim.command("new | set buftype=nofile")
    await nvim.command("Glossator ask how?")
    await nvim.shows("Sources")
    assert answers_once.ask.context is None


async def test_asking_while_the_server_starts_starts_no_second_one(play, answers_once, nvim, file):
    """``nvim file -c 'Glossator ask …'`` works, with the file as context."""
    backend = await play(answers_once)
    await nvim.start(backend.url, file, "-c", "Glossator ask how?")
    await nvim.shows("Sources")
    assert await nvim.lua("#vim.lsp.get_clients()") == 1
    assert answers_once.ask.context.uri == file.as_uri()


async def test_an_unknown_setting_is_refused_by_name(nvim, file):
    """A typo is not silently ignored."""
    await nvim.start("ws://127.0.0.1:9", file)
    message = await nvim.lua("select(2, pcall(require('glossator').setup, { ulr = 'x' }))")
    assert "unknown setting" in message
    assert "ulr" in message
    assert "url" in message.split("there are:")[1]


async def test_the_view_follows_the_answer_only_from_its_end(begin, nvim):
    """Who has moved up to read stays there; who is at the end sees what comes."""
    more = asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        text = "\n".join(f"line {number}" for number in range(100))
        await peer.send(Delta(id=ask.id, seq=0, text=text))
        await more.wait()
        await peer.send(Delta(id=ask.id, seq=1, text="\n" + text + "\nthe end"))
        await peer.closed()

    await begin(script)
    await nvim.command("Glossator ask how?")
    await nvim.shows("line 99")
    await nvim.command("wincmd l")
    assert await nvim.lua("vim.api.nvim_win_get_cursor(0)[1]") == 102
    await nvim.command("normal! 10G")
    await nvim.command("split")
    await nvim.command("normal! G")
    more.set()
    await nvim.shows("the end")
    assert await nvim.lua("vim.api.nvim_win_get_cursor(0)[1]") == 203
    await nvim.command("wincmd j")
    assert await nvim.lua("vim.api.nvim_win_get_cursor(0)[1]") == 10


@pytest.fixture
def cited(tmp_path):
    """A file of 50 lines, and an answer that cites its line 42 (from 1)."""
    path = tmp_path / "source.py"
    path.write_text("".join(f"line_{number} = {number}\n" for number in range(1, 51)))

    async def script(peer):
        ask = await peer.receive(Ask)
        citation = Citation(number=1, title="numpy.fft.irfft", uri=path.as_uri(), line=42)
        await peer.send(
            Citations(id=ask.id, seq=0, citations=(citation,)),
            Delta(id=ask.id, seq=1, text="Use it so [1]."),
            Finished(id=ask.id, seq=2, reason="stop", usage=Usage(), timings=Timings()),
        )
        await peer.closed()

    return path, script


@pytest.mark.parametrize("key", ["<CR>", "gf"])
@pytest.mark.parametrize("line", [3, 6])
async def test_a_citation_opens_at_its_line(begin, nvim, cited, key, line):
    """From the text and from the list of sources, in the window of the code."""
    path, script = cited
    await begin(script)
    await nvim.command("Glossator ask how?")
    assert (await nvim.shows("Sources"))[5] == f"[1] numpy.fft.irfft {path}:42"
    await nvim.command("wincmd l")
    await nvim.type(f"{line}G{key}")
    await nvim.until(f"vim.api.nvim_buf_get_name(0) == '{path}'")
    assert await nvim.lua("vim.api.nvim_win_get_cursor(0)[1]") == 42
    assert await nvim.lua("vim.fn.winnr()") == 1


async def test_sources_go_into_the_quickfix_list(begin, nvim, cited):
    """All of an answer's, with their lines."""
    path, script = cited
    await begin(script)
    await nvim.command("Glossator ask how?")
    await nvim.shows("Sources")
    await nvim.command("Glossator sources")
    entries = await nvim.lua(
        "vim.tbl_map(function(i) return { vim.fn.bufname(i.bufnr), i.lnum, i.text } end,"
        " vim.fn.getqflist())"
    )
    assert entries == [[str(path), 42, "[1] numpy.fft.irfft"]]


async def test_a_selection_stays_with_its_text_until_it_is_asked_about(begin, answers_once, nvim):
    """Typing elsewhere before asking moves it; the prompt says what the question is about."""
    await begin(answers_once, prepare=False)
    await nvim.command("normal! 3GV4G")
    await nvim.type("<Esc>")
    await nvim.command("'<,'>Glossator chat")
    await nvim.until("vim.wo.winbar:find('about signal.py:3-4', 1, true)")
    await nvim.type("<Esc>")
    await nvim.command("wincmd h | call append(0, '# new')")
    await nvim.command("Glossator chat")
    await nvim.type("why?<CR>")
    await nvim.shows("Sources")
    assert answers_once.ask.context.selection.text == "x = 1\ny = 2\n"
    assert answers_once.ask.context.selection.first_line == 4
    await nvim.until("vim.wo.winbar:find('about') == nil")
    assert await nvim.lines("glossator-prompt") == [""]


async def test_a_conversation_survives_a_restart_of_neovim(begin, answer, nvim, file):
    """It is listed, shown with its sources, gone on with, and deleted."""
    asks = []

    async def script(peer):
        while True:
            asks.append(await peer.receive(Ask))
            await peer.send(*answer(asks[-1].id))

    backend = await begin(script, script, prepare=False)
    await nvim.command("Glossator ask how do I invert it?")
    await nvim.shows("Sources")
    await nvim.stop()

    await nvim.start(backend.url, file, prepare=False)
    await nvim.lua(
        "(function() vim.ui.select = function(items, options, choose) "
        "vim.g.offered = vim.tbl_map(options.format_item, items) choose(items[1]) end end)()"
    )
    await nvim.command("Glossator history")
    assert await nvim.shows("Sources") == [
        "> how do I invert it?",
        "",
        "one two",
        "",
        "Sources:",
        "[1] numpy.fft.irfft /f.py",
    ]
    assert (await nvim.lua("vim.g.offered"))[0].endswith("how do I invert it?")
    await nvim.command("Glossator ask and back?")
    await nvim.shows("> and back?")
    await nvim.until("require('glossator').statusline() == 'glossator'")
    assert [turn.text for turn in asks[1].history] == ["how do I invert it?", "one two"]
    await nvim.command("Glossator delete")
    await nvim.until(
        "not vim.iter(vim.api.nvim_list_bufs()):any(function(b) return "
        "vim.api.nvim_buf_get_lines(b, 0, 1, false)[1] == '> how do I invert it?' end)"
    )
    await nvim.command("Glossator history")
    await nvim.until("vim.fn.execute('messages'):find('no conversations yet') ~= nil")
