"""One local gateway under load: started, known, stopped."""

import asyncio
import random
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from backend.protocol.wire import Ask
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import Child, running


@dataclass(frozen=True, slots=True)
class Server:
    """``pid`` is the process that all of it descends from."""

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
    """A gateway without an index; ``settings`` come on top of the engine's."""
    config = folder / f"{name}.toml"
    config.write_text(engine.settings() + settings)
    command = paths.glossator(
        "serve", "--engine", "vllm", "--model", str(engine.model), "--config", str(config),
        "--data", str(folder / f"{name}-data"), "--port", "0",
    )  # fmt: skip
    async with running(name, command, folder, engine.environment()) as child:
        yield Server(await paths.url_of(child), child.process.pid, child)


def asking(tokens: int, spread: float = 0.0, seed: int = 0) -> Callable[[str], Ask]:
    """Makes requests for answers of so many tokens, without retrieval; by up to ``spread`` of that
    more or fewer, drawn evenly."""
    chance = random.Random(seed)
    return lambda question: Ask(
        id=uuid.uuid4().hex,
        question=question,
        sources=(),
        max_tokens=round(tokens * chance.uniform(1 - spread, 1 + spread)),
        temperature=0.0,
    )


def distinct() -> Iterator[str]:
    """Questions that no prefix cache has seen."""
    number = 0
    while True:
        number += 1
        yield f"{number} samples of a real signal: which function gives me its spectrum?"
