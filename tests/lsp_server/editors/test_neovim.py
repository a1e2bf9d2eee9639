"""The Neovim plugin in a real Neovim, with the real language server and a scripted backend."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backend.wire import Ask, Cancel, Delta, Failed

pytestmark = pytest.mark.editor

REPOSITORY = Path(__file__).parents[3]
PLUGIN = REPOSITORY / "editor_plugins" / "neovim"
SERVER = (
    f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); "
    "from lsp_server.server import main; main(sys.argv[2])"
)
TIMEOUT_S = 20
ANSWER_S = 5


def neovim() -> str:
    """``$NVIM``, or the one on the path. There is no test of a plugin without its editor."""
    path = os.environ.get("NVIM") or shutil.which("nvim")
    if path is None:
        pytest.fail("install Neovim 0.11 or newer, or name it in $NVIM")
    return path


class Neovim:
    """A headless Neovim that is asked, over its socket, what it shows."""

    def __init__(self, home: Path) -> None:
        self.socket = home / "nvim.sock"
        self.home = home
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, url: str, *arguments: str | Path) -> None:
        init = self.home / "init.lua"
        cmd = ", ".join(json.dumps(part) for part in (sys.executable, "-c", SERVER))
        init.write_text(
            f"vim.opt.runtimepath:prepend({json.dumps(str(PLUGIN))})\n"
            "vim.opt.swapfile = false\n"
            f"require('glossator').setup({{ cmd = {{ {cmd} }}, url = {json.dumps(url)} }})\n"
        )
        # XDG folders of its own: neither the user's plugins nor a log in their home.
        homes = {f"XDG_{kind}_HOME": str(self.home) for kind in ("CONFIG", "STATE", "DATA")}
        self.process = await asyncio.create_subprocess_exec(
            *(
                neovim(),
                "--headless",
                "-n",
                "--listen",
                str(self.socket),
                "-u",
                str(init),
                *arguments,
            ),
            env={**os.environ, **homes},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self.until("vim.lsp.get_clients({ name = 'glossator' })[1] ~= nil")

    async def lua(self, code: str) -> Any:
        """The value of an expression, evaluated in the editor."""
        assert self.process is not None
        assert self.process.returncode is None, "Neovim has ended"
        expression = f"luaeval('vim.json.encode({code.replace(chr(39), chr(39) * 2)})')"
        ask = await asyncio.create_subprocess_exec(
            *(neovim(), "--server", str(self.socket), "--remote-expr", expression),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                out, err = await ask.communicate()
        except TimeoutError:  # asked in the middle of starting, it may never answer
            ask.kill()
            raise RuntimeError("Neovim does not answer") from None
        if ask.returncode:
            raise RuntimeError(err.decode())
        # A headless client prints the value to stderr on some versions, to stdout on others.
        return json.loads(out or err)

    async def until(self, code: str) -> Any:
        """Waits for an expression to become true."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                try:
                    if value := await self.lua(code):
                        return value
                except RuntimeError:  # it is still starting
                    if self.process is None or self.process.returncode is not None:
                        raise
                await asyncio.sleep(0.02)

    async def command(self, text: str) -> None:
        await self.lua(f"vim.cmd({json.dumps(text)})")

    async def answer(self) -> list[str]:
        """The lines of the answer's buffer; none when it is closed."""
        return await self.lua(
            "(function() for _, b in ipairs(vim.api.nvim_list_bufs()) do "
            "if vim.bo[b].filetype == 'glossator' then "
            "return vim.api.nvim_buf_get_lines(b, 0, -1, false) end end return {} end)()"
        )

    async def answer_with(self, text: str) -> list[str]:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                lines = await self.answer()
                if text in "\n".join(lines):
                    return lines
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


@pytest.fixture
async def nvim(tmp_path) -> AsyncIterator[Neovim]:
    editor = Neovim(tmp_path)
    yield editor
    await editor.stop()


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "signal.py"
    path.write_text("import numpy\n\nx = 1\ny = 2\n")
    return path


async def test_an_answer_streams_into_a_split_and_ends_with_its_sources(play, answer, nvim, file):
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

    backend = await play(script)
    await nvim.start(backend.url, file)
    await nvim.command("normal! 3G")
    await nvim.command("Glossator ask how do I invert it?")
    assert (await nvim.answer_with("one"))[:3] == ["> how do I invert it?", "", "one "]
    assert await nvim.lua("vim.api.nvim_buf_get_name(0)") == str(file)
    assert await nvim.lua("vim.api.nvim_win_get_cursor(0)[1]") == 3
    shown.set()
    assert await nvim.answer_with("/f.py") == [
        "> how do I invert it?",
        "",
        "one two",
        "",
        "",
        "Sources:",
        "[1] numpy.fft.irfft /f.py",
    ]
    assert asks[0].question == "how do I invert it?"
    assert asks[0].context.uri == file.as_uri()
    assert asks[0].context.packages == ("numpy",)


async def test_closing_the_split_stops_the_answer(play, nvim, file):
    """The engine is told, and the editor goes on."""
    cancelled = asyncio.Event()

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Delta(id=ask.id, seq=0, text="begun"))
        assert await peer.receive(Cancel) == Cancel(id=ask.id)
        cancelled.set()
        await peer.closed()

    backend = await play(script)
    await nvim.start(backend.url, file)
    await nvim.command("Glossator ask how?")
    await nvim.answer_with("begun")
    await nvim.command("only")
    async with asyncio.timeout(TIMEOUT_S):
        await cancelled.wait()
    assert await nvim.answer() == []


async def test_a_range_asks_about_its_lines(play, answer, nvim, file):
    """Unsaved changes included."""
    asks = []

    async def script(peer):
        asks.append(await peer.receive(Ask))
        await peer.send(*answer(asks[0].id))
        await peer.closed()

    backend = await play(script)
    await nvim.start(backend.url, file)
    await nvim.command("normal! 4Gcwz")
    await nvim.command("3,4Glossator ask why?")
    await nvim.answer_with("Sources")
    selection = asks[0].context.selection
    assert selection.text == "x = 1\nz = 2\n"
    assert (selection.first_line, selection.last_line) == (3, 4)


async def test_a_buffer_without_a_file_can_ask_too(play, answer, nvim, file):
    """No document goes with the question."""
    asks = []

    async def script(peer):
        asks.append(await peer.receive(Ask))
        await peer.send(*answer(asks[0].id))
        await peer.closed()

    backend = await play(script)
    await nvim.start(backend.url, file)
    await nvim.command("new | set buftype=nofile")
    await nvim.command("Glossator ask how?")
    await nvim.answer_with("Sources")
    assert asks[0].context is None


async def test_asking_while_the_server_starts_starts_no_second_one(play, answer, nvim, file):
    """``nvim file -c 'Glossator ask …'`` works, with the file as context."""
    asks = []

    async def script(peer):
        asks.append(await peer.receive(Ask))
        await peer.send(*answer(asks[0].id))
        await peer.closed()

    backend = await play(script)
    await nvim.start(backend.url, file, "-c", "Glossator ask how?")
    await nvim.answer_with("Sources")
    assert await nvim.lua("#vim.lsp.get_clients()") == 1
    assert asks[0].context.uri == file.as_uri()


async def test_a_server_that_cannot_start_is_explained(nvim, file):
    """A command that is not installed costs a message, not a hang."""
    await nvim.start("ws://127.0.0.1:9", file)
    await nvim.command("lua vim.lsp.enable('glossator', false)")
    await nvim.until("#vim.lsp.get_clients() == 0")
    await nvim.command("lua require('glossator').setup({ cmd = { 'false' } })")
    with pytest.raises(RuntimeError, match="does not start; see :checkhealth glossator"):
        await nvim.command("Glossator ask how?")
    assert await nvim.answer() == []


async def test_a_refusal_is_shown_where_the_answer_would_be(play, nvim, file):
    """The backend's words, not a traceback."""

    async def script(peer):
        ask = await peer.receive(Ask)
        await peer.send(Failed(id=ask.id, seq=0, code="overloaded", message="too busy"))
        await peer.closed()

    backend = await play(script)
    await nvim.start(backend.url, file)
    await nvim.command("Glossator ask how?")
    assert await nvim.answer_with("busy") == ["> how?", "", "**too busy**"]


async def test_an_absent_backend_is_told_by_status_answer_and_health(nvim, file):
    """Three places, one instruction."""
    await nvim.start("ws://127.0.0.1:9", file)
    await nvim.until("require('glossator').status().reason:find('glossator serve') ~= nil")
    await nvim.command("Glossator ask how?")
    await nvim.answer_with("start it with: glossator serve")
    await nvim.command("checkhealth glossator")
    report = await nvim.lua("table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), ' ')")
    assert "the language server is" in report
    assert "start it with: glossator serve" in report


async def test_an_unknown_setting_is_refused_by_name(nvim, file):
    """A typo is not silently ignored."""
    await nvim.start("ws://127.0.0.1:9", file)
    message = await nvim.lua("select(2, pcall(require('glossator').setup, { ulr = 'x' }))")
    assert "unknown setting" in message
    assert "ulr" in message
    assert "url" in message.split("there are:")[1]
