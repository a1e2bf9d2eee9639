"""From Enter in Neovim's chat to the first painted character.

A real Neovim runs in a pseudo-terminal with the real language server. The time that a terminal
emulator takes to draw is not included.
"""

import asyncio
import fcntl
import json
import os
import pty
import shutil
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Mapping
from pathlib import Path

from loadtest.benchmarks.editors.known import KnownGenerator, marker

REPOSITORY = Path(__file__).parents[3]
FETCHED = REPOSITORY / ".editors" / "neovim" / "usr" / "bin"
WARM_UP = 5
WITHIN_S = 30.0


class PaintedTerminal:
    """Neovim in a pseudo-terminal, and everything that it has painted."""

    def __init__(self) -> None:
        self._painted = bytearray()
        self._news = asyncio.Event()
        self._master = -1
        self._pid = 0

    def start(self, *command: str, environment: Mapping[str, str]) -> None:
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            os.execvpe(command[0], command, environment)
        size = struct.pack("HHHH", 40, 160, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def _read(self) -> None:
        try:
            self._painted += os.read(self._master, 65536)
        except OSError:  # Neovim has ended
            asyncio.get_running_loop().remove_reader(self._master)
        self._news.set()

    def press(self, keys: str) -> float:
        """Writes the keys. Returns the time just before that."""
        self._painted.clear()
        now = time.time()
        os.write(self._master, keys.encode())
        return now

    async def paints(self, text: str) -> float:
        """Waits until ``text`` has been painted since the last key. Returns that time."""
        async with asyncio.timeout(WITHIN_S):
            while text.encode() not in self._painted:
                self._news.clear()
                await self._news.wait()
        return time.time()

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.waitpid(self._pid, 0)


def find() -> str | None:
    """The Neovim that ``$NEOVIM`` names, the one that was fetched, or the one on the path."""
    path = f"{FETCHED}:{os.environ['PATH']}"
    return os.environ.get("NEOVIM") or shutil.which("nvim", path=path)


def prepare_home(home: Path, url: str) -> list[str]:
    """Arguments for a Neovim that has only our plugin, and opens a Python file."""
    init = home / "init.lua"
    plugin = REPOSITORY / "editor_plugins" / "neovim"
    settings = {"cmd": [sys.executable, "-m", "glossator", "lsp"], "url": url}
    init.write_text(
        f"vim.opt.runtimepath:prepend({json.dumps(str(plugin))})\n"
        "vim.opt.swapfile = false\n"
        f"require('glossator').setup(vim.json.decode([=[{json.dumps(settings)}]=]))\n"
    )
    file = home / "signal.py"
    file.write_text("import numpy\n\nx = numpy.ones(1024)\n" * 100)
    return ["-n", "-u", str(init), str(file)]


async def measure(program: str, rounds: int, ttft_s: float) -> list[tuple[float, float]]:
    """For each round in ms: from Enter to the backend, and from first token to painted."""
    terminal = PaintedTerminal()
    shares = []
    async with KnownGenerator(ttft_s).serving() as generator:
        with tempfile.TemporaryDirectory() as home:
            folders = dict.fromkeys(
                (f"XDG_{kind}_HOME" for kind in ("CONFIG", "STATE", "DATA", "CACHE")), home
            )
            terminal.start(
                program,
                *prepare_home(Path(home), generator.url),
                environment={**os.environ, **folders, "TERM": "xterm-256color"},
            )
            try:
                await terminal.paints("signal.py")
                terminal.press(":Glossator chat\r")
                await terminal.paints("sends")
                for number in range(1, WARM_UP + rounds + 1):
                    question = f"question{number:03}"
                    terminal.press(question)
                    await terminal.paints(question[-3:])
                    entered_at = terminal.press("\r")
                    painted_at = await terminal.paints(marker("first", number))
                    await terminal.paints(marker("last", number))
                    await asyncio.sleep(0.05)  # until the chat is ready again
                    outward = generator.asked_at[-1] - entered_at
                    back = painted_at - generator.answered_at[-1]
                    shares.append((1000 * outward, 1000 * back))
            finally:
                terminal.stop()
    return shares[WARM_UP:]
