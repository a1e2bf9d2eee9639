"""A scripted backend: a real websocket server on a real port, for the client and the server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from backend.protocol import wire
from backend.protocol.wire import Admitted, Citation, Citations, Delta, Finished, ServerFrame

Frame = TypeVar("Frame", bound=wire.ClientFrame)
Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The backend's end of one connection, with the few moves a script needs."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket

    async def receive(self, kind: type[Frame]) -> Frame:
        frame = wire.decode_client(await self.socket.recv())
        assert isinstance(frame, kind), f"expected {kind.__name__}, got {frame}"
        return frame

    async def send(self, *frames: ServerFrame | str | bytes) -> None:
        for frame in frames:
            raw = isinstance(frame, str | bytes)
            await self.socket.send(frame if raw else wire.encode(frame))

    def drop(self) -> None:
        """Drops the connection without a closing handshake, as a network does."""
        self.socket.transport.abort()

    async def closed(self) -> None:
        await self.socket.wait_closed()


class ScriptedBackend:
    """Connection n runs script n; ``played`` returns once all have, with their failures raised."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self.scripts = scripts
        self.results: asyncio.Queue[BaseException | None] = asyncio.Queue()
        self.connections = 0
        self.headers: list[dict[str, str]] = []
        self.server: Server | None = None

    @property
    def port(self) -> int:
        assert self.server is not None
        port: int = next(iter(self.server.sockets)).getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        assert socket.request.path == wire.PATH
        self.headers.append(dict(socket.request.headers))
        self.connections += 1
        if self.connections > len(self.scripts):
            self.results.put_nowait(AssertionError("an unexpected further connection"))
            return
        try:
            await self.scripts[self.connections - 1](Peer(socket))
        except BaseException as error:
            self.results.put_nowait(error)
            raise
        self.results.put_nowait(None)

    async def played(self) -> None:
        async with asyncio.timeout(60):
            for _ in self.scripts:
                if (error := await self.results.get()) is not None:
                    raise error


class AnswersOnce:
    """A script that gives one question the same short answer; ``ask`` is the question."""

    def __init__(self, frames: Callable[[str], list[ServerFrame]]) -> None:
        self._frames = frames
        self.ask: wire.Ask | None = None

    async def __call__(self, peer: Peer) -> None:
        self.ask = await peer.receive(wire.Ask)
        await peer.send(*self._frames(self.ask.id))
        await peer.closed()


Play = Callable[..., Awaitable[ScriptedBackend]]


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """``await play(script, …)`` starts a backend that runs one script per connection."""
    async with AsyncExitStack() as stack:

        async def start(*scripts: Script, port: int = 0) -> ScriptedBackend:
            backend = ScriptedBackend(scripts)
            backend.server = await stack.enter_async_context(
                serve(
                    backend.serve,
                    "127.0.0.1",
                    port,
                    subprotocols=[wire.SUBPROTOCOL],
                    close_timeout=1,
                )
            )
            return backend

        yield start


@pytest.fixture
def answer() -> Callable[[str], list[ServerFrame]]:
    """The frames of a short, complete answer: seq 0 to 4, text "one two"."""

    def frames(request_id: str) -> list[ServerFrame]:
        return [
            Admitted(id=request_id, seq=0, queue_ms=0, model="scripted"),
            Citations(
                id=request_id,
                seq=1,
                citations=(Citation(number=1, title="numpy.fft.irfft", uri="file:///f.py"),),
                dataset="d1",
            ),
            Delta(id=request_id, seq=2, text="one "),
            Delta(id=request_id, seq=3, text="two"),
            Finished(
                id=request_id,
                seq=4,
                reason="stop",
                usage=wire.Usage(prompt_tokens=9, completion_tokens=2),
                timings=wire.Timings(ttft_ms=3, total_ms=5),
            ),
        ]

    return frames


@pytest.fixture
def answers_once(answer: Callable[[str], list[ServerFrame]]) -> AnswersOnce:
    return AnswersOnce(answer)
