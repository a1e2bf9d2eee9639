"""Starts or joins a Ray cluster, and deploys the application of ``app`` on it."""

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from backend.deploy import build
from backend.deploy.local import free_port, listening
from backend.deploy.ray.app import APP, application
from backend.errors import GlossatorError, StartupFailed
from backend.generators.choose import Choice
from backend.settings import Settings

_PATIENCE_S = 5.0  # for answers in flight, when a cluster that we started is stopped
_OBJECT_STORE_BYTES = 256 * 2**20  # questions and deltas are small


@dataclass(frozen=True, slots=True)
class RayBackend:
    """The deployed backend at ``url``."""

    url: str
    data: Path

    async def redeploy(self, settings: Settings, choice: Choice) -> None:
        """Replaces every replica while requests go on.

        Address, host and port of the cluster stay. Raises ``StartupFailed``; then the old replicas
        stay too.
        """
        await asyncio.to_thread(_run, settings, self.data, choice)


@asynccontextmanager
async def ray_backend(settings: Settings, data: Path, choice: Choice) -> AsyncIterator[RayBackend]:
    """The deployed backend, which runs until the block is left.

    With an empty ``[ray] address``, the cluster is this machine and ends with the block. Raises
    ``StartupFailed``.
    """
    if not build.index_folder(data).exists():
        raise StartupFailed(
            f"There is no index in {data}. Make one first: glossator index SOURCE --data {data}"
        )
    if settings.server.tls_certificate:
        raise StartupFailed(
            "On Ray Serve, TLS ends at the ingress in front of it (docs/security.md): leave "
            "[server] tls_certificate empty."
        )
    with listening(settings.server) as listener:
        host, port = listener.getsockname()[:2]
    with tempfile.TemporaryDirectory(prefix="glossator-") as folder:
        _tune(Path(folder), settings)
        try:
            await asyncio.to_thread(_deploy, settings, data, choice, host, port)
            yield RayBackend(f"http://{host}:{port}", data)
        finally:
            await asyncio.to_thread(_shut_down, own=not settings.ray.address)


def _tune(folder: Path, settings: Settings) -> None:
    """Sets the variables that Serve reads when it is imported, and that its actors inherit.

    They put HAProxy in front, and leave out extra threads and hops inside (ray-project/ray, "Serve
    performance tuning"). With their own ports and sockets, two backends can run on one machine.
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
        # How long a gateway believes what it knows about a replica's queue. To ask again would
        # cost the first question after a silence a round trip, and a full replica says so anyway.
        "RAY_SERVE_QUEUE_LENGTH_CACHE_TIMEOUT_S": "3600",
        # By default the controller looks at everything ten times a second: a twentieth of a core.
        "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
        # Nobody scrapes as often as each replica counts by default (ten times a second), or as
        # Ray's agent looks at every process of the machine (every five seconds).
        "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "1000",
        "REPORTER_UPDATE_INTERVAL_MS": "15000",
        # Ray looks for new log files ten times a second, unless there are more files than this.
        "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",
        "LOG_NAME_UPDATE_INTERVAL_S": "10",
        # After this time, Serve's HTTP server closes every websocket, even one in use.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": str(settings.ray.drain_s),
        # Ray's handler for SIGTERM prints a stack and ends the process before we can clean up.
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
        # An interrupted deployment would start another cluster, to ask it about itself.
        "RAY_ENABLE_AUTO_CONNECT": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray runs its workers as background jobs, at niceness 15, but users wait for ours.
        "RAY_worker_niceness": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _deploy(settings: Settings, data: Path, choice: Choice, host: str, port: int) -> None:
    import ray
    from ray import serve
    from ray.serve.config import HTTPOptions

    own = {
        "object_store_memory": _OBJECT_STORE_BYTES,
        "_metrics_export_port": settings.ray.metrics_port or None,
    }
    with _startup_failures():
        ray.init(
            address=settings.ray.address or "local",
            include_dashboard=None if settings.ray.address else False,
            log_to_driver=False,
            logging_level="WARNING",
            **({} if settings.ray.address else own),
        )
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        serve.start(http_options=HTTPOptions(host=host, port=port))
    _run(settings, data, choice)


def _run(settings: Settings, data: Path, choice: Choice) -> None:
    from ray import serve

    with _startup_failures():
        serve.run(application(settings, data, choice), name=APP, route_prefix="/")


@contextlib.contextmanager
def _startup_failures() -> Iterator[None]:
    from ray.exceptions import RayError

    try:
        yield
    except GlossatorError:
        raise
    except (RayError, RuntimeError, ConnectionError, TimeoutError) as error:
        raise StartupFailed(f"The deployments did not start: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The message of our own error if Serve quotes one, else what Serve says about each part."""
    from ray import serve

    said = [str(error)]
    with contextlib.suppress(Exception):  # the cluster itself may be what failed
        for name, deployment in serve.status().applications[APP].deployments.items():
            if deployment.status != "HEALTHY" and deployment.message:
                said.append(f"{name}: {deployment.message}")
    text = "\n".join(said)
    marker = "StartupFailed: "
    return text.rsplit(marker, 1)[1].splitlines()[0] if marker in text else text


def _shut_down(*, own: bool) -> None:
    import ray
    from ray import serve

    if not ray.is_initialized():
        return
    if not own:
        serve.shutdown()
        ray.shutdown()
        return
    # Clients of a cluster that ends cannot move elsewhere. Draining it for ``drain_s``, as for an
    # update, would only keep the operator waiting. Processes that it leaves running are ended here.
    processes = psutil.Process().children(recursive=True)
    with contextlib.suppress(TimeoutError):
        asyncio.run(asyncio.wait_for(serve.shutdown_async(), _PATIENCE_S))
    ray.shutdown()
    for process in psutil.wait_procs(processes, timeout=1.0)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
