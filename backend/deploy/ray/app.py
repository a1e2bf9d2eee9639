"""The same graph as Ray Serve deployments: gateway → generator, retriever, rails with a model.

The plain classes are wrapped here and nowhere else. The tuned ingress is worth it: the default path
of Serve has two to three times the TTFT (docs/performance.md).
"""

import asyncio
import contextlib
import logging
import os
import secrets
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from backend.admission.ledger import Grant, Ledger, Report
from backend.admission.shares import Shares
from backend.autoscaling.pressure import Pressure, Pressures
from backend.deploy import build
from backend.deploy.ray.direct.client import Address
from backend.deploy.ray.direct.server import StreamServer
from backend.deploy.ray.draining import TellsOfDraining
from backend.deploy.ray.routing import TOKENS, work
from backend.errors import Unavailable, UpstreamFailed
from backend.gateway.app import build_app
from backend.generators.choose import Choice
from backend.generators.failover import FailoverGenerator
from backend.generators.vllm.metrics import EngineFigures
from backend.metrics import Metrics
from backend.ports import Load, Prompt, Retrieved, Sampling, Span, TextDelta
from backend.protocol.wire import Usage
from backend.rails import registry
from backend.records import logs
from backend.settings import Autoscaling, Settings
from indexer.types import Passage, Scope, Unknown

log = logging.getLogger(__name__)

APP = "glossator"
_COUNT_EVERY_S = 5.0  # the controller needs some 20 ms for it


class GeneratorDeployment:
    """One replica is one engine.

    Gateways ask for answers over their own connections, past Serve. Serve knows the replica's
    health, its statistics and where it listens.
    """

    async def __init__(self, choice: Choice, settings: Settings) -> None:  # type: ignore[misc]
        import ray
        from ray import serve

        from backend.deploy.ray.metrics import Mirror

        logs.configure(settings.observability.log_format)
        self._generator = await build.generator(choice, settings)
        self._pressures = Pressures()
        self._tokens = 0
        secret, host = secrets.token_hex(32), ray.util.get_node_ip_address()
        self._streams = StreamServer(self, secret, settings.ray.generator_max_ongoing)
        self._address = Address(host, await self._streams.start(host), secret)
        figures = CollectorRegistry()
        figures.register(EngineFigures())
        replica = serve.get_replica_context().replica_id.unique_id
        self._counting = asyncio.create_task(Mirror(figures, {"ReplicaId": replica}).run())

    async def model(self) -> str:
        return self._generator.model

    async def fills(self) -> bool:
        return self._generator.fills

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        tokens = work(prompt, sampling)
        self._tokens += tokens
        try:
            # Closing the iterator in here aborts the request in the engine.
            async with aclosing(self._generator.stream(prompt, sampling, request_id)) as deltas:
                async for delta in deltas:
                    yield delta
        except UpstreamFailed:
            raise
        except Unavailable:
            await self._end_without_engine()
            raise
        finally:
            self._tokens -= tokens

    async def _end_without_engine(self) -> None:
        """Ends this replica if its engine has died.

        Its answers go on elsewhere, and Serve starts another replica at once instead of at the
        next health check.
        """
        try:
            await self._generator.check()
        except Unavailable as error:
            log.error("this replica ends: %s", error)
            os._exit(1)

    async def record_replica_metadata(self) -> dict[str, object]:
        """Serve asks for this when the replica is ready; it tells gateways where it listens."""
        return asdict(self._address)

    async def record_routing_stats(self) -> dict[str, int]:
        """Serve asks for this, for its request routers (``backend.deploy.ray.router``)."""
        return {TOKENS: self._tokens}

    async def warm(self, prompt: Prompt) -> Usage:
        return await self._generator.warm(prompt)

    async def load(self) -> Load:
        return await self._generator.load()

    async def pressure(self, gateway: str, told: Pressure) -> None:
        """Notes the load that a gateway sees; ``record_autoscaling_stats`` hands it on."""
        self._pressures.tell(time.monotonic(), gateway, told)

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """Serve asks for this, for ``backend.deploy.ray.autoscaling``."""
        load = await self._generator.load()
        return {**asdict(self._pressures.sum(time.monotonic())), "kv_use": load.kv_use}

    async def check(self) -> None:
        await self._generator.check()

    async def check_health(self) -> None:
        """Serve asks for this, and replaces the replica when it raises."""
        await self._generator.check()

    async def __del__(self) -> None:
        # By now Serve no longer chooses this replica, and it ends it after ``drain_s``.
        await self._streams.drain()
        await self._streams.close()
        await self._generator.close()


class RetrieverDeployment:
    """Each replica reads the index and has its own embedder."""

    def __init__(self, data: Path, settings: Settings) -> None:
        embedder = build.embedder(settings.retrieval)
        store = build.store(data, embedder, settings.retrieval, writable=False)
        self._retriever = build.retriever(settings, embedder, store)

    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        return await self._retriever.search(query, scope, limit, budget_ms)

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        return await self._retriever.lookup(symbol, scope, limit)

    async def unknown(self, names: Sequence[str], scope: Scope) -> list[Unknown]:
        return await self._retriever.unknown(names, scope)


class RailDeployment:
    """A rail with a model, for all gateways: it batches across them, and scales by itself."""

    async def __init__(self, name: str, settings: Settings) -> None:  # type: ignore[misc]
        self._rail = registry.build(settings, name)
        self._rail.start()

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return await self._rail.check(texts)

    async def state(self) -> str:
        return await self._rail.state()

    async def __del__(self) -> None:
        await self._rail.close()


class LedgerDeployment:
    """Has one replica, which every gateway asks for its share of the running engines."""

    async def __init__(self, settings: Settings, generator: Any) -> None:  # type: ignore[misc]
        # The ledger is made first. A new one must wait for gateways that may have borrowed from an
        # earlier one, and that time has passed when the engines are up.
        self._ledger = Ledger(time.monotonic())
        self._engine = build.limits(settings, await generator.load.remote())
        self._ledger.capacity = self._engine.requests
        self._counting = asyncio.create_task(self._count())

    async def renew(self, report: Report) -> Grant:
        return self._ledger.renew(time.monotonic(), report)

    async def _count(self) -> None:
        """Follows the engines, which come and go with autoscaling, updates and failures."""
        while True:
            with contextlib.suppress(Exception):  # without the controller, the last count stays
                engines = await asyncio.to_thread(_running_engines)
                self._ledger.capacity = max(1, engines) * self._engine.requests
            await asyncio.sleep(_COUNT_EVERY_S)


def _running_engines() -> int:
    from ray import serve

    states = serve.status().applications[APP].deployments["generator"].replica_states
    return sum(count for state, count in states.items() if state == "RUNNING")


class GatewayDeployment:
    """Has the websockets, admission and the pipeline. Its ports are handles."""

    async def __init__(  # type: ignore[misc]
        self, settings: Settings, generator: Any, retriever: Any, rails: dict[str, Any], ledger: Any
    ) -> None:
        from backend.deploy.ray.autoscaling import tell
        from backend.deploy.ray.handles import RayGenerator, RayLedger, RayRail, RayRetriever
        from backend.deploy.ray.metrics import Mirror

        logs.configure(settings.observability.log_format)
        scaling = settings.autoscaling
        may_sleep = scaling.enabled and scaling.auxiliary_idle_s > 0
        metrics = Metrics()
        engine = build.limits(settings, await generator.load.remote())
        admission = build.gate(settings, engine, metrics)
        self._gateway = build.gateway(
            settings,
            FailoverGenerator(
                RayGenerator(
                    generator,
                    await generator.model.remote(),
                    fills=await generator.fills.remote(),
                ),
                metrics.failover,
            ),
            RayRetriever(retriever),
            [
                RayRail(rails[rail.name], rail.name, rail.parts, may_sleep=may_sleep)
                if rail.name in rails
                else rail
                for rail in registry.build_all(settings)
            ],
            admission,
            metrics,
        )
        name = uuid.uuid4().hex
        shares = Shares(name, admission, engine, RayLedger(ledger).renew)
        await shares.renew()
        self._renewing = asyncio.create_task(shares.run())
        self._counting = asyncio.create_task(Mirror(metrics.registry).run())
        if scaling.enabled:
            self._telling = asyncio.create_task(tell(generator, name, admission.room))

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return TellsOfDraining(build_app(self._gateway), self._leave)

    async def _leave(self) -> None:
        await self._gateway.leave("this gateway is being replaced")


def application(settings: Settings, data: Path, choice: Choice) -> Any:
    """The Serve application, for ``serve.run``."""
    from ray import serve
    from ray.serve.config import RequestRouterConfig

    from backend.deploy.ray.autoscaling import auxiliary_scaling, generator_scaling
    from backend.deploy.ray.router import STATS_PERIOD_S, PrefixRouter

    ray, scaling = settings.ray, settings.autoscaling

    def varying(replicas: int, config: Callable[[Autoscaling, int], Any]) -> Any:
        return config(scaling, replicas) if scaling.enabled else replicas

    def deploy(plain: type, name: str, replicas: Any, ongoing: int, cpus: float, gpus: float = 0):  # type: ignore[no-untyped-def]
        """``replicas`` is a number, or how they are scaled."""
        fixed = isinstance(replicas, int)
        return serve.deployment(
            plain,
            name=name,
            **{"num_replicas" if fixed else "autoscaling_config": replicas},
            max_ongoing_requests=ongoing,
            ray_actor_options={"num_cpus": cpus, "num_gpus": gpus},
            health_check_period_s=ray.health_check_period_s,
            health_check_timeout_s=ray.health_check_timeout_s,
            graceful_shutdown_timeout_s=ray.drain_s,
            max_surge_percent=ray.surge_percent,
            max_constructor_retry_count=2,
        )

    generator = deploy(
        GeneratorDeployment,
        "generator",
        varying(ray.generator_replicas, generator_scaling),
        ray.generator_max_ongoing,
        ray.generator_cpus,
        ray.generator_gpus,
    )
    generator = generator.options(
        request_router_config=RequestRouterConfig(
            request_router_class=PrefixRouter, request_routing_stats_period_s=STATS_PERIOD_S
        )
    ).bind(choice, settings)
    retriever = deploy(
        RetrieverDeployment,
        "retriever",
        varying(ray.retriever_replicas, auxiliary_scaling),
        ray.retriever_max_ongoing,
        ray.retriever_cpus,
        ray.retriever_gpus,
    ).bind(data, settings)
    rails = {
        rail.name: deploy(
            RailDeployment,
            f"rail-{rail.name}",
            varying(ray.rails_replicas, auxiliary_scaling),
            ray.rails_max_ongoing,
            ray.rails_cpus,
            ray.rails_gpus,
        ).bind(rail.name, settings)
        for rail in registry.build_all(settings, models_only=True)
    }
    ledger = deploy(LedgerDeployment, "ledger", 1, ray.gateway_max_ongoing, 0).bind(
        settings, generator
    )
    return deploy(
        serve.ingress()(GatewayDeployment),
        "gateway",
        ray.gateway_replicas,
        ray.gateway_max_ongoing,
        ray.gateway_cpus,
    ).bind(settings, generator, retriever, rails, ledger)
