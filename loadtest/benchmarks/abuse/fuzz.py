"""Frames of no sense, by the million: does the gateway answer each well, live on, and stay small?

    python -m loadtest.benchmarks.abuse.fuzz --frames 1000000 --seconds 1500

Starts a gateway of its own with the extractive engine, or takes one: ``--url`` and ``--pid``.
Every connection sends rounds of mutated frames (``loadtest.benchmarks.drivers.mutations``), each
followed by a lookup as any client has it: what comes must be frames of the protocol, the lookup's
answer last. At the end an ordinary question is answered by a new connection. Ends with an error
when anything of this fails, or when resident memory grew by more than ``--grow-mib`` since the
first tenth.

Limits: one process makes and sends the frames, so it can be what is slow.
"""

import argparse
import asyncio
import sys
import time
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from backend.protocol import wire
from loadtest.benchmarks.command import run
from loadtest.benchmarks.drivers.mutations import Mutations
from loadtest.benchmarks.drivers.users import PATIENCE_S, dial
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.process import ProcessFailed, running

USERS = 4
ROUNDS = 10  # of one connection
FRAMES_A_ROUND = 200


@dataclass
class Tally:
    """What was sent, and what came back, by its kind."""

    wanted: int
    until: float  # on the monotonic clock
    sent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> bool:
        return self.sent >= self.wanted or time.monotonic() >= self.until


async def _user(url: str, mutations: Mutations, tally: Tally) -> None:
    """Connection after connection. Raises ``ProcessFailed``."""
    while not tally.done:
        try:
            async with dial(url, max_size=None) as socket:
                for _ in range(ROUNDS):
                    await _round(socket, mutations, tally)
        except ConnectionClosed as closed:
            raise ProcessFailed(f"The gateway closed a connection: {closed}") from None
        except TimeoutError:
            raise ProcessFailed(f"The gateway said nothing for {PATIENCE_S:.0f} s") from None


async def _round(socket: ClientConnection, mutations: Mutations, tally: Tally) -> None:
    """So many frames and a question; few enough that a ping's answer is not long behind them."""
    for _ in range(FRAMES_A_ROUND):
        if not tally.done:
            await socket.send(mutations.next())
            tally.sent += 1
    lookup = wire.Lookup(f"closing-{uuid.uuid4().hex}", "numpy.fft.rfft")
    async with asyncio.timeout(PATIENCE_S):
        await socket.send(wire.encode(lookup))
        while True:
            frame = await _received(socket, tally)
            if isinstance(frame, wire.Found) and frame.id == lookup.id:
                return
            if isinstance(frame, wire.Failed) and frame.id == lookup.id:
                # As many requests as a connection may have are in flight: once more.
                await asyncio.sleep(0.01)
                await socket.send(wire.encode(lookup))


async def _received(socket: ClientConnection, tally: Tally) -> wire.ServerFrame:
    """Raises ``ProcessFailed`` for what is no frame of the protocol."""
    text = await socket.recv()
    try:
        frame = wire.decode_server(text)
    except msgspec.DecodeError as error:
        raise ProcessFailed(f"Not a frame of the protocol: {text!r}: {error}") from None
    kind = type(frame).__name__.lower()
    tally.outcomes[f"{kind} {frame.code}" if isinstance(frame, wire.Failed) else kind] += 1
    return frame


async def _ask(url: str) -> None:
    """Raises ``ProcessFailed`` when an ordinary question is not answered."""
    async with dial(url, max_size=None) as socket, asyncio.timeout(PATIENCE_S):
        await socket.send(wire.encode(wire.Ask(uuid.uuid4().hex, "what is rfft?", sources=())))
        while not isinstance(frame := wire.decode_server(await socket.recv()), wire.Terminal):
            pass
    if not isinstance(frame, wire.Finished):
        raise ProcessFailed(f"An ordinary question was not answered afterwards: {frame}")


async def fuzz(url: str, frames: int, seconds: float, seed: int) -> Tally:
    """Raises ``ProcessFailed`` at the first frame that was not answered as it should."""
    tally = Tally(frames, time.monotonic() + seconds)
    async with asyncio.TaskGroup() as users:
        for user in range(USERS):
            users.create_task(_user(url, Mutations(seed * USERS + user), tally))
    await _ask(url)
    return tally


def _resident_mib(pid: int | None) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 2**20 if pid else 0.0


async def _measure(arguments: argparse.Namespace, folder: Path) -> str:
    async with AsyncExitStack() as stack:
        url, pid = arguments.url, arguments.pid
        if not url:
            command = paths.glossator(
                "serve", "--engine", "extractive", "--data", str(folder / "data"), "--port", "0"
            )
            child = await stack.enter_async_context(running("serve", command, folder, {}))
            url, pid = await paths.url_of(child), child.process.pid
        first = await fuzz(url, arguments.frames // 10, arguments.seconds / 10, arguments.seed)
        before = _resident_mib(pid)
        print(f"{first.sent:,} frames", file=sys.stderr, flush=True)
        began = time.monotonic()
        tally = await fuzz(
            url, arguments.frames - first.sent, arguments.seconds * 0.9, arguments.seed + 1
        )
        rate = tally.sent / (time.monotonic() - began)
        after = _resident_mib(pid)
    outcomes = "\n".join(f"| {kind} | {n:,} |" for kind, n in tally.outcomes.most_common())
    if after - before > arguments.grow_mib:
        raise ProcessFailed(f"Memory grew from {before:.0f} to {after:.0f} MiB.\n{outcomes}")
    return (
        f"{first.sent + tally.sent:,} frames, {rate:,.0f}/s; resident memory "
        f"{before:.0f} MiB after the first tenth, {after:.0f} MiB at the end\n\n"
        f"| answered with | frames |\n| --- | --- |\n{outcomes}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.abuse.fuzz",
        description=(__doc__ or "").partition("\n")[0],
    )
    parser.add_argument("--frames", type=int, default=1_000_000, metavar="N", help="(1000000)")
    parser.add_argument("--seconds", type=float, default=120.0, metavar="S", help="at most (120)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the mutations (0)")
    parser.add_argument("--grow-mib", type=float, default=64.0, metavar="MIB", help="at most (64)")
    parser.add_argument("--url", help="of a running gateway; left out: one is started")
    parser.add_argument("--pid", type=int, help="of that gateway, for its memory")
    arguments = parser.parse_args()
    run("fuzz", lambda folder: _measure(arguments, folder))


if __name__ == "__main__":
    main()
