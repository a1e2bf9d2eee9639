"""Neovim's chat with a real backend process: its connection cut, and itself killed."""

import socket
import sys
from contextlib import asynccontextmanager

import pytest

from loadtest.benchmarks.servers.process import running

pytestmark = pytest.mark.editor

LONG = " ".join(f"word{number}" for number in range(600))


@pytest.fixture
def serve(upstream, tmp_path):
    """``async with serve(port) as child``: ``glossator serve`` in a process of its own."""
    config = tmp_path / "glossator.toml"
    # These two load libraries for seconds, and have their own tests.
    config.write_text("[rails.pii]\naction = 'off'\n[rails.toxicity]\naction = 'off'\n")

    @asynccontextmanager
    async def start(port):
        command = [
            *(sys.executable, "-m", "glossator", "serve", "--port", str(port)),
            *("--upstream", upstream.url, "--data", str(tmp_path / "data")),
            *("--config", str(config)),
        ]
        async with running("the backend", command, tmp_path, {}) as child:

            async def ready():
                return "serves at" in child.log() or None

            await child.until(ready)
            yield child

    return start


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_cut_connection_costs_no_character(serve, port, upstream, cable, nvim, file):
    """Cut twice in the middle, the answer goes on where it was: nothing is lost or doubled."""
    upstream.says(LONG, pause_s=0.01)
    async with serve(port):
        way = await cable(f"http://127.0.0.1:{port}")
        await nvim.start(way.url, file, prepare=False)
        await nvim.command("Glossator ask how?")
        for word in ("word50 ", "word250 "):
            await nvim.shows(word)
            way.cut()
        assert (await nvim.shows("word599"))[:3] == ["> how?", "", LONG]
    assert way.joined >= 3


async def test_a_killed_backend_costs_the_answer_under_way_only(serve, port, upstream, nvim, file):
    """The chat says what happened; with the backend back, the conversation goes on."""
    async with serve(port) as backend:
        await nvim.start(f"http://127.0.0.1:{port}", file, prepare=False)
        upstream.says("It is forty-two.")
        await nvim.command("Glossator ask what is it?")
        await nvim.shows("forty-two")
        await nvim.until("require('glossator').statusline() == 'glossator'")
        upstream.says(LONG, pause_s=0.05)
        await nvim.command("Glossator ask and in words?")
        await nvim.shows("word5 ")
        backend.process.kill()
        await nvim.shows("lost")
    upstream.says("Forty and two.")
    async with serve(port):
        await nvim.until("require('glossator').statusline() == 'glossator'")
        await nvim.command("Glossator retry")
        said = "\n".join(await nvim.shows("Forty and two."))
    assert "It is forty-two." in said
    assert "word4 word5" in said
