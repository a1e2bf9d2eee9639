"""What the suites share: an editor, an embedder, the tiny model and its engine, an upstream, a
collector of traces.

The editor is a language client with a real server process, the engine a real vLLM, the upstream
a scripted OpenAI-compatible server on a real port.
"""

import asyncio
import contextlib
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
import uvicorn
from cattrs import Converter
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from lsprotocol import types as lsp
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from pygls.protocol import JsonRPCNotification, JsonRPCResponseMessage, default_converter
from pytest_lsp import LanguageClient, client_capabilities

from backend.generators.vllm.engine import VllmGenerator
from backend.settings import Vllm
from indexer.types import Change, Chunk, ChunkIndex, Embedder, Held, Vectors
from loadtest.benchmarks.drivers.cable import Cable
from loadtest.benchmarks.models import tiny_model as recipe

REPOSITORY = Path(__file__).parents[1]
SERVER = "import sys; from lsp_server.server import main; main(sys.argv[1])"
TIMEOUT_S = 20


def plain_converter() -> Converter:
    """Results and parameters of our own methods stay the JSON they came as, and so do the results
    of standard ones: lsprotocol takes a code action with a command for a command."""
    converter = default_converter()
    for method in (
        lsp.TEXT_DOCUMENT_HOVER,
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.TEXT_DOCUMENT_INLINE_COMPLETION,
    ):
        response = lsp.METHOD_TO_TYPES[method][1]
        converter.register_structure_hook(response, lambda fields, kind: kind(**fields))
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
        self.edits: list[Any] = []  # that the server asked for
        self.applies = True  # whether they are
        self.asked: list[str] = []  # by window/showMessageRequest
        self.chooses = ""  # the answer to that
        self.shown: list[str] = []  # documents
        self.progress_ended = 0  # work-done progress
        self.initialized: Any = None
        self._requests = 0
        self._stopped = False

        @self.client.feature(lsp.PROGRESS)
        def progress(params: lsp.ProgressParams) -> None:
            if isinstance(params.value, dict) and "title" not in params.value:
                self.progress_ended += params.value == {"kind": "end"}
            if params.value != {"kind": "end"} and "title" not in params.value:
                self.progress.put_nowait((params.token, params.value))

        @self.client.feature("glossator/didChangeStatus")
        def status(params: Any) -> None:
            self.statuses.put_nowait(params)

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE)
        def message(params: lsp.ShowMessageParams) -> None:
            self.messages.append(params.message)

        @self.client.feature(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def create(params: lsp.WorkDoneProgressCreateParams) -> None:
            return None

        @self.client.feature(lsp.WORKSPACE_APPLY_EDIT)
        def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
            self.edits.append(params.edit)
            return lsp.ApplyWorkspaceEditResult(applied=self.applies)

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE_REQUEST)
        def ask(params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
            self.asked.append(params.message)
            return lsp.MessageActionItem(self.chooses) if self.chooses else None

        @self.client.feature(lsp.WINDOW_SHOW_DOCUMENT)
        def show(params: lsp.ShowDocumentParams) -> lsp.ShowDocumentResult:
            self.shown.append(params.uri)
            return lsp.ShowDocumentResult(success=True)

    async def start(self, *command: str, root: str = "/", options: Any = None) -> None:
        await self.client.start_io(*command, cwd=REPOSITORY)
        self.initialized = await self.client.initialize_session(
            lsp.InitializeParams(
                capabilities=client_capabilities("visual-studio-code"),
                root_uri=Path(root).as_uri(),
                initialization_options=options,
            )
        )

    async def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            await self.client.shutdown_session()

    async def die(self) -> None:
        """Without a goodbye; returns when the server has ended too."""
        self._stopped = True
        server = self.client._server
        assert server is not None
        assert server.stdin is not None
        server.stdin.close()
        async with asyncio.timeout(TIMEOUT_S):
            await server.wait()
        await self.client.stop()

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

    def type(self, uri: str, version: int, line: int, character: int, text: str) -> None:
        """An incremental change: ``text`` typed at a place."""
        at = lsp.Range(lsp.Position(line, character), lsp.Position(line, character))
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(version, uri),
                [lsp.TextDocumentContentChangePartial(at, text)],
            )
        )

    def request(self, method: str, params: Any) -> tuple[str, asyncio.Task[Any]]:
        """Sends at once; returns the request's id, to cancel it, and its result to come."""
        self._requests += 1
        msg_id = f"test-{self._requests}"
        if method in lsp.METHOD_TO_TYPES:
            params = default_converter().structure(params, lsp.METHOD_TO_TYPES[method][2])
        answer = self.client.protocol.send_request_async(method, params, msg_id)
        return msg_id, asyncio.ensure_future(answer)

    def chat(self, prompt: str, token: str, **more: Any) -> tuple[str, asyncio.Task[Any]]:
        params = {"tabId": "tab", "prompt": prompt, "partialResultToken": token, **more}
        return self.request("glossator/chat", params)

    async def hover(self, uri: str, line: int, character: int) -> Any:
        place = {"line": line, "character": character}
        _, answer = self.request(
            lsp.TEXT_DOCUMENT_HOVER, {"textDocument": {"uri": uri}, "position": place}
        )
        return await answer

    async def actions(
        self, uri: str, where: Any, diagnostics: Sequence[Any] = (), only: Any = None
    ) -> list[Any]:
        context = {"diagnostics": list(diagnostics)} | ({"only": only} if only else {})
        params = {"textDocument": {"uri": uri}, "range": where, "context": context}
        _, answer = self.request(lsp.TEXT_DOCUMENT_CODE_ACTION, params)
        return list(await answer)

    async def execute(self, command: Any) -> None:
        params = {"command": command["command"], "arguments": command["arguments"]}
        _, answer = self.request(lsp.WORKSPACE_EXECUTE_COMMAND, params)
        await answer

    def settings(self, values: Any) -> lsp.DidChangeConfigurationParams:
        return lsp.DidChangeConfigurationParams(values)

    async def until(self, condition: Callable[[], object]) -> None:
        """Polls: what the server sends by itself is awaited by nobody."""
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

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
async def open_editor(tmp_path: Path) -> AsyncIterator[OpenEditor]:
    """``await open_editor(url)`` starts our language server and an editor connected to it.

    ``options`` are the server's; conversations are kept in the test's own folder.
    """
    async with AsyncExitStack() as stack:

        async def start(url: str, *command: str, root: str = "/", **options: Any) -> Editor:
            editor = Editor()
            await editor.start(
                *(command or (sys.executable, "-c", SERVER, url)),
                root=root,
                options={"historyFolder": str(tmp_path / "history")} | options,
            )
            stack.push_async_callback(editor.stop)
            return editor

        yield start


class WordEmbedder:
    """An ``Embedder`` that needs no weights: texts are near when they share words."""

    name = "words"
    dimension = 64

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row, 0] = 0.01  # a text without words has a direction too
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, zlib.crc32(word.encode("utf-8", "replace")) % self.dimension] += 1
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


@pytest.fixture
def word_embedder() -> WordEmbedder:
    """It keeps what it was asked to embed, in order, in ``embedded``."""
    return WordEmbedder()


@pytest.fixture(scope="module")
def words_of_the_module() -> WordEmbedder:
    return WordEmbedder()


class Stored:
    """Puts chunks into an index as a run does: each is an entry of its own, named by its id."""

    def __call__(self, index: ChunkIndex, embedder: Embedder, *chunks: Chunk) -> None:
        for source in dict.fromkeys(chunk.source for chunk in chunks):
            mine = {chunk.id: chunk for chunk in chunks if chunk.source == source}

            def batches(wanted: Collection[str], mine: dict[str, Chunk] = mine) -> Any:
                new = [mine[chunk_id] for chunk_id in wanted]
                return [(new, embedder.embed([chunk.text for chunk in new]))]

            held = {chunk_id: Held("", 1, (chunk_id,)) for chunk_id in mine}
            index.apply(Change(source, held, frozenset(), batches))

    def forget(self, index: ChunkIndex, source: str, ids: Collection[str]) -> None:
        index.apply(Change(source, {}, frozenset(ids), lambda wanted: []))


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real one, as `chroma run` starts it; a second for the whole session."""
    folder = tmp_path_factory.mktemp("chroma-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder),
               "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A real model folder; made once and kept, for it is the same every time."""
    return recipe.make(REPOSITORY / ".models" / "tiny")


@pytest_asyncio.fixture(scope="session")
async def vllm_generator(tiny_model: Path) -> AsyncIterator[VllmGenerator]:
    """One real engine for the whole session: it takes 20 s to start."""
    generator = await VllmGenerator.start(str(tiny_model), Vllm(cpu_threads=1))
    yield generator
    await generator.close()


class Upstream:
    """A scripted OpenAI-compatible server, on a real port and an event loop of its own.

    Answers with numbered words, a token each. ``reply`` replaces the answer for one test.
    """

    model = "numbered-words"
    context = 4096

    def __init__(self) -> None:
        self.running = 0  # answers being streamed now
        self.models = [self.model]
        self.reply: Callable[[dict[str, Any]], Response] | None = None
        app = FastAPI()
        app.get("/v1/models")(self._models)
        app.post("/v1/chat/completions")(self._complete)
        config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < deadline, "the upstream did not start"
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def says(self, text: str, pause_s: float = 0.0) -> None:
        """From now on, a word at a time, ``pause_s`` between them."""

        async def stream() -> AsyncIterator[str]:
            self.running += 1
            try:
                for word in re.findall(r"\s*\S+\s*", text):
                    yield event(chunk(word))
                    await asyncio.sleep(pause_s)
                yield event(chunk("", "stop"))
                yield "data: [DONE]\n\n"
            finally:
                self.running -= 1

        self.reply = lambda _: StreamingResponse(stream(), media_type="text/event-stream")

    async def _models(self) -> dict[str, Any]:
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}

    async def _complete(self, request: Request) -> Response:
        asked = await request.json()
        if self.reply is not None:
            return self.reply(asked)
        prompt = " ".join(message["content"] for message in asked["messages"])
        length = len(prompt.split())
        if length >= self.context:
            message = f"This model's maximum context length is {self.context} tokens."
            return JSONResponse({"error": {"message": message}}, status_code=400)
        return StreamingResponse(
            self._answer(asked, prompt, length), media_type="text/event-stream"
        )

    async def _answer(self, asked: dict[str, Any], prompt: str, length: int) -> AsyncIterator[str]:
        self.running += 1
        try:
            words = [f"{prompt.split()[-1]}{n} " for n in range(asked["max_tokens"])]
            whole = "".join(words)
            found = [whole.index(stop) for stop in asked.get("stop", ()) if stop in whole]
            end = min(found, default=len(whole))
            sent = tokens = 0
            while sent < end:
                await asyncio.sleep(0.001)
                word = words[tokens][: end - sent]
                sent, tokens = sent + len(word), tokens + 1
                yield event(chunk(word))
            finish = "stop" if found else "length"
            yield event(chunk("", finish))
            usage = {"prompt_tokens": length, "completion_tokens": tokens}
            yield event(chunk(None) | {"usage": usage | {"total_tokens": length + tokens}})
            yield "data: [DONE]\n\n"
        finally:
            self.running -= 1


def chunk(text: str | None, finish: str | None = None) -> dict[str, Any]:
    """One ``chat.completion.chunk``; without text it has no choices, as the one with the usage."""
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": Upstream.model,
        "choices": [] if text is None else choices,
    }


def event(data: object) -> str:
    return f"data: {json.dumps(data)}\n\n"


@pytest.fixture(scope="session")
def _upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(_upstream: Upstream) -> Iterator[Upstream]:
    """The upstream, itself again after the test."""
    yield _upstream
    _upstream.reply = None
    _upstream.models = [Upstream.model]


class Collector:
    """An OTLP/HTTP receiver on a real port; keeps every span, with its service's name."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, OtlpSpan]] = []
        collector = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                assert self.path == "/v1/traces"
                collector._take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _take(self, sent: ExportTraceServiceRequest) -> None:
        for resource in sent.resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(named["service.name"], span) for span in scope.spans]

    def of(self, trace_id: str) -> dict[str, OtlpSpan]:
        """The spans of one trace, by name."""
        return {span.name: span for _, span in self.spans if span.trace_id.hex() == trace_id}

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Whoever starts to export from now on does so several times a second."""
    collector = Collector()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        yield collector
    collector.stop()


@pytest.fixture
async def cable() -> AsyncIterator[Callable[[str], Awaitable[Cable]]]:
    """``await cable(url)``: a ``Cable`` to the server there."""
    async with AsyncExitStack() as stack:

        async def lay(url: str) -> Cable:
            laid = Cable(url)
            server = await laid.lay()
            stack.callback(server.close)
            stack.callback(laid.cut)
            return laid

        yield lay


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Waits until a condition holds; fails after 10 s."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(10):
            while not await condition():  # noqa: ASYNC110  # the engine has no event to wait for
                await asyncio.sleep(0.005)

    return wait


class Planted:
    """Programs that leave a mark when they run, and repositories that name them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marks = folder / "marks"
        self.marks.mkdir(parents=True)

    def program(self, name: str) -> str:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\ntouch '{self.marks}/{name}'\ncat\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    @property
    def ran(self) -> list[str]:
        return sorted(each.name for each in self.marks.iterdir())

    def git(self, folder: Path, *arguments: str) -> str:
        """A real git, without anybody's configuration."""
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", "-C", folder, *identity, *arguments],
            check=True, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    def repository(self, folder: Path, name: str = "app.py") -> Path:
        """With what is in it as its one commit, and a file by this name changed since."""
        folder.mkdir(exist_ok=True)
        self.git(folder, "init", "-q")
        (folder / name).write_text("old\n")
        self.git(folder, "add", "-A")
        self.git(folder, "commit", "-q", "-m", "first")
        (folder / name).write_text("new\n")
        return folder

    def everything(self, repository: Path) -> None:
        """Every way we know for a repository to name a program that git runs."""
        (repository / ".gitattributes").write_text("*.py diff=mine filter=mine\n")
        (repository / ".git" / "info").mkdir(exist_ok=True)
        (repository / ".git" / "info" / "attributes").write_text("* diff=mine filter=mine\n")
        for name in ("post-index-change", "fsmonitor-watchman", "post-checkout", "pre-commit"):
            hook = self.program(f"hook-{name}")
            (repository / ".git" / "hooks").mkdir(exist_ok=True)
            (repository / ".git" / "hooks" / name).symlink_to(hook)
        for key in (
            "core.fsmonitor", "core.pager", "pager.diff", "core.editor", "core.sshCommand",
            "core.askPass", "diff.external", "diff.mine.command", "diff.mine.textconv",
            "filter.mine.clean", "filter.mine.smudge", "filter.mine.process",
            "interactive.diffFilter", "gpg.program", "credential.helper",
            "uploadpack.packObjectsHook", "core.alternateRefsCommand",
        ):  # fmt: skip
            self.git(repository, "config", key, self.program(key))
        self.git(repository, "config", "filter.mine.required", "true")
        self.git(repository, "config", "diff.mine.cachetextconv", "true")
        self.git(repository, "config", "alias.diff", f"!{self.program('alias')}")
        self.git(repository, "config", "alias.rev-parse", f"!{self.program('alias')}")
        # Objects that are missing would be fetched by a program of theirs.
        self.git(repository, "config", "remote.origin.url", f"ext::{self.program('remote')}")
        self.git(repository, "config", "remote.origin.promisor", "true")
        self.git(repository, "config", "remote.origin.partialclonefilter", "blob:none")
        self.git(repository, "config", "protocol.ext.allow", "always")
        self.git(repository, "config", "core.repositoryformatversion", "1")
        self.git(repository, "config", "extensions.partialClone", "origin")

    def ruff(self, folder: Path) -> None:
        """In each place where a workspace has its own."""
        for place in (".venv/bin", "venv/bin", "env/bin", "tools"):
            (folder / place).mkdir(parents=True)
            (folder / place / "ruff").symlink_to(self.program("ruff"))


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path / "planted")
