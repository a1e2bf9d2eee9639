"""Our backend with an index, local or on Ray Serve, and the processes of its replicas."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import Child, running


class Backend:
    """A `glossator serve` at ``url``. On Ray Serve its replicas can be found and killed."""

    def __init__(self, url: str, child: Child) -> None:
        self.url = url
        self._child = child

    @property
    def pid(self) -> int:
        return self._child.process.pid

    def replicas(self, deployment: str) -> list[psutil.Process]:
        """Running replicas of one deployment, found by the process titles that Ray gives them."""
        title = f"ray::ServeReplica:glossator:{deployment}"
        found = []
        for process in psutil.Process(self.pid).children(recursive=True):
            try:
                if title in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:  # it ended meanwhile
                continue
        return found

    async def until_whole(self, deployment: str, count: int) -> None:
        """Waits until so many replicas run and the backend can answer. Raises ``ProcessFailed``."""

        def whole() -> bool | None:
            return (len(self.replicas(deployment)) == count and self._ready()) or None

        await self._child.until(lambda: asyncio.to_thread(whole))

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/readyz", timeout=10):
                return True
        except (URLError, OSError):
            return False


@asynccontextmanager
async def serving(
    folder: Path, engine: Engine, deploy: str, settings: Mapping[str, object]
) -> AsyncIterator[Backend]:
    """Serves a small index of its own. ``settings``, such as ``ray.gateway_replicas``, override
    those that the engine brings along."""
    data = await paths.indexed(folder, f"{deploy}-data")
    config = folder / f"{deploy}.toml"
    config.write_text(engine.settings())
    environment = engine.environment() | {
        f"GLOSSATOR_{name.upper().replace('.', '__')}": str(value)
        for name, value in settings.items()
    }
    command = paths.glossator(
        "serve", "--deploy", deploy, "--engine", "vllm", "--model", str(engine.model),
        "--config", str(config), "--data", str(data), "--port", "0",
    )  # fmt: skip
    async with running(f"serve {deploy}", command, folder, environment) as child:
        yield Backend(await paths.url_of(child), child)
