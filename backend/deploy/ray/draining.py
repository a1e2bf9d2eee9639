"""How a gateway replica learns that Ray Serve is about to stop it.

Serve tells a deployment nothing when it begins to drain a replica. It waits until all requests have
ended, and a websocket is one. But it tells the load balancer: the health endpoint of a replica that
drains answers 503. So the gateway asks that endpoint too.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

HEALTH = "/-/healthz"  # of Ray Serve
PERIOD_S = 1.0


class TellsOfDraining:
    """An ASGI application in front of ``app``. The first websocket tells it where it listens."""

    def __init__(self, app: ASGIApp, leave: Callable[[], Awaitable[None]]) -> None:
        self._app = app
        self._leave = leave
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._watching is None and scope["type"] == "websocket" and scope.get("server"):
            host, port = scope["server"]
            self._watching = asyncio.create_task(self._watch(f"http://{host}:{port}{HEALTH}"))
        await self._app(scope, receive, send)

    async def _watch(self, url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            while True:
                await asyncio.sleep(PERIOD_S)
                try:
                    draining = (await client.get(url)).status_code == 503
                except httpx.HTTPError as error:
                    log.debug("%s: %s", url, error)
                    continue
                if draining:
                    await self._leave()
                    return
