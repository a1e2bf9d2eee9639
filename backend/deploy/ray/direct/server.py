"""The replica's end: takes streams from gateways and sends what the engine makes.

The deltas of one step of the engine leave together, in one write to each gateway. A gateway that
does not read delays only its own streams: they are not pulled, and the engine merges their deltas.
"""

import asyncio
import contextlib
import hmac
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol, cast

from backend.deploy.ray.direct.frames import (
    LARGEST,
    Close,
    Frames,
    FromReplica,
    Hello,
    Malformed,
    Open,
    Piece,
    Refused,
    Welcome,
    broken,
    from_gateway,
    packed,
)
from backend.errors import Overloaded
from backend.ports import Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage

log = logging.getLogger(__name__)

_HELLO_WITHIN_S = 10.0
_HELLO_BYTES = 1024  # the most that we keep for a stranger
_UNREAD_BYTES = 2**20  # on one connection, before its streams pause


class Streams(Protocol):
    """The part of a ``Generator`` that is needed here."""

    def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]: ...

    async def warm(self, prompt: Prompt) -> Usage: ...


class StreamServer:
    """Listens for gateways that know ``secret``. At most ``most`` streams run at once."""

    def __init__(self, generator: Streams, secret: str, most: int) -> None:
        self.generator = generator
        self.secret = secret.encode()
        self.most = most
        self.leaving = False
        self.running: set[asyncio.Task[None]] = set()
        self.gateways: set[_Gateway] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str) -> int:
        """Returns the port that it listens on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Gateway(self), host, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def drain(self) -> None:
        """Refuses new streams, and waits until the last one has ended."""
        self.leaving = True
        while self.running:
            await asyncio.wait(self.running)

    async def close(self) -> None:
        """Breaks off the streams that still run."""
        if self._server:
            self._server.close()
        for gateway in list(self.gateways):
            gateway.abort()
        if self.running:
            await asyncio.wait(self.running)


class _Gateway(asyncio.Protocol):
    """One connection. Its streams are tasks that end with it."""

    def __init__(self, server: StreamServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._frames = Frames(from_gateway, _HELLO_BYTES)
        self._known = False
        self._streams: dict[int, asyncio.Task[None]] = {}
        self._out = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's class does not say so
        self._transport.set_write_buffer_limits(_UNREAD_BYTES)
        watch(self._transport)
        self._server.gateways.add(self)
        self._hello_by = self._loop.call_later(_HELLO_WITHIN_S, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hello_by.cancel()
        self._server.gateways.discard(self)
        self._writable.set()
        for stream in self._streams.values():
            stream.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._receive(frame)
        except Malformed as error:
            log.warning("a connection from %s ends: %s", self._peer(), error)
            self.abort()

    def abort(self) -> None:
        self._transport.abort()

    def _receive(self, frame: Hello | Open | Close) -> None:
        if not self._known:
            if not isinstance(frame, Hello) or not hmac.compare_digest(
                frame.secret.encode(), self._server.secret
            ):
                raise Malformed("it did not begin with the secret of this replica")
            self._known = True
            self._hello_by.cancel()
            self._frames.largest = LARGEST
            self._send(Welcome())
        elif isinstance(frame, Open):
            self._open(frame)
        elif isinstance(frame, Close) and (stream := self._streams.get(frame.stream)):
            stream.cancel()

    def _open(self, frame: Open) -> None:
        server = self._server
        if server.leaving:
            self._send(Refused(frame.stream))
            return
        if len(server.running) >= server.most:
            full = Overloaded("The generator has too many requests.", retry_after_ms=1000)
            self._send(broken(frame.stream, full))
            return
        task = asyncio.create_task(self._run(frame), name=f"stream {frame.request_id}")
        self._streams[frame.stream] = task
        server.running.add(task)
        task.add_done_callback(server.running.discard)
        task.add_done_callback(lambda _: self._streams.pop(frame.stream, None))

    async def _run(self, asked: Open) -> None:
        generator = self._server.generator
        try:
            if asked.sampling is None:
                used = await generator.warm(asked.prompt)
                read = TextDelta("", 0, (), used.prompt_tokens, used.cached_tokens, "length")
                self._send(Piece(asked.stream, read))
                return
            deltas = generator.stream(asked.prompt, asked.sampling, asked.request_id)
            async with aclosing(deltas):
                async for delta in deltas:
                    self._send(Piece(asked.stream, delta))
                    await self._writable.wait()
        except Exception as error:
            failure = broken(asked.stream, error)
            if not failure.kind:
                # Without the text of the question: logs hold no content.
                log.exception("request %s failed", asked.request_id)
            self._send(failure)

    def _send(self, frame: FromReplica) -> None:
        if not self._out:
            # Runs after all streams that this step of the engine has woken.
            self._loop.call_soon(self._flush)
        self._out += packed(frame)
        if len(self._out) > _UNREAD_BYTES:
            self._flush()  # may show that nobody reads

    def _flush(self) -> None:
        data, self._out = self._out, bytearray()
        if data:
            self._transport.write(data)

    def _peer(self) -> str:
        return str(self._transport.get_extra_info("peername"))


def watch(transport: asyncio.Transport) -> None:
    """Makes the system find out within seconds that the other machine is gone without a word."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None:
        return
    with contextlib.suppress(OSError, AttributeError):  # not every system has all of them
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)
