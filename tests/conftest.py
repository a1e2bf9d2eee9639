"""An editor, for every suite that needs one: a real language client on a real server process."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from cattrs import Converter
from lsprotocol import types as lsp
from pygls.protocol import JsonRPCNotification, JsonRPCResponseMessage, default_converter
from pytest_lsp import LanguageClient, client_capabilities

REPOSITORY = Path(__file__).parents[1]
SERVER = "import sys; from lsp_server.server import main; main(sys.argv[1])"
TIMEOUT_S = 20


def plain_converter() -> Converter:
    """Results and parameters of our own methods stay the JSON they came as."""
    converter = default_converter()
    for message in (JsonRPCResponseMessage, JsonRPCNotification):
        converter.register_structure_hook(message, lambda fields, kind: kind(**fields))
    return converter


class Editor:
    """What an editor does with the language server, and everything the server told it."""

    def __init__(self) -> None:
        self.client = LanguageClient(converter_factory=plain_converter)
        self.progress: asyncio.Queue[tuple[str | int, Any]] = asyncio.Queue()
        self.statuses: asyncio.Queue[Any] = asyncio.Queue()
        self.messages: list[str] = []
        self.initialized: Any = None
        self._requests = 0
        self._stopped = False

        @self.client.feature(lsp.PROGRESS)
        def progress(params: lsp.ProgressParams) -> None:
            self.progress.put_nowait((params.token, params.value))

        @self.client.feature("glossator/didChangeStatus")
        def status(params: Any) -> None:
            self.statuses.put_nowait(params)

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE)
        def message(params: lsp.ShowMessageParams) -> None:
            self.messages.append(params.message)

    async def start(self, *command: str) -> None:
        await self.client.start_io(*command, cwd=REPOSITORY)
        self.initialized = await self.client.initialize_session(
            lsp.InitializeParams(
                capabilities=client_capabilities("visual-studio-code"), root_uri="file:///"
            )
        )

    async def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            await self.client.shutdown_session()

    def open(self, uri: str, text: str, language: str = "python") -> None:
        document = lsp.TextDocumentItem(uri, language, 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))

    def replace(self, uri: str, version: int, text: str) -> None:
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(version, uri),
                [lsp.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def request(self, method: str, params: Any) -> tuple[str, asyncio.Task[Any]]:
        """Sends at once; returns the request's id, to cancel it, and its result to come."""
        self._requests += 1
        msg_id = f"test-{self._requests}"
        answer = self.client.protocol.send_request_async(method, params, msg_id)
        return msg_id, asyncio.ensure_future(answer)

    def chat(self, prompt: str, token: str, **more: Any) -> tuple[str, asyncio.Task[Any]]:
        params = {"tabId": "tab", "prompt": prompt, "partialResultToken": token, **more}
        return self.request("glossator/chat", params)

    def cancel(self, msg_id: str) -> None:
        self.client.cancel_request(lsp.CancelParams(msg_id))

    async def next_progress(self, token: str) -> Any:
        async with asyncio.timeout(TIMEOUT_S):
            of, value = await self.progress.get()
        assert of == token
        return value

    async def partial_results(self, token: str) -> list[Any]:
        """All of them, from the next one to the one that says it is the last."""
        values = [await self.next_progress(token)]
        while values[-1]["kind"] != "end":
            values.append(await self.next_progress(token))
        return values

    async def status(self, state: str) -> Any:
        """Waits until the server tells this state; what it told before is passed over."""
        async with asyncio.timeout(TIMEOUT_S):
            while (status := await self.statuses.get())["state"] != state:
                pass
        return status


OpenEditor = Callable[..., Awaitable[Editor]]


@pytest.fixture
async def open_editor() -> AsyncIterator[OpenEditor]:
    """``await open_editor(url)`` starts our language server and an editor connected to it."""
    async with AsyncExitStack() as stack:

        async def start(url: str, *command: str) -> Editor:
            editor = Editor()
            await editor.start(*(command or (sys.executable, "-c", SERVER, url)))
            stack.push_async_callback(editor.stop)
            return editor

        yield start
