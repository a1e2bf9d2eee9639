"""The chat, in a real VS Code, with a real backend behind it."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.editor

CODE = "import numpy as np\n\nsamples = np.arange(8)\nspectrum = np.fft.rfft(samples)\n"


@pytest.fixture(scope="session")
def quoting(start_backend, data):
    """Answers by quoting the documentation: no model."""
    return start_backend("--engine", "extractive", "--data", str(data))


async def test_an_answer_streams_with_its_sources(quoting, open_workbench):
    """Question, Markdown, code block, and a citation that opens the source at its line."""
    window = await open_workbench(quoting.url, {"spectrum.py": CODE})
    await window.open("spectrum.py")
    chat = await window.chat()
    await chat.ask("how do I compute the inverse FFT of a real signal?")
    await chat.ended()
    await expect(chat.answer.locator("pre").first).to_contain_text("irfft")
    await window.picture("chat")
    source = chat.answer.locator("details a").first
    await source.click()
    await expect(window.page.locator(".tab.active", has_text=".py")).to_be_visible()
