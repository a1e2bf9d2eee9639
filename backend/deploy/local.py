"""Runs everything in one process, without Ray. With ``extractive`` it starts in seconds."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from backend.deploy import build
from backend.deploy.addresses import listening, url_of
from backend.deploy.checks.network import tls
from backend.deploy.patience import ImpatientWebSocket, impatient_http
from backend.errors import StartupFailed
from backend.gateway.app import Gateway, build_app
from backend.generators.choose import Choice
from backend.generators.vllm.metrics import EngineFigures
from backend.metrics import Metrics
from backend.rails import registry
from backend.settings import Server, Settings
from indexer.index.search import HybridIndex
from indexer.types import Embedder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalBackend:
    """A backend that answers at ``url``. ``embedder`` and ``store`` may be used to index more."""

    url: str
    gateway: Gateway
    embedder: Embedder
    store: HybridIndex


@asynccontextmanager
async def local_backend(
    settings: Settings, data: Path, choice: Choice, patience_s: float = 5.0
) -> AsyncIterator[LocalBackend]:
    """Serves until the block is left; then answers in flight get ``patience_s`` to end.

    Raises ``StartupFailed``, which says what to do.
    """
    async with contextlib.AsyncExitStack() as stack:
        # These come first, because they are the cheapest failures to find.
        tls(settings.server)
        listener = stack.enter_context(listening(settings.server))
        embedder = await asyncio.to_thread(build.embedder, settings.retrieval)
        store, lost = await asyncio.to_thread(
            build.store_or_anew, data, embedder, settings.retrieval
        )
        stack.callback(store.close)
        retriever = build.retriever(settings, embedder, store)
        stack.callback(retriever.close)
        generator = await build.generator(choice, settings)
        stack.push_async_callback(generator.close)
        metrics = Metrics()
        metrics.registry.register(EngineFigures())
        rails = registry.build_all(settings)
        for rail in rails:
            stack.push_async_callback(rail.close)
        limits = build.limits(settings, await generator.load())
        gateway = build.gateway(
            settings,
            generator,
            retriever,
            rails,
            build.gate(settings, limits, metrics),
            metrics,
        )
        if lost:
            log.error("%s", lost)
            gateway.report("index", lost)
        server = _Server(_config(gateway, settings.server))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.up(serving)
            # Everything loaded by now stays. Searching all of it for garbage would stop every
            # answer for half a second now and then.
            gc.collect()
            gc.freeze()
            host, port = listener.getsockname()[:2]
            yield LocalBackend(
                url_of(host, port, secure=bool(settings.server.tls_certificate)),
                gateway,
                embedder,
                store,
            )
        finally:
            await gateway.drain("the backend is stopping", patience_s)
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers, because the command line decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def up(self, serving: "asyncio.Task[None]") -> None:
        while not self.started:
            done, _ = await asyncio.wait([serving], timeout=0.01)
            if done:
                raise StartupFailed("The HTTP server did not start; its log says why.")


def _config(gateway: Gateway, server: Server) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(gateway),
        log_level="warning",
        log_config=None,  # the process has configured its log
        access_log=False,
        # A delta has a few bytes, so compressing it costs more than it saves.
        ws_per_message_deflate=False,
        # Up to this size, a frame that is too large gets an error; beyond it, the connection ends.
        ws_max_size=4 * server.max_frame_bytes,
        http=impatient_http(server.request_timeout_s, server.silent_client_s),
        ws=ImpatientWebSocket,
        ws_ping_interval=server.silent_client_s,
        ws_ping_timeout=server.silent_client_s,
        timeout_graceful_shutdown=2,
        ssl_certfile=server.tls_certificate or None,
        ssl_keyfile=server.tls_key or None,
    )
