"""A real Neovim with the plugin, headless or in a real terminal (tmux), asked what it shows."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
PLUGIN = REPOSITORY / "editor_plugins" / "neovim"
FETCHED = REPOSITORY / ".editors" / "neovim" / "usr" / "bin"
CAPTURES = REPOSITORY / "artifacts" / "neovim"
LANGUAGE_SERVER = [sys.executable, "-m", "glossator", "lsp"]
TIMEOUT_S = 60
ANSWER_S = 5


def program(name: str) -> str:
    """What ``install-neovim.sh`` found or fetched. No test of a plugin without its editor."""
    path = os.environ.get("NEOVIM") if name == "nvim" else None
    path = path or shutil.which(name, path=f"{FETCHED}:{os.environ['PATH']}")
    if path is None:
        pytest.fail(f"no {name}; `make test-neovim` fetches it")
    return path


async def run(*command: str | Path) -> str:
    """The output of a command. Raises ``RuntimeError`` when it fails or does not end."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(ANSWER_S):
            out, err = await process.communicate()
    except TimeoutError:  # asked in the middle of starting, an editor may never answer
        process.kill()
        raise RuntimeError(f"{command[0]} does not answer") from None
    if process.returncode:
        raise RuntimeError(err.decode())
    # A headless Neovim prints values to stderr on some versions, to stdout on others.
    return (out or err).decode()


async def eventually(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Polls: what an editor shows announces itself to nobody."""
    last: Any = None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while not (last := await condition()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"still not: {what}") from None
    return last


class Neovim:
    """A Neovim that is asked, over its socket, what it shows."""

    def __init__(self, home: Path) -> None:
        self.socket = home / "nvim.sock"
        self.home = home
        self.process: asyncio.subprocess.Process | None = None

    def init(self, url: str, **settings: Any) -> Path:
        """An init.lua of the plugin with its settings, and nothing else."""
        settings = {"cmd": LANGUAGE_SERVER, "url": url} | settings
        path = self.home / "init.lua"
        path.write_text(
            f"vim.opt.runtimepath:prepend({json.dumps(str(PLUGIN))})\n"
            "vim.opt.swapfile = false\n"
            f"local settings = vim.json.decode([=[{json.dumps(settings)}]=])\n"
            "require('glossator').setup(settings)\n"
        )
        return path

    def command_line(self, init: Path, *arguments: str | Path) -> list[str]:
        return [program("nvim"), "-n", "--listen", str(self.socket), "-u", str(init)] + [
            str(argument) for argument in arguments
        ]

    def environment(self) -> dict[str, str]:
        """XDG folders of its own: neither the user's plugins nor a log in their home."""
        kinds = ("CONFIG", "STATE", "DATA", "CACHE")
        return {f"XDG_{kind}_HOME": str(self.home) for kind in kinds}

    async def start(self, url: str, *arguments: str | Path, **settings: Any) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self.command_line(self.init(url, **settings), "--headless", *arguments),
            env={**os.environ, **self.environment()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self.attached()

    async def attached(self) -> None:
        await self.until("vim.lsp.get_clients({ name = 'glossator' })[1] ~= nil")

    async def lua(self, code: str) -> Any:
        """The value of an expression, evaluated in the editor; of a call without one, None."""
        expression = f"luaeval('vim.json.encode(({code.replace(chr(39), chr(39) * 2)}))')"
        return json.loads(
            await run(program("nvim"), "--server", self.socket, "--remote-expr", expression)
        )

    async def until(self, code: str) -> Any:
        """Waits for an expression to become true."""

        async def holds() -> Any:
            try:
                return await self.lua(code)
            except RuntimeError:  # it is still starting
                assert self.process is None or self.process.returncode is None, "Neovim has ended"
                return None

        return await eventually(holds, code)

    async def command(self, text: str) -> None:
        await self.lua(f"vim.cmd({json.dumps(text)})")

    async def type(self, keys: str) -> None:
        """Keys as in a mapping, such as ``ihello<CR>``."""
        await run(program("nvim"), "--server", self.socket, "--remote-send", keys)

    async def lines(self, filetype: str) -> list[str]:
        """The lines of the newest buffer of this type that is in a window, or none."""
        return list(
            await self.lua(
                "vim.iter(vim.api.nvim_list_wins()):map(vim.api.nvim_win_get_buf):filter("
                f"function(b) return vim.bo[b].filetype == '{filetype}' end):map("
                "function(b) return vim.api.nvim_buf_get_lines(b, 0, -1, false) end):last() or {}"
            )
        )

    async def shows(self, text: str, filetype: str = "glossator") -> list[str]:
        """Waits for text in a buffer; its lines."""

        async def lines() -> list[str]:
            found = await self.lines(filetype)
            return found if text in "\n".join(found) else []

        return list(await eventually(lines, f"{text!r} in {filetype}"))

    async def chat(self) -> list[str]:
        return await self.lines("glossator")

    async def messages(self) -> str:
        return str(await self.lua("vim.fn.execute('messages')"))

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


class Terminal:
    """A real terminal of 120 by 36, with a Neovim in it; what it shows is kept as an artifact."""

    def __init__(self, editor: Neovim) -> None:
        self.editor = editor
        self.tmux = [program("tmux"), "-S", str(editor.home / "tmux.sock"), "-f", "/dev/null"]

    async def start(self, url: str, *arguments: str | Path, **settings: Any) -> None:
        editor = self.editor
        environment = [f"{name}={value}" for name, value in editor.environment().items()]
        command = editor.command_line(editor.init(url, **settings), *arguments)
        await run(
            *self.tmux, "new-session", "-d", "-x", "120", "-y", "36", "env", *environment, *command
        )  # fmt: skip
        await editor.attached()

    async def type(self, *keys: str) -> None:
        """Each a name that tmux knows (``Enter``, ``C-c``), or text."""
        for key in keys:
            await run(*self.tmux, "send-keys", key)

    async def screen(self) -> str:
        return await run(*self.tmux, "capture-pane", "-p")

    async def shows(self, text: str) -> str:
        async def screen() -> str:
            found = await self.screen()
            return found if text in found else ""

        try:
            return str(await eventually(screen, f"{text!r} on the screen"))
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{await self.screen()}") from None

    async def keep(self, name: str) -> None:
        """The screen as text, and as the terminal would paint it."""
        CAPTURES.mkdir(parents=True, exist_ok=True)
        (CAPTURES / f"{name}.txt").write_text(await self.screen())
        painted = await run(*self.tmux, "capture-pane", "-p", "-e")
        (CAPTURES / f"{name}.ansi").write_text(painted)

    async def stop(self) -> None:
        await run(*self.tmux, "kill-server")


@asynccontextmanager
async def healthy(editor: Neovim) -> AsyncIterator[None]:
    """At its end no Lua error stands in the editor's messages."""
    yield
    if editor.socket.exists():
        said = await editor.messages()
        assert "stack traceback" not in said, said
        assert "Error executing" not in said, said


@pytest.fixture
def plugin() -> Path:
    return PLUGIN


@pytest.fixture
async def nvim(tmp_path: Path) -> AsyncIterator[Neovim]:
    editor = Neovim(tmp_path)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(editor.stop)
        await stack.enter_async_context(healthy(editor))
        yield editor


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    terminal = Terminal(Neovim(tmp_path))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(terminal.stop)
        await stack.enter_async_context(healthy(terminal.editor))
        yield terminal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "signal.py"
    path.write_text("import numpy\n\nx = 1\ny = 2\n")
    return path


@pytest.fixture
def begin(play: Callable[..., Any], nvim: Neovim, file: Path) -> Callable[..., Awaitable[Any]]:
    """``await begin(script, …)``: a scripted backend, and Neovim with ``file`` and the plugin."""

    async def start(*scripts: Any, **settings: Any) -> Any:
        backend = await play(*scripts)
        await nvim.start(backend.url, file, **settings)
        return backend

    return start
