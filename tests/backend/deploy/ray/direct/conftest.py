"""A generator that a test steers, behind a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from backend.deploy.ray.direct.client import Address, Connection, connect
from backend.deploy.ray.direct.server import StreamServer
from backend.ports import Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage

SECRET = "a secret"


class Scripted:
    """Answers with what a test puts into ``says``: deltas, and at last an error or None."""

    def __init__(self) -> None:
        self.says: asyncio.Queue[TextDelta | Exception | None] = asyncio.Queue()
        self.running = 0
        self.pulled = 0
        self.warmed: list[Prompt] = []

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncIterator[TextDelta]:
        self.running += 1
        try:
            while (said := await self.says.get()) is not None:
                if isinstance(said, Exception):
                    raise said
                self.pulled += 1
                yield said
        finally:
            self.running -= 1

    async def warm(self, prompt: Prompt) -> Usage:
        self.warmed.append(prompt)
        return Usage(9, 4)


class Replica:
    """A ``StreamServer`` over it, and connections to that."""

    def __init__(self, stack: AsyncExitStack, most: int) -> None:
        self.generator = Scripted()
        self.server = StreamServer(self.generator, SECRET, most)
        self._stack = stack

    async def start(self) -> None:
        self.port = await self.server.start("127.0.0.1")
        self._stack.push_async_callback(self.server.close)

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port, SECRET)

    async def connection(self, secret: str = SECRET) -> Connection:
        connection = await connect(Address("127.0.0.1", self.port, secret))
        self._stack.callback(connection.close)
        return connection


@pytest.fixture
async def replica() -> AsyncIterator[Replica]:
    async with AsyncExitStack() as stack:
        replica = Replica(stack, most=3)
        await replica.start()
        yield replica


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], object]:
    """Waits for what happens at the other end of a socket."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    return wait
