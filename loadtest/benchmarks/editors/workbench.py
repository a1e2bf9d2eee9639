"""One window of VS Code in a browser, and what its user can do."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, FrameLocator, Locator, Page, expect

SHOWS_WITHIN_MS = 30_000

expect.set_options(timeout=SHOWS_WITHIN_MS)


class Workbench:
    """A window on a folder."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder

    @classmethod
    async def start(
        cls,
        browser: Browser,
        address: str,
        folder: Path,
        files: dict[str, str],
        settings: dict[str, Any],
        script: str = "",
    ) -> "Workbench":
        """Opens a new folder with these files and settings. ``script`` runs in every frame."""
        (folder / ".vscode").mkdir(parents=True)
        (folder / ".vscode" / "settings.json").write_text(json.dumps(settings))
        for name, text in files.items():
            (folder / name).write_text(text)
        context = await browser.new_context(viewport={"width": 1400, "height": 900})
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        if script:
            await context.add_init_script(script)
        page = await context.new_page()
        page.set_default_timeout(SHOWS_WITHIN_MS)
        window = cls(page, folder)
        await page.goto(f"{address}/?folder={folder}")
        await expect(window.status).to_be_visible()
        return window

    async def stop(self) -> None:
        await self.page.context.close()

    async def open(self, name: str) -> None:
        """Opens a file by its name, with the cursor at its beginning."""
        await self.page.get_by_role("treeitem", name=name).dblclick()
        await expect(self.page.locator(".tab.active", has_text=name)).to_be_visible()
        await self.page.locator(".monaco-editor .view-line").first.click()
        await self.page.keyboard.press("Control+Home")

    async def ready(self) -> None:
        """Waits until the status bar says that the backend answers."""
        await expect(self.status).to_have_attribute("aria-label", "Glossator: ready")

    async def command(self, title: str) -> None:
        """Runs a command from the command palette, where a user finds it."""
        entry = self.page.locator(".quick-input-widget").get_by_role(
            "option", name=f"Glossator: {title}"
        )
        await expect(self.status).to_be_visible()  # else it is still loading, and deaf
        await self.page.keyboard.press("F1")
        await self.page.locator(".quick-input-widget input").fill(f">Glossator: {title}")
        await entry.first.click()

    async def answers(self, title: str, text: str) -> None:
        """Types what the editor asks for in the box with this title."""
        box = self.page.locator(".quick-input-widget", has_text=title).locator("input[type=text]")
        await box.fill(text)
        await box.press("Enter")

    async def select_lines(self, count: int) -> None:
        """Selects from the beginning of the cursor's line."""
        await self.page.keyboard.press("Home")
        for _ in range(count):
            await self.page.keyboard.press("Shift+ArrowDown")

    async def text(self) -> str:
        """The lines that the active editor shows."""
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
        """Waits for something that no page shows."""
        async with asyncio.timeout(SHOWS_WITHIN_MS / 1000):
            while not condition():  # noqa: ASYNC110  # a counter has no event
                await asyncio.sleep(0.05)

    @property
    def status(self) -> Locator:
        return self.page.locator(".statusbar-item", has_text="Glossator").locator("a")

    def notification(self, text: str) -> Locator:
        return self.page.locator(".notification-toast", has_text=text)

    async def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=path)


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
