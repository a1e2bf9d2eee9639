"""What the load test's own client adds to every event it times.

    python -m loadtest.benchmarks.serving.client_overhead

A server sends frames from its own process, on its own core. 50 users, greenlets as in Locust,
receive them through the same ``WebsocketClient`` as a load test. Each event is timed twice:

- *client*: from when the kernel has the bytes (SO_TIMESTAMPNS, Linux) until the client waits for
  the next ones. This covers waking up, reading, parsing, decoding and noting the time, and waiting
  for users whose bytes came first. It is a little more than what a figure of a load test contains,
  because there the time is noted before the client waits again.
- *way*: from when the server sends the frame until its time is noted. This adds the kernel, the
  scheduling, and what the server does between two users.
"""

import argparse
import asyncio
import gc
import os
import socket
import struct
import subprocess
import sys
import time
from typing import Any

from loadtest.benchmarks.command import Study

EVERY_S = 0.05  # between two deltas of a user: 20 a second, faster than people read
DELTAS = 64
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
_TIMESPEC = struct.Struct("@ll")


async def _serve() -> None:
    """Prints its port, and answers every question with ``DELTAS`` timed deltas."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.typing import Subprotocol

    from backend.protocol.wire import SUBPROTOCOL, Ask, Delta, Finished, Timings, Usage, encode
    from backend.protocol.wire import decode_client as decode

    async def answer(socket: ServerConnection) -> None:
        async for text in socket:
            ask = decode(text)
            assert isinstance(ask, Ask)
            for seq in range(DELTAS):
                await asyncio.sleep(EVERY_S)
                await socket.send(encode(Delta(ask.id, seq, f"{time.perf_counter():.9f} ")))
            end = Finished(ask.id, DELTAS, "stop", Usage(1, 0, DELTAS), Timings())
            await socket.send(encode(end))

    spoken = [Subprotocol(SUBPROTOCOL)]
    async with serve(answer, "127.0.0.1", 0, subprotocols=spoken, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


class _Stamped:
    """A socket that notes how long its reader was busy with the bytes that it was given."""

    def __init__(self, inner: socket.socket, busy: list[float]) -> None:
        self._inner = inner
        self._busy = busy
        self._arrived: float | None = None
        inner.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def recv(self, size: int) -> bytes:
        if self._arrived is not None:
            self._busy.append(time.time() - self._arrived)
        data, ancillary, _, _ = self._inner.recvmsg(size, socket.CMSG_SPACE(_TIMESPEC.size))
        stamps = [
            _TIMESPEC.unpack(value) for _, kind, value in ancillary if kind == _SO_TIMESTAMPNS
        ]
        self._arrived = stamps[0][0] + stamps[0][1] / 1e9 if stamps else None
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _measure(port: int, users: int, answers: int) -> tuple[list[float], list[float]]:
    """Seconds for every event: in the client, and for the whole way."""
    import gevent.monkey

    gevent.monkey.patch_all()
    import gevent

    from loadtest.scenarios.clients import WebsocketClient
    from loadtest.scenarios.workload import Workload

    busy: list[float] = []
    late: list[float] = []

    def live(user: int) -> None:
        client = WebsocketClient(f"http://127.0.0.1:{port}", {})
        opened = client._connected()
        opened._socket = _Stamped(opened._socket, busy)  # type: ignore[assignment]
        gevent.sleep(EVERY_S * user / users)  # keeps users from asking in step
        conversations = Workload().conversations(user)
        for number in range(answers):
            conversation = next(conversations)
            ask = conversation.ask(conversation.turns[0], f"{user}-{number}", None)
            began = time.perf_counter()
            sample, text = client.ask(ask, [], users)
            assert sample.outcome == "finished", sample.code
            heard = began + sample.ttft_s
            sent = [float(stamp) for stamp in text.split()]
            late.append(heard - sent[0])
            for gap, stamp in zip(sample.gaps_s, sent[1:], strict=True):
                heard += gap
                late.append(heard - stamp)
        client.close()

    gc.collect()
    gc.freeze()  # as a run does when it begins
    gevent.joinall([gevent.spawn(live, user) for user in range(users)], raise_error=True)
    return busy, late


def _apart(*, server: bool) -> None:
    """The server gets the last core, the client the others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[-1:] if server else cores[:-1])


def main(arguments: list[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.number("--users", 50, "users at once")
    study.number("--answers", 5, "answers per user")
    study.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = study.parse_args(arguments)
    if chosen.serve:
        _apart(server=True)
        asyncio.run(_serve())
        return
    from loadtest.experiments.quantile import quantile

    server = subprocess.Popen(
        [sys.executable, "-m", "loadtest.benchmarks.serving.client_overhead", "--serve"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        _apart(server=False)
        busy, late = _measure(port, chosen.users, chosen.answers)
    finally:
        server.terminate()
        server.wait(10)
    for name, seconds in (("client", busy), ("way", late)):
        shown = "  ".join(
            f"p{share:g} {1000 * quantile(seconds, share / 100):.2f}" for share in (50, 95, 99)
        )
        print(f"{name}: {chosen.users} users, {len(seconds):,} events, ms: {shown}")


if __name__ == "__main__":
    main()
