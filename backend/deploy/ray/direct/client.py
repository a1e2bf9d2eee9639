"""The gateway's end: one connection to each generator replica, for all of its streams."""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import cast

from backend.deploy.ray.direct.frames import (
    Broken,
    Close,
    Done,
    Frames,
    FromReplica,
    Hello,
    Malformed,
    Open,
    Piece,
    Refused,
    Welcome,
    error_of,
    from_replica,
    packed,
)
from backend.deploy.ray.direct.server import watch
from backend.errors import EngineFailed
from backend.ports import Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage

CONNECTS_WITHIN_S = 5.0
AGAIN_AFTER_S = 0.05
AVOIDED_S = 5.0  # Serve notices within about this time that a replica is gone


class Unreachable(Exception):
    """This replica takes no stream, because it is gone or about to go. Another one may."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a replica listens, and the secret that it asks for."""

    host: str
    port: int
    secret: str


async def connect(address: Address) -> "Connection":
    """Raises ``Unreachable``."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECTS_WITHIN_S):
            _, connection = await loop.create_connection(
                lambda: Connection(address.secret), address.host, address.port
            )
            try:
                await connection.welcomed
            except BaseException:
                connection.close()
                raise
    except OSError as error:  # a timeout is one
        raise Unreachable(f"{address.host}:{address.port}: {error}") from error
    return connection


class Connections:
    """A gateway's connections, each made when it is first needed."""

    def __init__(self) -> None:
        self._connections: dict[str, asyncio.Task[Connection]] = {}
        self._avoided: dict[str, float] = {}  # until this time

    async def to(self, replica: str, address: Address) -> "Connection":
        """Raises ``Unreachable``."""
        task = self._connections.get(replica)
        if task is None or _over(task):
            self._connections = {
                name: each for name, each in self._connections.items() if not _over(each)
            }
            # All who wait for it share the task, and a cancelled one must not end it for the rest.
            task = self._connections[replica] = asyncio.create_task(connect(address))
        return task.result() if task.done() else await asyncio.shield(task)

    async def avoid(self, replica: str) -> None:
        """Notes that it took no stream. Returns after a moment, because it may be the only one."""
        self._avoided[replica] = asyncio.get_running_loop().time() + AVOIDED_S
        self._connections.pop(replica, None)
        await asyncio.sleep(AGAIN_AFTER_S)

    def avoided(self) -> frozenset[str]:
        if not self._avoided:
            return frozenset()
        now = asyncio.get_running_loop().time()
        self._avoided = {name: until for name, until in self._avoided.items() if until > now}
        return frozenset(self._avoided)

    def close(self) -> None:
        for task in self._connections.values():
            if not _over(task) and task.done():
                task.result().close()
            task.cancel()


def _over(connecting: "asyncio.Task[Connection]") -> bool:
    """Whether connecting failed, or the connection is lost."""
    if not connecting.done():
        return False
    return connecting.cancelled() or bool(connecting.exception()) or connecting.result().lost


class Connection(asyncio.Protocol):
    """A connection. Once ``lost``, it takes no more streams."""

    def __init__(self, secret: str) -> None:
        self.lost = False
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._secret = secret
        self._frames = Frames(from_replica)
        self._streams: dict[int, _Arriving] = {}
        self._numbers = itertools.count()

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        """Deltas that arrive while nobody pulls are joined into one.

        Raises ``Unreachable`` when the replica has not taken the stream, ``EngineFailed`` when the
        connection is lost later, and whatever the generator raises. Closing the iterator aborts
        the request in the engine.
        """
        number, arriving = self._open(request_id, prompt, sampling)
        try:
            while (delta := await arriving.next()) is not None:
                yield delta
                if delta.finish:
                    return
        finally:
            self._forget(number)

    async def warm(self, prompt: Prompt) -> Usage:
        """Raises what ``stream`` raises."""
        number, arriving = self._open("warm", prompt, None)
        try:
            read = await arriving.next()
            return Usage(read.prompt_tokens, read.cached_tokens) if read else Usage()
        finally:
            self._forget(number)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's class does not say so
        watch(self._transport)
        self._send(Hello(self._secret))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.welcomed.done():
            self.welcomed.set_exception(ConnectionResetError("the replica hung up"))
            self.welcomed.exception()  # whoever waited may be gone, and nobody else needs it
        for arriving in self._streams.values():
            arriving.break_off()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                if isinstance(frame, Welcome):
                    if not self.welcomed.done():
                        self.welcomed.set_result(None)
                elif arriving := self._streams.get(frame.stream):
                    arriving.take(frame)
        except Malformed:
            self._transport.abort()

    def close(self) -> None:
        self._transport.abort()

    def _open(
        self, request_id: str, prompt: Prompt, sampling: Sampling | None
    ) -> tuple[int, "_Arriving"]:
        if self.lost:
            raise Unreachable("the connection to the replica is lost")
        number = next(self._numbers)
        arriving = self._streams[number] = _Arriving()
        self._send(Open(number, request_id, prompt, sampling))
        return number, arriving

    def _forget(self, number: int) -> None:
        arriving = self._streams.pop(number)
        if not arriving.ended and not self.lost:
            self._send(Close(number))

    def _send(self, frame: Hello | Open | Close) -> None:
        self._transport.write(packed(frame))


class _Arriving:
    """The deltas of one stream that nobody has pulled yet, and how it ended."""

    def __init__(self) -> None:
        self.ended = False
        self._error: Exception | None = None
        self._deltas: deque[TextDelta] = deque()
        self._arrived = asyncio.Event()

    def take(self, frame: FromReplica) -> None:
        match frame:
            case Piece(delta=delta):
                self._deltas.append(delta)
                self.ended = delta.finish is not None
            case Done():
                self.ended = True
            case Refused():
                self.ended, self._error = True, Unreachable("the replica is about to stop")
            case Broken():
                self.ended, self._error = True, error_of(frame)
        self._arrived.set()

    def break_off(self) -> None:
        if self.ended:
            return
        # This is raised even where nothing has arrived yet. The prompt may have killed the replica,
        # and the caller counts how often it does.
        self._error = EngineFailed(
            "The generator is not answering; it is being restarted. Ask again."
        )
        self.ended = True
        self._arrived.set()

    async def next(self) -> TextDelta | None:
        """The next delta, None at the end. Deltas that came before an error are returned first."""
        if not self._deltas and not self.ended:
            self._arrived.clear()
            await self._arrived.wait()
        if self._deltas:
            delta = _joined(self._deltas)
            self._deltas.clear()
            return delta
        if self._error:
            raise self._error
        return None


def _joined(deltas: deque[TextDelta]) -> TextDelta:
    if len(deltas) == 1:
        return deltas[0]
    return replace(
        deltas[-1],
        text="".join(delta.text for delta in deltas),
        tokens=sum(delta.tokens for delta in deltas),
        ids=tuple(token for delta in deltas for token in delta.ids),
    )
