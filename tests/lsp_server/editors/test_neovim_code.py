"""What the Neovim plugin does in the code itself: rewrites, explanations, hover, ghost text."""

import asyncio
import json

import pytest

from backend.protocol.wire import (
    Ask,
    Cancel,
    Complete,
    Delta,
    Entry,
    Finished,
    Found,
    Lookup,
    Prepare,
    Timings,
    Usage,
    decode_client,
)

pytestmark = pytest.mark.editor

TIMEOUT_S = 60
SLOW = """def total(xs):
    result = 0
    for x in xs:
        result = result + x
    return result


def other(xs):
    n = 0
    for x in xs:
        n = n + 1
    return n
"""
FAST = """def total(xs):
    return sum(xs)


def other(xs):
    return len(xs)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "loops.py"
    path.write_text(SLOW)
    return path


def text(request_id, *pieces):
    """The frames of an answer with this text."""
    deltas = [Delta(id=request_id, seq=seq, text=piece) for seq, piece in enumerate(pieces)]
    end = Finished(id=request_id, seq=len(deltas), reason="stop", usage=Usage(), timings=Timings())
    return [*deltas, end]


def fenced(code):
    return f"```python\n{code}```\nThe built-ins are faster."


def rewriting(code):
    """A backend that answers a rewrite with this code, in two pieces."""

    async def script(peer):
        ask = await peer.receive(Ask)
        whole = fenced(code)
        await peer.send(*text(ask.id, whole[:40], whole[40:]))
        await peer.closed()

    return script


async def reviewed(nvim, url, file, command="1,12Glossator optimize"):
    await nvim.start(url, file, prepare=False, ghost_text=False)
    await nvim.command(command)
    await nvim.until("vim.wo.winbar:find('to decide', 1, true)")


async def document(nvim, file):
    return await nvim.lua(
        f"vim.api.nvim_buf_get_lines(vim.fn.bufnr({json.dumps(str(file))}), 0, -1, false)"
    )


async def test_a_rewrite_is_accepted_hunk_by_hunk(play, nvim, file):
    """Accepting one changes the document there; rejecting the rest closes the review."""
    backend = await play(rewriting(FAST))
    await reviewed(nvim, backend.url, file)
    assert await nvim.lines("glossator-proposal") == FAST.splitlines()
    assert await document(nvim, file) == SLOW.splitlines()
    assert "The built-ins are faster." in await nvim.lines("glossator")
    assert await nvim.lua("vim.wo.diff")
    await nvim.type("a")
    await nvim.until("vim.wo.winbar:find('1 of 2 to decide', 1, true)")
    half = [*FAST.splitlines()[:4], *SLOW.splitlines()[7:]]
    assert await document(nvim, file) == half
    await nvim.type("Gr")
    await nvim.until("vim.fn.tabpagenr('$') == 1")
    assert await document(nvim, file) == half
    assert "1 of 2 hunks accepted" in await nvim.messages()
    await nvim.type("u")
    assert await document(nvim, file) == SLOW.splitlines()


async def test_a_hunk_whose_code_has_changed_is_refused(play, nvim, file):
    """What the user typed meanwhile stays, and the review says why nothing happened."""
    backend = await play(rewriting(FAST))
    await reviewed(nvim, backend.url, file)
    buffer = f"vim.fn.bufnr({json.dumps(str(file))})"
    await nvim.lua(f"vim.api.nvim_buf_set_lines({buffer}, 2, 3, false, {{ '    # mine' }})")
    changed = await document(nvim, file)
    await nvim.type("A")
    await nvim.until("vim.fn.execute('messages'):find('changed meanwhile') ~= nil")
    assert "    # mine" in changed
    assert await document(nvim, file) == changed
    assert await nvim.lua("vim.fn.tabpagenr('$')") == 2


async def test_a_rewrite_that_fails_its_check_is_shown_and_not_applied(begin, nvim, file):
    """As text, with the reason; there is nothing to accept."""
    await begin(
        rewriting("def another_name(xs):\n    return sum(xs)\n"), prepare=False, ghost_text=False
    )
    await nvim.command("1,5Glossator optimize")
    await nvim.until("vim.wo.winbar:find('shown only', 1, true)")
    assert await nvim.lines("glossator-proposal") == [
        "def another_name(xs):",
        "    return sum(xs)",
    ]
    await nvim.shows("cannot be applied")
    await nvim.type("A")
    assert await document(nvim, file) == SLOW.splitlines()
    await nvim.type("q")
    await nvim.until("vim.fn.tabpagenr('$') == 1")


async def test_closing_the_review_stops_the_engine(begin, nvim, file):
    """What had streamed into the diff is gone, and the document is as it was."""
    cancelled = asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="```python\ndef total(items):\n    ret"))
        assert await peer.receive(Cancel) == Cancel(id=ask.id)
        cancelled.set()
        await peer.closed()

    await begin(script, prepare=False, ghost_text=False)
    await nvim.command("1,5Glossator optimize")
    lines = await nvim.shows("items", "glossator-proposal")
    assert lines == ["def total(items):", *SLOW.splitlines()[1:]]
    await nvim.type("q")
    async with asyncio.timeout(TIMEOUT_S):
        await cancelled.wait()
    assert await document(nvim, file) == SLOW.splitlines()


async def test_a_visual_code_action_opens_the_review(play, terminal, file):
    """By the standard, from a real selection; accepted, the document is the new one."""
    backend = await play(rewriting(FAST))
    await terminal.start(backend.url, file, prepare=False, ghost_text=False)
    await terminal.type("VG", "gra")
    screen = await terminal.shows("Optimize")
    number = next(line.split(":")[0] for line in screen.splitlines() if "Optimize" in line)
    await terminal.type(number.strip(), "Enter")
    await terminal.shows("2 of 2 to decide")
    await terminal.keep("rewrite-diff")
    await terminal.type("A")
    await terminal.shows("2 of 2 hunks accepted")
    await terminal.keep("rewrite-accepted")
    assert await document(terminal.editor, file) == FAST.splitlines()


async def test_an_explanation_floats_and_leaves_with_the_cursor(play, terminal, file):
    """It grows with the text, keeps the selection, and stops the engine when it closes."""
    cancelled = asyncio.Event()
    asks = []

    async def script(peer):
        asks.append(await peer.receive(Ask))
        await peer.send(Delta(id=asks[0].id, seq=0, text="It adds\n\nup all items."))
        assert await peer.receive(Cancel) == Cancel(id=asks[0].id)
        cancelled.set()
        await peer.closed()

    backend = await play(script)
    await terminal.start(backend.url, file, prepare=False, ghost_text=False)
    await terminal.type(":xmap ge <Plug>(glossator-explain)", "Enter")
    await terminal.type("3GV4G", "ge")
    screen = await terminal.shows("up all items.")
    assert "Explain" in screen
    assert "VISUAL LINE" in screen
    await terminal.keep("explain")
    assert asks[0].context.selection.first_line == 3
    await terminal.type("j")
    async with asyncio.timeout(TIMEOUT_S):
        await cancelled.wait()
    assert "up all items." not in await terminal.screen()


async def test_a_question_at_the_cursor_is_answered_there(begin, nvim):
    """Asked for again, the window takes the cursor; q closes it."""
    asks = []

    async def script(peer):
        asks.append(await peer.receive(Ask))
        await peer.send(*text(asks[0].id, "Because."))
        await peer.closed()

    await begin(script, prepare=False, ghost_text=False)
    await nvim.command("Glossator here why a loop?")
    await nvim.shows("Because.", "glossator-float")
    assert "why a loop?" in asks[0].question
    await nvim.command("Glossator explain")
    assert await nvim.lua("vim.bo.filetype") == "glossator-float"
    await nvim.type("q")
    await nvim.until("vim.bo.filetype == 'python'")


async def test_hover_shows_what_the_index_knows(play, terminal, file):
    """By K, with the signature and the summary."""
    file.write_text("import numpy\n\nnumpy.fft.rfft([1])\n")

    async def script(peer):
        lookup = await peer.receive(Lookup)
        assert lookup.symbol == "numpy.fft.rfft"
        entry = Entry(
            symbol="numpy.fft.rfft",
            uri="file:///numpy/fft.py",
            signature="rfft(a, n=None)",
            summary="Compute the transform of real input.",
            source="package:numpy",
        )
        await peer.send(Found(id=lookup.id, seq=0, entries=(entry,)))
        await peer.closed()

    backend = await play(script)
    await terminal.start(
        backend.url, file, prepare=False, ghost_text=False, server={"hoverBudgetMs": 5000}
    )
    await terminal.type("3Gfr", "K")
    screen = await terminal.shows("Compute the transform of real input.")
    assert "rfft(a, n=None)" in screen
    await terminal.keep("hover")


async def test_ghost_text_appears_and_is_taken(play, terminal, file):
    """What the model completes stands in grey after the cursor until Tab takes it."""

    async def script(peer):
        async for message in peer.socket:
            frame = decode_client(message)
            if isinstance(frame, Complete):
                ready = frame.prefix.endswith("ys = ")
                await peer.send(*text(frame.id, "sorted(xs)" if ready else ""))

    backend = await play(script)
    await terminal.start(backend.url, file, prepare=False)
    await terminal.editor.lua(
        "vim.keymap.set('i', '<Tab>', function() if not vim.lsp.inline_completion.get() then"
        " return '<Tab>' end end, { expr = true })"
    )
    await terminal.type("Go", "ys = ")
    await terminal.shows("ys = sorted(xs)")
    assert await terminal.editor.lua("vim.api.nvim_get_current_line()") == "ys = "
    await terminal.keep("ghost-text")
    await terminal.type("Tab")
    await terminal.editor.until("vim.api.nvim_get_current_line() == 'ys = sorted(xs)'")


async def test_a_settled_selection_and_the_prompt_prepare_the_backend(begin, nvim):
    """With the selection, and with what is being typed."""
    prepared = asyncio.Queue()

    async def script(peer):
        while True:
            prepared.put_nowait(await peer.receive(Prepare))

    async def until(condition):
        async with asyncio.timeout(TIMEOUT_S):
            while not condition(await prepared.get()):
                pass

    await begin(script, ghost_text=False)
    await nvim.type("3GVj")
    await until(lambda frame: frame.context.selection and frame.context.selection.first_line == 3)
    await nvim.type("<Esc>")
    await nvim.command("Glossator chat")
    await nvim.type("why a loop")
    await until(lambda frame: "why a loop" in frame.question)
