"""A backend on a real websocket, whose generator takes a known time to its first token."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from backend.protocol import wire


class KnownGenerator:
    """Answers ``ttft_s`` after a question has come. Notes when both happened (``time.time``)."""

    def __init__(self, ttft_s: float) -> None:
        self.ttft_s = ttft_s
        self.url = ""
        self.asked_at: list[float] = []
        self.answered_at: list[float] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["KnownGenerator"]:
        """Serves at ``url`` until the block is left."""
        spoken = [Subprotocol(wire.SUBPROTOCOL)]
        async with serve(self._serve, "127.0.0.1", 0, subprotocols=spoken) as server:
            self.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            yield self

    async def _serve(self, socket: ServerConnection) -> None:
        async for message in socket:
            ask = wire.decode_client(message)
            if isinstance(ask, wire.Ask):
                self.asked_at.append(time.time())
                await self._answer(socket, ask)

    async def _answer(self, socket: ServerConnection, ask: wire.Ask) -> None:
        async def send(frame: wire.ServerFrame) -> None:
            await socket.send(wire.encode(frame))

        await send(wire.Admitted(id=ask.id, seq=0, queue_ms=0, model="known"))
        await send(wire.Citations(id=ask.id, seq=1, citations=()))
        await asyncio.sleep(self.ttft_s)
        self.answered_at.append(time.time())
        await send(wire.Delta(id=ask.id, seq=2, text=marker("first", len(self.answered_at))))
        await asyncio.sleep(0.1)
        await send(wire.Delta(id=ask.id, seq=3, text=" " + marker("last", len(self.answered_at))))
        await send(
            wire.Finished(
                id=ask.id, seq=4, reason="stop", usage=wire.Usage(), timings=wire.Timings()
            )
        )


def marker(which: str, number: int) -> str:
    """The text of the first or last delta of an answer. Answers count from 1."""
    return f"{which}{number:03}z"
