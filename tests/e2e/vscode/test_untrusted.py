"""A real VS Code with Workspace Trust, on a folder that somebody else made: nothing of it runs."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from backend.protocol import wire
from loadtest.benchmarks.editors.code_server import code_server
from loadtest.benchmarks.editors.workbench import Workbench

pytestmark = pytest.mark.editor

SCREENSHOTS = Path(__file__).parents[3] / "artifacts" / "vscode"
LOOP = "def total(xs):\n    result = []\n    for x in xs:\n        result.append(x * 2)\n"


@pytest.fixture
async def asked(scripted, tmp_path):
    """The address of a VS Code with Workspace Trust, and what its backend is asked."""
    asks = []

    async def reply(frame):
        if isinstance(frame, wire.Ask):
            asks.append(frame)
            usage, timings = wire.Usage(), wire.Timings()
            yield wire.Delta(id=frame.id, seq=0, text="an answer")
            yield wire.Finished(id=frame.id, seq=1, reason="stop", usage=usage, timings=timings)

    machine = {"glossator.url": await scripted(reply)}
    async with code_server(tmp_path / "editor", trust=True, machine=machine) as address:
        yield address, asks


@pytest.fixture
async def opened(asked, request, browser, planted, tmp_path):
    """``await opened(settings)``: a window on a folder with programs of its own in every place."""
    windows = []

    async def start(settings):
        folder = tmp_path / "work"
        planted.repository(folder, "notes.txt")
        planted.ruff(folder)
        planted.everything(folder)
        window = await Workbench.start(browser, asked[0], folder, {"loops.py": LOOP}, settings)
        windows.append(window)
        await window.open("loops.py")
        await window.ready()
        return window

    yield start
    for window in windows:
        await window.picture(SCREENSHOTS / f"{request.node.name}.png")


async def optimize(window, asks):
    """The evidence that went along: ruff gives it."""
    count = len(asks)
    await window.page.keyboard.press("Control+a")
    await window.command("Optimize")
    await window.until(lambda: len(asks) > count)
    return [each.code for each in asks[-1].context.remarks]


async def reviewed(window):
    """The review takes the keyboard when it opens, and would close what is open by then."""
    await expect(window.page.locator(".tab.active", has_text="Optimize")).to_be_visible()
    await expect(window.page.locator(".monaco-diff-editor .line-insert").first).to_be_visible()


async def test_nothing_of_an_untrusted_folder_is_run(asked, opened, planted):
    """Neither a server or ruff that its settings name, nor its ruff, nor what its repository
    names; the answers have their evidence all the same."""
    _, asks = asked
    settings = {
        "glossator.command": [planted.program("server")],
        "glossator.ruff": planted.program("configured-ruff"),
        "glossator.url": "http://127.0.0.1:9",
    }
    window = await opened(settings)
    assert await optimize(window, asks) == ["PERF401"]
    await reviewed(window)
    chat = await window.chat()
    await chat.ask("@diff what is new?")
    await chat.ended()
    assert "+new" in asks[-1].context.diff
    assert planted.ran == []


async def test_trusting_the_folder_counts_at_once(asked, opened, planted):
    """Without a restart; its ruff runs then."""
    _, asks = asked
    window = await opened({})
    assert await optimize(window, asks) == ["PERF401"]
    await reviewed(window)
    assert planted.ran == []
    await window.page.locator(".statusbar-item", has_text="Restricted Mode").click()
    await window.page.get_by_role("button", name="Trust", exact=True).click()
    restricted = window.page.locator(".statusbar-item", has_text="Restricted Mode")
    await expect(restricted).to_have_count(0)
    await window.page.locator(".monaco-modal-editor-block .codicon-close").last.click()
    await window.page.get_by_role("tab", name="loops.py", exact=True).click()
    active = window.page.locator(".editor-group-container.active .editor-instance .view-line")
    await active.first.click()
    await optimize(window, asks)
    assert "ruff" in planted.ran
    assert not [each for each in planted.ran if each.startswith("filter")]
