"""From Enter in Neovim's chat to the first painted character: the share of plugin and server.

A real Neovim runs in a pseudo-terminal with the real language server; behind it stands a backend
on a real websocket whose generator takes a known time to its first token. What is left of the
time between the key and the character on the terminal is the share of plugin, language server and
the websocket's hop. A terminal emulator's own time to draw is not in it::

    python -m loadtest.editor_latency
"""

import argparse
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
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from backend import wire
from loadtest.machine import describe
from loadtest.summary import quantile

REPOSITORY = Path(__file__).parents[1]
FETCHED = REPOSITORY / ".editors" / "neovim" / "usr" / "bin"
WARM_UP = 5
WITHIN_S = 30.0


class KnownGenerator:
    """A backend that answers ``ttft_s`` after the question came; notes when both happened."""

    def __init__(self, ttft_s: float) -> None:
        self.ttft_s = ttft_s
        self.asked_at: list[float] = []
        self.answered_at: list[float] = []

    async def serve(self, socket: ServerConnection) -> None:
        async for message in socket:
            ask = wire.decode_client(message)
            if isinstance(ask, wire.Ask):
                self.asked_at.append(time.perf_counter())
                await self._answer(socket, ask)

    async def _answer(self, socket: ServerConnection, ask: wire.Ask) -> None:
        async def send(frame: wire.ServerFrame) -> None:
            await socket.send(wire.encode(frame))

        await send(wire.Admitted(id=ask.id, seq=0, queue_ms=0, model="known"))
        await send(wire.Citations(id=ask.id, seq=1, citations=()))
        await asyncio.sleep(self.ttft_s)
        self.answered_at.append(time.perf_counter())
        await send(wire.Delta(id=ask.id, seq=2, text=marker("first", len(self.answered_at))))
        await asyncio.sleep(0.1)
        await send(wire.Delta(id=ask.id, seq=3, text=" " + marker("last", len(self.answered_at))))
        await send(
            wire.Finished(
                id=ask.id, seq=4, reason="stop", usage=wire.Usage(), timings=wire.Timings()
            )
        )


def marker(which: str, number: int) -> str:
    return f"{which}{number:03}z"


class PaintedTerminal:
    """Neovim in a pseudo-terminal, and everything it has painted."""

    def __init__(self) -> None:
        self._painted = bytearray()
        self._news = asyncio.Event()
        self._master = -1
        self._pid = 0

    def start(self, *command: str) -> None:
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(command[0], command)
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
        """The time before the keys were written."""
        self._painted.clear()
        now = time.perf_counter()
        os.write(self._master, keys.encode())
        return now

    async def paints(self, text: str) -> float:
        """The time when text had been painted since the last key."""
        async with asyncio.timeout(WITHIN_S):
            while text.encode() not in self._painted:
                self._news.clear()
                await self._news.wait()
        return time.perf_counter()

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.waitpid(self._pid, 0)


def neovim() -> str:
    path = os.environ.get("NEOVIM") or shutil.which("nvim", path=f"{FETCHED}:{os.environ['PATH']}")
    if path is None:
        sys.exit("no Neovim; `make test-neovim` fetches one, or name it in $NEOVIM")
    return path


def prepare_home(home: Path, url: str) -> list[str]:
    """A Neovim with the plugin and nothing else, on a file of Python."""
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
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        os.environ[f"XDG_{kind}_HOME"] = str(home)
    return [neovim(), "-n", "-u", str(init), str(file)]


async def measure(rounds: int, ttft_s: float) -> list[tuple[float, float, float]]:
    """Of each round in ms: Enter to the backend, first token to painted, and both together."""
    generator, terminal = KnownGenerator(ttft_s), PaintedTerminal()
    shares = []
    spoken = [Subprotocol(wire.SUBPROTOCOL)]
    async with serve(generator.serve, "127.0.0.1", 0, subprotocols=spoken) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with tempfile.TemporaryDirectory() as home:
            terminal.start(*prepare_home(Path(home), f"ws://127.0.0.1:{port}"))
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
                    await asyncio.sleep(0.05)  # until the chat says that it is ready again
                    outward = generator.asked_at[-1] - entered_at
                    back = painted_at - generator.answered_at[-1]
                    shares.append((1000 * outward, 1000 * back, 1000 * (outward + back)))
            finally:
                terminal.stop()
    return shares[WARM_UP:]


def report(shares: list[tuple[float, float, float]], ttft_ms: float) -> str:
    def row(name: str, column: int) -> str:
        values = [share[column] for share in shares]
        return f"| {name} | {quantile(values, 0.5):.1f} | {quantile(values, 0.95):.1f} |"

    machine = describe()
    return "\n".join(
        [
            f"Enter in Neovim's chat to the first painted character, without the {ttft_ms:g} ms",
            f"that the generator takes; {len(shares)} questions. {machine.cpu}, "
            f"{machine.cores} cores.",
            "",
            "| share of plugin and language server | p50 ms | p95 ms |",
            "|---|---|---|",
            row("Enter → the question at the backend", 0),
            row("first token → painted", 1),
            row("both", 2),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--ttft-ms", type=float, default=50.0, help="of the known generator")
    options = parser.parse_args()
    shares = asyncio.run(measure(options.rounds, options.ttft_ms / 1000))
    print(report(shares, options.ttft_ms))


if __name__ == "__main__":
    main()
