"""Sends a million senseless frames. Does the gateway answer each, live on, and stay small?

    python -m loadtest.benchmarks.abuse.fuzz --frames 1000000 --seconds 1500

Starts a gateway with the extractive engine, or takes the one that ``--url`` and ``--pid`` name.
Every connection sends rounds of mutated frames (``loadtest.benchmarks.drivers.mutations``), and an
ordinary lookup after each round. Everything that comes back has to be a frame of the protocol, and
the lookup's answer has to come last. At the end a new connection asks an ordinary question. The
program ends with an error when any of this fails, or when resident memory has grown by more than
``--grow-mib`` since the first tenth.

Limits: one process makes and sends the frames, and may itself be the slow part.
"""

import argparse
import asyncio
import time
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from backend.protocol import wire
from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers.mutations import Mutations
from loadtest.benchmarks.drivers.users import PATIENCE_S, dial
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.process import ProcessFailed, running
from loadtest.experiments.machine import resident_mib
from loadtest.experiments.markdown import table

USERS = 4
ROUNDS = 10  # per connection
FRAMES_A_ROUND = 200


@dataclass
class Tally:
    """How many frames were sent, and how many came back of each kind."""

    wanted: int
    until: float  # on the monotonic clock
    sent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> bool:
        return self.sent >= self.wanted or time.monotonic() >= self.until


async def _user(url: str, mutations: Mutations, tally: Tally) -> None:
    """Opens one connection after the other. Raises ``ProcessFailed``."""
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
    """Sends mutated frames and a lookup. There are few enough that pings are answered in time."""
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
                # The connection has as many requests in flight as it may, so ask once more.
                await asyncio.sleep(0.01)
                await socket.send(wire.encode(lookup))


async def _received(socket: ClientConnection, tally: Tally) -> wire.ServerFrame:
    """Raises ``ProcessFailed`` if what came is not a frame of the protocol."""
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


async def _measure(arguments: argparse.Namespace, folder: Path) -> str:
    async with AsyncExitStack() as stack:
        url, pid = arguments.url, arguments.pid
        if not url:
            command = paths.glossator(
                "serve", "--engine", "extractive", "--data", str(folder / "data"), "--port", "0"
            )
            child = await stack.enter_async_context(running("serve", command, folder))
            url, pid = await paths.url_of(child), child.process.pid
        first = await fuzz(url, arguments.frames // 10, arguments.seconds / 10, arguments.seed)
        before = resident_mib(pid) if pid else 0.0
        say(f"{first.sent:,} frames")
        began = time.monotonic()
        tally = await fuzz(
            url, arguments.frames - first.sent, arguments.seconds * 0.9, arguments.seed + 1
        )
        rate = tally.sent / (time.monotonic() - began)
        after = resident_mib(pid) if pid else 0.0
    outcomes = table(
        ["answered with", "frames"],
        [[kind, f"{count:,}"] for kind, count in tally.outcomes.most_common()],
    )
    if after - before > arguments.grow_mib:
        raise ProcessFailed(f"Memory grew from {before:.0f} to {after:.0f} MiB.\n{outcomes}")
    return (
        f"{first.sent + tally.sent:,} frames, {rate:,.0f}/s; resident memory "
        f"{before:.0f} MiB after the first tenth, {after:.0f} MiB at the end\n\n{outcomes}"
    )


def main() -> None:
    study = Study(__spec__, __doc__)
    study.number("--frames", 1_000_000, "frames that are sent, at most")
    study.number("--seconds", 120.0, "how long, at most")
    study.number("--seed", 0, "seed of the mutations", zero=True)
    study.number("--grow-mib", 64.0, "how much memory may grow", zero=True)
    study.add_argument("--url", help="a running gateway (default: one is started)")
    study.add_argument("--pid", type=int, help="that gateway's process, to read its memory")
    study.run(_measure)


if __name__ == "__main__":
    main()
