"""What is shown at the code itself: inline help, completions, answers in a thread under it."""

import pytest
from playwright.async_api import expect

from backend.protocol import wire

pytestmark = pytest.mark.editor

CODE = "import numpy as np\n\nsamples = np.arange(8)\nspectrum = np.fft.rfft(samples)\n"
LONG = " ".join(f"word{number}" for number in range(2000))


async def test_hover_tells_what_the_index_knows(quoting, open_workbench, picture):
    """Signature and link, of the symbol that the import in scope says."""
    window = await open_workbench(quoting.url, {"spectrum.py": CODE})
    await window.open("spectrum.py")
    await window.ready()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "End", "Control+ArrowLeft"):
        await window.page.keyboard.press(key)
    for _ in range(3):  # before the parenthesis, in rfft
        await window.page.keyboard.press("ArrowLeft")
    await window.page.keyboard.press("Control+k")
    await window.page.keyboard.press("Control+i")
    hover = window.page.locator(".monaco-hover", has_text="rfft(")
    await expect(hover).to_be_visible()
    await expect(hover.locator("a").first).to_be_visible()
    await picture(window, "hover")


async def test_explain_and_ask_stream_into_a_thread_under_the_code(
    answering, upstream, open_workbench, picture
):
    """Both, from the palette; closing the thread stops the answer in the model.

    However fast the model writes, the beginning is shown while it does.
    """
    upstream.says("It computes **half** of the spectrum.")
    window = await open_workbench(answering.url, {"spectrum.py": CODE})
    await window.open("spectrum.py")
    await window.ready()
    for _ in range(3):
        await window.page.keyboard.press("ArrowDown")
    await window.select_lines(1)
    await window.command("Explain")
    thread = window.page.locator(".review-widget")
    await expect(thread.locator("strong", has_text="half")).to_be_visible()
    await picture(window, "explain")
    await thread.get_by_role("button", name="Close").click()
    await expect(thread).to_have_count(0)

    upstream.says(LONG, pause_s=0.005)
    await window.command("Ask at the Cursor…")
    await window.answers("Ask Glossator here", "why only half?")
    await expect(thread).to_contain_text("word5")
    assert upstream.running == 1
    await thread.get_by_role("button", name="Close").click()
    await window.until(lambda: upstream.running == 0)


async def test_code_is_completed_inline_and_taken_with_tab(scripted, open_workbench, picture):
    """Ghost text at the cursor, from a backend that can fill in the middle."""

    async def reply(frame):
        if isinstance(frame, wire.Complete):
            text = "return a + b" if frame.prefix.endswith(":\n    ") else ""
            yield wire.Delta(id=frame.id, seq=0, text=text)
            usage, timings = wire.Usage(), wire.Timings()
            yield wire.Finished(id=frame.id, seq=1, reason="stop", usage=usage, timings=timings)

    window = await open_workbench(await scripted(reply), {"sums.py": ""})
    await window.open("sums.py")
    await window.ready()
    await window.page.keyboard.type("def add(a, b):\n", delay=30)
    ghost = window.page.locator("[class*='ghost-text']")
    await expect(ghost.first).to_be_visible()
    await picture(window, "completion")
    await window.page.keyboard.press("Tab")
    await expect(ghost).to_have_count(0)
    assert await window.text() == "def add(a, b):\n    return a + b"
