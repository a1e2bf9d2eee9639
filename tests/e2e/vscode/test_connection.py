"""What the user sees of the server and the backend, when they are there and when they are not."""

import re
import shlex
import sys
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.editor

NUMBERED = " ".join(f"word{number}" for number in range(600))
LONG = " ".join(f"word{number}" for number in range(2000))


async def test_an_absent_backend_is_told_where_one_looks(open_workbench, picture):
    """The status bar, the panel and the answer say how to start it."""
    window = await open_workbench("http://127.0.0.1:9", {"a.py": "x = 1\n"})
    chat = await window.chat()
    advice = "start it with: glossator serve"
    await expect(chat.frame.locator("#connection")).to_contain_text(advice)
    await expect(window.status).to_have_attribute("aria-label", re.compile(advice))
    await chat.ask("how?")
    await chat.ended("failed")
    await expect(chat.answer.get_by_role("alert")).to_contain_text(advice)
    await picture(window, "offline")


async def test_a_backend_killed_in_the_middle_of_an_answer_costs_that_answer_only(
    serve, upstream, open_workbench
):
    """The panel says what happened; when the backend is back the conversation goes on."""
    backend = serve("--upstream", upstream.url)
    port = str(urlsplit(backend.url).port)
    window = await open_workbench(backend.url, {"a.py": "x = 1\n"})
    chat = await window.chat()
    upstream.says("It is forty-two.")
    await chat.ask("what is it?")
    await chat.ended()

    upstream.says(LONG, pause_s=0.05)
    await chat.ask("and in words?")
    await expect(chat.answer).to_contain_text("word5")
    backend.process.kill()
    await expect(chat.frame.locator("#connection")).to_be_visible()
    await chat.ended("failed")
    await expect(chat.answer).to_contain_text("word5")
    await expect(chat.answer.get_by_role("alert")).to_contain_text("lost")
    await expect(chat.log).to_contain_text("forty-two")

    upstream.says("Forty and two.")
    serve("--upstream", upstream.url, "--port", port)
    await expect(chat.frame.locator("#connection")).to_be_hidden()
    await chat.answer.get_by_role("button", name="Ask again").click()
    await chat.ended()
    await expect(chat.answer).to_contain_text("Forty and two.")


async def test_a_cut_connection_costs_no_character(answering, upstream, cable, open_workbench):
    """Cut twice in the middle, the answer goes on where it was: nothing is lost or doubled."""
    way = await cable(answering.url)
    window = await open_workbench(way.url, {"a.py": "x = 1\n"})
    chat = await window.chat()
    await window.ready()
    upstream.says(NUMBERED, pause_s=0.01)
    await chat.ask("what is it?")
    for word in ("word50 ", "word250 "):
        await expect(chat.answer).to_contain_text(word)
        way.cut()
    await chat.ended()
    assert await chat.answer.locator(".body").inner_text() == NUMBERED
    assert way.joined >= 3


async def test_the_server_of_the_workspace_is_found(open_workbench):
    """Without any setting, in the workspace's own environment; without one, help is offered."""
    server = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m glossator "$@"\n'
    settings = {"glossator.command": []}
    window = await open_workbench("http://127.0.0.1:9", {"a.py": ""}, **settings)
    await expect(window.notification("not installed")).to_be_visible()

    program = window.folder / ".venv" / "bin" / "glossator"
    program.parent.mkdir(parents=True)
    program.write_text(server)
    program.chmod(0o755)
    await window.command("Restart the Language Server")
    chat = await window.chat()
    await expect(chat.frame.locator("#connection")).to_contain_text("glossator serve")
