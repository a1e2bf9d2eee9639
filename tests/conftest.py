"""The fixtures that suites of several packages share.

Each one imports what it is made of when a test asks for it, so that the tests of the indexer load
no pygls and no FastAPI (`tests/test_suites.py`). What only one package needs stands in the
conftest of its folder.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

pytest.register_assert_rewrite("tests.fixtures")

if TYPE_CHECKING:
    from backend.generators.vllm.engine import VllmGenerator
    from loadtest.benchmarks.drivers.cable import Cable
    from tests.fixtures.collector import Collector
    from tests.fixtures.editor import Editor
    from tests.fixtures.index import Stored, WordEmbedder
    from tests.fixtures.planted import Planted
    from tests.fixtures.upstream import Upstream

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
async def open_editor(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable["Editor"]]]:
    """``await open_editor(url)`` starts our language server and an editor connected to it.

    ``options`` are the server's; conversations are kept in the test's own folder.
    """
    from tests.fixtures.editor import SERVER, Editor

    async with AsyncExitStack() as stack:

        async def start(url: str, *command: str, root: str = "/", **options: Any) -> Editor:
            editor = Editor()
            await editor.start(
                *(command or (sys.executable, "-c", SERVER, url)),
                root=root,
                options={"historyFolder": str(tmp_path / "history")} | options,
            )
            stack.push_async_callback(editor.stop)
            return editor

        yield start


@pytest.fixture
def word_embedder() -> "WordEmbedder":
    """It keeps what it was asked to embed, in order, in ``embedded``."""
    from tests.fixtures.index import WordEmbedder

    return WordEmbedder()


@pytest.fixture
def stored() -> "Stored":
    from tests.fixtures.index import Stored

    return Stored()


@pytest.fixture(scope="session")
def chroma_server(
    tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Callable[[], int]
) -> Iterator[str]:
    """The URL of a real one; it takes a second to start, once for the whole session."""
    from tests.fixtures import index

    with index.chroma_server(
        tmp_path_factory.mktemp("chroma-server"), unused_tcp_port_factory()
    ) as url:
        yield url


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A real model folder; made once and kept, for it is the same every time."""
    from loadtest.benchmarks.models import tiny_model as recipe

    return recipe.make(REPOSITORY / ".models" / "tiny")


@pytest_asyncio.fixture(scope="session")
async def vllm_generator(tiny_model: Path) -> AsyncIterator["VllmGenerator"]:
    """One real engine for the whole session: it takes 20 s to start."""
    from backend.generators.vllm.engine import VllmGenerator
    from backend.settings import Vllm

    generator = await VllmGenerator.start(str(tiny_model), Vllm(cpu_threads=1))
    yield generator
    await generator.close()


@pytest.fixture(scope="session")
def _upstream() -> Iterator["Upstream"]:
    from tests.fixtures.upstream import Upstream

    upstream = Upstream()
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(_upstream: "Upstream") -> Iterator["Upstream"]:
    """A scripted OpenAI-compatible server; each test finds it as it was when it started."""
    yield _upstream
    _upstream.reply = None
    _upstream.models = [_upstream.model]


@pytest.fixture(scope="session")
def collector() -> Iterator["Collector"]:
    """Receives traces. An exporter that starts while it runs sends several times a second."""
    from tests.fixtures.collector import Collector

    collector = Collector()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        yield collector
    collector.stop()


@pytest.fixture
async def cable() -> AsyncIterator[Callable[[str], Awaitable["Cable"]]]:
    """``await cable(url)``: a ``Cable`` to the server there."""
    from loadtest.benchmarks.drivers.cable import Cable

    async with AsyncExitStack() as stack:

        async def lay(url: str) -> Cable:
            laid = Cable(url)
            server = await laid.lay()
            stack.callback(server.close)
            stack.callback(laid.cut)
            return laid

        yield lay


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Waits until a condition holds; fails after a minute."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not await condition():  # noqa: ASYNC110  # the engine has no event to wait for
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
def planted(tmp_path: Path) -> "Planted":
    from tests.fixtures.planted import Planted

    return Planted(tmp_path / "planted")
