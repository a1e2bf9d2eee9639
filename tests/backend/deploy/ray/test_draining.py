"""A gateway behind a health endpoint that says when it drains."""

import asyncio
import contextlib

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import connect

from backend.deploy.ray.draining import HEALTH, TellsOfDraining


@contextlib.asynccontextmanager
async def serving(app):
    config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


@pytest.mark.parametrize("draining", [True, False])
async def test_it_leaves_when_and_only_when_its_replica_drains(draining):
    asked, left = asyncio.Event(), asyncio.Event()

    async def health(_):
        asked.set()
        return Response(status_code=503 if draining else 200)

    async def session(socket):
        await socket.accept()
        with contextlib.suppress(Exception):
            await socket.receive_text()

    async def leave():
        left.set()

    routes = [Route(HEALTH, health), WebSocketRoute("/", session)]
    async with (
        serving(TellsOfDraining(Starlette(routes=routes), leave)) as port,
        connect(f"ws://127.0.0.1:{port}/"),
        asyncio.timeout(60),
    ):
        await asked.wait()
        if draining:
            await left.wait()
    assert left.is_set() == draining
