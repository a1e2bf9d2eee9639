"""One local gateway without an index, and the requests that load it."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import Child, running


@dataclass(frozen=True, slots=True)
class Server:
    """``pid`` is the ancestor of all its processes."""

    url: str
    pid: int
    child: Child

    async def idle(self) -> None:
        """Returns when the engine has nothing to do. Raises ``ProcessFailed``."""
        await self.child.until(lambda: asyncio.to_thread(self._is_idle))

    def _is_idle(self) -> bool | None:
        with urlopen(f"{self.url}/metrics", timeout=10) as response:
            scraped = response.read().decode()
        counts = re.findall(r"^glossator_engine_requests\{.*\} (\S+)$", scraped, re.MULTILINE)
        return True if counts and not any(map(float, counts)) else None


@asynccontextmanager
async def serving(
    name: str, folder: Path, engine: Engine, settings: str = ""
) -> AsyncIterator[Server]:
    """``settings`` are TOML, added to the engine's."""
    config = folder / f"{name}.toml"
    config.write_text(engine.settings() + settings)
    command = paths.glossator(
        "serve", "--engine", "vllm", "--model", str(engine.model), "--config", str(config),
        "--data", str(folder / f"{name}-data"), "--port", "0",
    )  # fmt: skip
    async with running(name, command, folder, engine.environment()) as child:
        yield Server(await paths.url_of(child), child.process.pid, child)


def distinct() -> Iterator[str]:
    """Endless questions that no prefix cache has seen."""
    number = 0
    while True:
        number += 1
        yield f"{number} samples of a real signal: which function gives me its spectrum?"
