"""The same graph as Ray Serve deployments: gateway → generator, retriever, rails with a model.

The plain classes are wrapped here and nowhere else. What the tuned ingress is worth was measured:
Serve's default path costs two to three times the TTFT (docs/performance.md).
"""

import asyncio
import contextlib
import logging
import os
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from backend.admission.ledger import Grant, Ledger, Report
from backend.admission.shares import Shares
from backend.autoscaling.pressure import Pressure, Pressures
from backend.deploy import build
from backend.deploy.local import free_port, listening
from backend.errors import GlossatorError, StartupFailed
from backend.gateway import build_app
from backend.generators.choose import Choice
from backend.metrics import Metrics
from backend.ports import Load, Prompt, Retrieved, Sampling, Span, TextDelta
from backend.settings import Autoscaling, Settings
from indexer.types import Passage, Scope

APP = "glossator"
_COUNT_EVERY_S = 2.0
_OBJECT_STORE_BYTES = 256 * 2**20  # questions and deltas are small


class GeneratorDeployment:
    """One replica is one engine."""

    async def __init__(self, choice: Choice, settings: Settings) -> None:  # type: ignore[misc]
        self._generator = await build.generator(choice, settings)
        self._pressures = Pressures()

    async def model(self) -> str:
        return self._generator.model

    async def fills(self) -> bool:
        return self._generator.fills

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncIterator[TextDelta]:
        # The engine aborts in here, by the closing of its iterator; Ray only brings the news.
        async with aclosing(self._generator.stream(prompt, sampling, request_id)) as deltas:
            async for delta in deltas:
                yield delta

    async def warm(self, prompt: Prompt) -> None:
        await self._generator.warm(prompt)

    async def load(self) -> Load:
        return await self._generator.load()

    async def pressure(self, gateway: str, told: Pressure) -> None:
        """What a gateway sees of the load; the controller asks for it below."""
        self._pressures.tell(time.monotonic(), gateway, told)

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """Asked by Serve, for ``backend.deploy.autoscaling``."""
        load = await self._generator.load()
        return {**asdict(self._pressures.sum(time.monotonic())), "kv_use": load.kv_use}

    async def check(self) -> None:
        await self._generator.check()

    async def check_health(self) -> None:
        """Asked by Serve; raising has the replica replaced."""
        await self._generator.check()

    async def __del__(self) -> None:
        await self._generator.close()


class RetrieverDeployment:
    """Each replica reads the index and holds an embedder."""

    def __init__(self, data: Path, settings: Settings) -> None:
        embedder = build.embedder(settings.retrieval)
        store = build.store(data, embedder, settings.retrieval, writable=False)
        self._retriever = build.retriever(settings, embedder, store)

    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        return await self._retriever.search(query, scope, limit, budget_ms)

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        return await self._retriever.lookup(symbol, scope, limit)


class RailDeployment:
    """A rail that runs a model, for every gateway: batched across them, scaled apart."""

    async def __init__(self, name: str, settings: Settings) -> None:  # type: ignore[misc]
        self._rail = build.rail(settings, name)
        self._rail.start()

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return await self._rail.check(texts)

    async def state(self) -> str:
        return await self._rail.state()


class LedgerDeployment:
    """One replica, which every gateway asks for its share of the engines that run."""

    async def __init__(self, settings: Settings, generator: Any) -> None:  # type: ignore[misc]
        self._engine = build.limits(settings, await generator.load.remote())
        self._ledger = Ledger(time.monotonic(), self._engine.requests)
        self._counting = asyncio.create_task(self._count())

    async def renew(self, report: Report) -> Grant:
        return self._ledger.renew(time.monotonic(), report)

    async def _count(self) -> None:
        """Engines come and go with autoscaling, rolling updates and failures."""
        while True:
            with contextlib.suppress(Exception):  # without the controller: the last count holds
                engines = await asyncio.to_thread(_running_engines)
                self._ledger.capacity = max(1, engines) * self._engine.requests
            await asyncio.sleep(_COUNT_EVERY_S)


def _running_engines() -> int:
    from ray import serve

    states = serve.status().applications[APP].deployments["generator"].replica_states
    return sum(count for state, count in states.items() if state == "RUNNING")


class GatewayDeployment:
    """Holds the websockets, admission and the pipeline; its ports are handles."""

    async def __init__(  # type: ignore[misc]
        self, settings: Settings, generator: Any, retriever: Any, rails: dict[str, Any], ledger: Any
    ) -> None:
        from backend.deploy.autoscaling import tell
        from backend.deploy.handles import RayGenerator, RayLedger, RayRail, RayRetriever

        scaling = settings.autoscaling
        may_sleep = scaling.enabled and scaling.auxiliary_idle_s > 0
        metrics = Metrics()
        engine = build.limits(settings, await generator.load.remote())
        admission = build.gate(settings, engine, metrics)
        self._gateway = build.gateway(
            settings,
            RayGenerator(
                generator,
                await generator.model.remote(),
                fills=await generator.fills.remote(),
            ),
            RayRetriever(retriever),
            [
                RayRail(rails[rail.name], rail.name, rail.parts, may_sleep=may_sleep)
                if rail.name in rails
                else rail
                for rail in build.rails(settings)
            ],
            admission,
            metrics,
        )
        name = uuid.uuid4().hex
        shares = Shares(name, admission, engine, RayLedger(ledger).renew)
        await shares.renew()
        self._renewing = asyncio.create_task(shares.run())
        if scaling.enabled:
            self._telling = asyncio.create_task(tell(generator, name, admission.room))

    def __serve_build_asgi_app__(self) -> FastAPI:
        return build_app(self._gateway)


def application(settings: Settings, data: Path, choice: Choice) -> Any:
    """The Serve application, for ``serve.run``."""
    from ray import serve

    from backend.deploy.autoscaling import auxiliary_scaling, generator_scaling

    ray, scaling = settings.ray, settings.autoscaling

    def varying(replicas: int, config: Callable[[Autoscaling, int], Any]) -> Any:
        return config(scaling, replicas) if scaling.enabled else replicas

    def deploy(plain: type, name: str, replicas: Any, ongoing: int, cpus: float, gpus: float = 0):  # type: ignore[no-untyped-def]
        """``replicas``: how many, or how they are scaled."""
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
            max_constructor_retry_count=2,
        )

    generator = deploy(
        GeneratorDeployment,
        "generator",
        varying(ray.generator_replicas, generator_scaling),
        ray.generator_max_ongoing,
        ray.generator_cpus,
        ray.generator_gpus,
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
        for rail in build.rails(settings, build.MODEL_RAILS)
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


@asynccontextmanager
async def ray_backend(settings: Settings, data: Path, choice: Choice) -> AsyncIterator[str]:
    """The URL of the deployed backend, which lives as long as the block.

    With an empty ``[ray] address`` the cluster is this machine and ends with the block.
    Raises ``StartupFailed``.
    """
    if not build.index_folder(data).exists():
        raise StartupFailed(
            f"There is no index in {data}. Make one first: glossator index SOURCE --data {data}"
        )
    with listening(settings.server) as listener:
        host, port = listener.getsockname()[:2]
    with tempfile.TemporaryDirectory(prefix="glossator-") as folder:
        _tune(Path(folder), settings)
        try:
            await asyncio.to_thread(_deploy, settings, data, choice, host, port)
            yield f"http://{host}:{port}"
        finally:
            await asyncio.to_thread(_shut_down)


def _tune(folder: Path, settings: Settings) -> None:
    """Serve reads these when it is imported, and its actors inherit them.

    HAProxy in front, no extra threads or hops inside (ray-project/ray, "Serve performance
    tuning"). Ports and sockets of its own let two backends live on one machine.
    """
    defaults = {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(free_port()),
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": str(min(5.0, settings.ray.drain_s)),
        # Its handler for SIGTERM prints a stack and ends the process before we can clean up.
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray runs its workers as background jobs, at 15; for ours somebody waits.
        "RAY_worker_niceness": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _deploy(settings: Settings, data: Path, choice: Choice, host: str, port: int) -> None:
    import ray
    from ray import serve
    from ray.exceptions import RayError
    from ray.serve.config import HTTPOptions

    own = {} if settings.ray.address else {"object_store_memory": _OBJECT_STORE_BYTES}
    try:
        ray.init(
            address=settings.ray.address or "local",
            include_dashboard=None if settings.ray.address else False,
            log_to_driver=False,
            logging_level="WARNING",
            **own,
        )
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        serve.start(http_options=HTTPOptions(host=host, port=port))
        serve.run(application(settings, data, choice), name=APP, route_prefix="/")
    except GlossatorError:
        raise
    except (RayError, RuntimeError, ConnectionError, TimeoutError) as error:
        raise StartupFailed(f"The deployments did not start: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The message of our own error where Serve quotes one, else what Serve says of each part."""
    from ray import serve

    said = [str(error)]
    with contextlib.suppress(Exception):  # the cluster itself may be what failed
        for name, deployment in serve.status().applications[APP].deployments.items():
            if deployment.status != "HEALTHY" and deployment.message:
                said.append(f"{name}: {deployment.message}")
    text = "\n".join(said)
    marker = "StartupFailed: "
    return text.rsplit(marker, 1)[1].splitlines()[0] if marker in text else text


def _shut_down() -> None:
    import ray
    from ray import serve

    if ray.is_initialized():
        serve.shutdown()
        ray.shutdown()
