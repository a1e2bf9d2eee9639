"""A gateway on a real socket, around the parts that a test brings."""

import asyncio
import contextlib

import pytest
import uvicorn
from websockets.asyncio.client import connect

from backend.admission.gate import Gate
from backend.admission.room import Limits
from backend.answering.lookup import Lookups
from backend.answering.pipeline import Pipeline
from backend.deploy.addresses import listening
from backend.gateway.app import Gateway, build_app
from backend.generators.extractive import ExtractiveGenerator
from backend.identity.door import door
from backend.metrics import Metrics
from backend.protocol.tracing import Tracer
from backend.protocol.wire import PATH, Failed, Finished, Found, Status, decode_server, encode
from backend.rails.output.hold_back import NoGuard
from backend.settings import Server, Settings
from tests.fixtures.backend import FixedRetriever


class Socket:
    """One websocket to the gateway, spoken by hand."""

    def __init__(self, socket):
        self._socket = socket

    async def send(self, frame):
        await self._socket.send(frame if isinstance(frame, str) else encode(frame))

    async def receive(self):
        async with asyncio.timeout(60):
            while isinstance(frame := decode_server(await self._socket.recv()), Status):
                pass
            return frame

    async def until(self, *kinds):
        """Every frame up to and with the first of ``kinds``, or a terminal one."""
        frames = [await self.receive()]
        while not isinstance(frames[-1], (*kinds, Finished, Failed, Found)):
            frames.append(await self.receive())
        return frames

    async def ask(self, frame):
        await self.send(frame)
        return await self.until()


class Served:
    """Where the gateway listens, and the gateway itself, to look at."""

    def __init__(self, gateway, place):
        self.gateway = gateway
        self.url = f"http://{place}"
        self._place = place

    @contextlib.asynccontextmanager
    async def connected(self, headers=None):
        async with connect(
            f"ws://{self._place}{PATH}", additional_headers=headers or {}, max_size=None
        ) as socket:
            yield Socket(socket)


@pytest.fixture
async def serve():
    """``await serve(generator=..., settings=...)``: serves until the test ends."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(settings=None, generator=None, retriever=None, **parts):
            settings = settings or Settings(server=Server(port=0))
            metrics, retriever = Metrics(), retriever or FixedRetriever()
            generator = generator or ExtractiveGenerator()
            shares = {"help": 16.0, "chat": 4.0, "optimize": 1.0}
            pipeline = Pipeline(
                **{
                    "settings": settings,
                    "generator": generator,
                    "retriever": retriever,
                    "rails": (),
                    "guard": lambda *_: NoGuard(),
                    "admission": Gate(Limits(8), shares, lambda *_: None),
                    "metrics": metrics,
                }
                | parts
            )
            lookups = Lookups(settings, retriever)
            gateway = Gateway(
                settings, pipeline, lookups, metrics, generator, door(settings), Tracer()
            )
            listener = stack.enter_context(listening(settings.server))
            config = uvicorn.Config(build_app(gateway), log_level="warning", ws_max_size=2**30)
            served = uvicorn.Server(config)
            serving = asyncio.create_task(served.serve(sockets=[listener]))

            async def stop():
                served.should_exit = True
                await serving

            stack.push_async_callback(stop)
            return Served(gateway, "{}:{}".format(*listener.getsockname()[:2]))

        yield start
