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
from backend.deploy.addresses import listening
from backend.deploy.ray import environment
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
    """Sets what the operator has not set."""
    for name, value in environment.served(folder, settings.ray.drain_s).items():
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
