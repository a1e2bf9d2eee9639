"""A backend of ours on Ray Serve for a load test, and the processes of its replicas."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import Child, finished, running
from loadtest.scenarios import questions


class Backend:
    """A `glossator serve` at ``url``; with ``--deploy ray`` its replicas can be found and ended."""

    def __init__(self, url: str, child: Child) -> None:
        self.url = url
        self._child = child

    @property
    def pid(self) -> int:
        return self._child.process.pid

    def replicas(self, deployment: str) -> list[psutil.Process]:
        """The replicas of one deployment that run now, by the titles that Ray gives them."""
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
        """Until so many replicas run and the backend can answer. Raises ``ProcessFailed``."""

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
    """Serves over a small index of its own. ``settings``, such as ``ray.gateway_replicas``, go
    before those of the engine's comparison."""
    data = folder / f"{deploy}-data"
    index = paths.glossator("index", questions.INDEXED, "--data", str(data))
    await finished("index", index, folder, {})
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
