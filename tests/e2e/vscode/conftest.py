"""A real VS Code workbench with the packaged extension in it, in a real browser.

``loadtest.benchmarks.editors`` drives it. The language server is ours, the backend a ``glossator
serve`` of its own. ``install.sh`` installs what the Python environment lacks.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen

from backend.protocol import wire
from loadtest.benchmarks.editors import vscode
from loadtest.benchmarks.editors.code_server import code_server
from loadtest.benchmarks.editors.workbench import Workbench

SCREENSHOTS = Path(__file__).parents[3] / "artifacts" / "vscode"


@pytest.fixture(scope="session")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Of the one code-server that all windows are opened at."""
    if not vscode.installed():
        pytest.fail("run `make test-vscode`, which installs what these tests need")
    async with code_server(tmp_path_factory.mktemp("vscode")) as address:
        yield address


@pytest.fixture(scope="session")
def serve(start_backend: Callable[..., Any], data: Path, tmp_path_factory: Any) -> Any:
    """``serve("--engine", ...)``: a backend with an index of its own, for each owns its folder."""
    settings = tmp_path_factory.mktemp("settings") / "glossator.toml"
    settings.write_text(
        # These two load libraries for seconds, and have their own tests.
        "[rails.pii]\naction = 'off'\n[rails.toxicity]\naction = 'off'\n"
        "[retrieval]\nbudget_ms = 5000\n"  # a busy machine is late, and the answer without sources
    )

    def start(*options: str) -> Any:
        folder = tmp_path_factory.mktemp("data") / "copy"
        shutil.copytree(data, folder)
        return start_backend("--data", str(folder), "--config", str(settings), *options)

    return start


@pytest.fixture(scope="session")
def quoting(serve: Callable[..., Any]) -> Any:
    """A backend that quotes the documentation: no model."""
    return serve("--engine", "extractive")


@pytest.fixture(scope="session")
def answering(serve: Callable[..., Any], _upstream: Any) -> Any:
    """A backend whose model says what a test tells it to."""
    return serve("--upstream", _upstream.url)


Reply = Callable[[wire.ClientFrame], AsyncIterator[wire.ServerFrame]]


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[[Reply], Awaitable[str]]]:
    """``await scripted(reply)``: the address of a backend that says what ``reply`` yields."""
    async with AsyncExitStack() as stack:

        async def start(reply: Reply) -> str:
            async def talk(socket: ServerConnection) -> None:
                async for message in socket:
                    async for frame in reply(wire.decode_client(message)):
                        await socket.send(wire.encode(frame))

            listening = listen(
                talk, "127.0.0.1", 0, subprotocols=[wire.SUBPROTOCOL], close_timeout=1
            )
            server = await stack.enter_async_context(listening)
            return f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"

        yield start


OpenWorkbench = Callable[..., Awaitable[Workbench]]


@pytest.fixture
async def open_workbench(
    request: pytest.FixtureRequest, address: str, browser: Browser, tmp_path: Path
) -> AsyncIterator[OpenWorkbench]:
    """``await open_workbench(url, {"a.py": "..."})``: a window on a folder with these files.

    Ends with a picture of what each window showed last.
    """
    windows: list[Workbench] = []

    async def start(url: str, files: dict[str, str], **settings: Any) -> Workbench:
        folder = tmp_path / f"work{len(windows)}"
        all_settings = {"glossator.url": url, **settings}
        window = await Workbench.start(browser, address, folder, files, all_settings)
        windows.append(window)
        return window

    yield start
    for number, window in enumerate(windows):
        await window.picture(SCREENSHOTS / f"{request.node.name}-{number}.png")
        await window.stop()


@pytest.fixture
def picture() -> Callable[[Workbench, str], Awaitable[None]]:
    """``await picture(window, name)``: one more, of what is worth seeing on the way."""

    async def take(window: Workbench, name: str) -> None:
        await window.picture(SCREENSHOTS / f"{name}.png")

    return take
