"""Which guesses are sent ahead of a question."""

import asyncio
from pathlib import Path

from pygls.lsp.server import LanguageServer

from backend.protocol.wire import Prepare
from lsp_server.client.client import Client
from lsp_server.configuration import Configuration
from lsp_server.context.conversation import Conversations
from lsp_server.context.surroundings import Surroundings
from lsp_server.features import prepare
from lsp_server.protocol.prepare import PREPARE


async def test_the_same_guess_is_not_sent_twice_in_a_row(play, tmp_path: Path, monkeypatch) -> None:
    """The next guess is the event: frames keep their order, so a repeated one would come first."""
    monkeypatch.setattr(prepare, "PAUSE_S", 0)
    received = []

    async def script(peer):
        while len(received) < 2:
            received.append((await peer.receive(Prepare)).question)

    backend = await play(script)
    async with Client(backend.url) as client:
        await client.connect()
        server = LanguageServer("test", "1")
        prepare.attach(
            server, client, Surroundings(), Conversations(lambda: tmp_path), Configuration()
        )
        guess = server.protocol.fm.features[PREPARE]
        for prompt in ("how", "how", "what"):
            before = asyncio.all_tasks()
            guess({"prompt": prompt})
            await asyncio.wait(asyncio.all_tasks() - before)
        await backend.played()
    assert received == ["how", "what"]
