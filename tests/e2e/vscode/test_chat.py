"""The chat, in a real VS Code with a real backend behind it."""

import re

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.editor

CODE = "import numpy as np\n\nsamples = np.arange(8)\nspectrum = np.fft.rfft(samples)\n"
LONG = " ".join(f"word{number}" for number in range(2000))


async def test_an_answer_is_drawn_with_sources_that_open(quoting, open_workbench, picture):
    """Markdown, code, and a citation that opens the installed source at its line."""
    window = await open_workbench(quoting.url, {"spectrum.py": CODE})
    await window.open("spectrum.py")
    chat = await window.chat()
    await expect(chat.frame.locator("#place")).to_have_text("With spectrum.py, line 1")
    await chat.ask("what does numpy.fft.irfft compute?")
    await chat.ended()
    await expect(chat.answer.locator("pre").first).to_contain_text("irfft")
    await picture(window, "chat")
    await chat.answer.locator("details a", has_text="irfft").first.click()
    await expect(window.page.locator(".tab.active")).not_to_contain_text("spectrum.py")
    cursor = window.page.locator(".statusbar-item", has_text=re.compile(r"Ln \d+"))
    await expect(cursor).not_to_contain_text("Ln 1,")


async def test_code_of_an_answer_goes_to_the_cursor_or_into_a_diff(
    answering, upstream, open_workbench
):
    """Insert and Apply, and a change that was made meanwhile is not overwritten."""
    upstream.says("Use this:\n\n```python\nsamples = np.ones(8)\n```\n\nDone.")
    window = await open_workbench(answering.url, {"spectrum.py": CODE})
    await window.open("spectrum.py")
    await window.page.keyboard.press("ArrowDown")
    await window.page.keyboard.press("ArrowDown")
    await window.select_lines(1)
    chat = await window.chat()
    await chat.ask("ones, please")
    await chat.ended()

    await chat.answer.get_by_role("button", name="Apply…").click()
    await expect(window.page.locator(".monaco-diff-editor .line-insert").first).to_be_visible()
    await window.page.get_by_role("button", name="Accept All Changes").click()
    await expect(window.page.locator(".monaco-diff-editor")).to_be_hidden()
    assert await window.text() == CODE.replace("np.arange(8)", "np.ones(8)")

    await window.page.keyboard.press("Control+End")
    await chat.answer.get_by_role("button", name="Insert").click()
    await expect(window.page.locator(".view-line", has_text="np.ones(8)")).to_have_count(2)


async def test_escape_stops_the_answer_in_the_model(answering, upstream, open_workbench):
    """What was said stays, and the engine behind the backend stops."""
    upstream.says(LONG, pause_s=0.02)
    window = await open_workbench(answering.url, {"spectrum.py": CODE})
    chat = await window.chat()
    await chat.ask("how?")
    await expect(chat.answer).to_contain_text("word5")
    assert upstream.running == 1
    await expect(chat.stop).to_be_visible()
    await chat.prompt.press("Escape")
    await chat.ended("stopped")
    await expect(chat.answer).to_contain_text("word5")
    await window.until(lambda: upstream.running == 0)
    await expect(chat.answer.get_by_role("button", name="Ask again")).to_be_visible()


async def test_conversations_are_listed_opened_deleted_and_survive_a_reload(
    answering, upstream, open_workbench
):
    """By the language server's history, and the editor's own list."""
    upstream.says("It is forty-two.")
    window = await open_workbench(answering.url, {"spectrum.py": CODE})
    chat = await window.chat()
    await chat.ask("what is the first answer?")
    await chat.ended()
    await window.command("New Conversation")
    await expect(chat.log.locator("article")).to_have_count(0)
    await chat.ask("and what is the second one?")
    await chat.ended()

    await window.page.keyboard.press("Control+Shift+E")  # hides the page, which is thrown away
    await expect(chat.log).to_be_hidden()
    chat = await window.chat()
    await expect(chat.log).to_contain_text("the second one")

    await window.page.reload()
    chat = await window.chat()
    await expect(chat.answer).to_contain_text("forty-two")
    await expect(chat.log).to_contain_text("the second one")

    await window.command("Conversations…")
    entries = window.page.locator(".quick-input-list").get_by_role("option")
    await expect(entries).to_have_count(2)
    await entries.filter(has_text="the first answer").click()
    await expect(chat.log).to_contain_text("the first answer")

    await window.command("Conversations…")
    first = entries.filter(has_text="the first answer")
    await first.hover()
    await first.get_by_role("button", name="Delete").click()
    await expect(entries).to_have_count(1)
    await window.page.keyboard.press("Escape")
    await expect(chat.log.locator("article")).to_have_count(0)
