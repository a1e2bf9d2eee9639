"""What the language server costs on a developer's machine, measured from outside.

The real command (``glossator lsp``) runs as a process. An editor speaks LSP over its pipes, and a
backend answers at once and knows for how long it had each question::

    python -m loadtest.benchmarks.editors.language_server

- start: from spawning the process to the answer to ``initialize``
- memory: resident memory with 50 open files, after a question
- keystroke: one character is typed into 5,000 lines, followed by a command that does nothing. This
  is the longest that the editor waits, including the pipes. The command alone is shown beside it
- hover: from the editor's request to its answer, with a backend that has the entry ready
- question: from writing ``glossator/chat`` to reading the first delta, without the time that the
  backend had the question. The document has changed since the last question, and the chat has the
  focus (the editor sent ``glossator/prepare``), as when somebody types, turns to the chat and asks.
  "Unprepared" beside it is without that notification

Exit status 1 means that a promise was broken. Editor and backend share one process and its event
loop, whose delays count as the server's.
"""

import asyncio
import itertools
import json
import os
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from backend.protocol import wire
from backend.protocol.wire import Admitted, Citations, Delta, Entry, Finished, Found
from loadtest.benchmarks.command import Study
from loadtest.experiments import machine
from loadtest.experiments.quantile import quantile

OPEN_FILES = 50
LINES = 5000
_PREPARED_S = 0.4  # the server prepares after a pause of 0.3 s
# What is promised on a quiet machine, in milliseconds and MiB.
START_MS, MEMORY_MIB, KEYSTROKE_P99_MS, QUESTION_P50_MS = 400.0, 80.0, 5.0, 15.0


class Figures(Struct, frozen=True):
    """In milliseconds, except for ``memory_mib``."""

    start_ms: list[float]
    memory_mib: float
    command_ms: list[float]
    keystroke_ms: list[float]
    question_ms: list[float]
    unprepared_ms: list[float]
    hover_ms: list[float]


class InstantBackend:
    """Answers every question with one word. ``had_s`` is how long it had the last question."""

    def __init__(self) -> None:
        self.had_s = 0.0

    async def answer(self, socket: ServerConnection) -> None:
        async for message in self._messages(socket):
            came = time.perf_counter()
            ask = wire.decode_client(message)
            if isinstance(ask, wire.Lookup):
                entry = Entry(ask.symbol, "file:///f.py", f"{ask.symbol}()", "Summary.", line=1)
                await socket.send(wire.encode(Found(ask.id, 0, (entry,))))
                continue
            if not isinstance(ask, wire.Ask):
                continue
            await socket.send(wire.encode(Admitted(ask.id, 0, 0.0, "instant")))
            await socket.send(wire.encode(Citations(ask.id, 1, ())))
            await socket.send(wire.encode(Delta(ask.id, 2, "word")))
            self.had_s = time.perf_counter() - came
            finished = Finished(ask.id, 3, "stop", wire.Usage(), wire.Timings())
            await socket.send(wire.encode(finished))

    @staticmethod
    async def _messages(socket: ServerConnection) -> AsyncIterator[str | bytes]:
        with suppress(ConnectionClosed):  # the server of a short pass is killed
            async for message in socket:
                yield message


class Editor:
    """The editor's end of one language server's pipes: JSON-RPC as LSP frames it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._to, self._from = process.stdin, process.stdout
        self._ids = itertools.count(1)

    def send(self, method: str, params: Any, id: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        body = json.dumps(message if id is None else message | {"id": id}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def request(self, method: str, params: Any) -> Any:
        """The response. Notifications that come before it are skipped."""
        id = next(self._ids)
        self.send(method, params, id)
        while (message := await self.receive()).get("id") != id or "method" in message:
            pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']['message']}")
        return message["result"]

    async def receive(self) -> Any:
        length = 0
        while (header := (await self._from.readline()).strip()) or not length:
            if self._from.at_eof():
                raise RuntimeError("the language server ended; its log is above")
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(await self._from.readexactly(length))

    def open(self, uri: str, text: str) -> None:
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})


@asynccontextmanager
async def editor(url: str, folder: Path) -> AsyncIterator[tuple[Editor, float]]:
    """An initialized server, and how many milliseconds that took. Bytecode is kept, as by default,
    because otherwise every start would also compile our own modules."""
    usual = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "glossator", "lsp", "--url", url,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=16 * 2**20, env=usual,
    )  # fmt: skip
    try:
        started = Editor(process)
        params = {
            "processId": None,
            "rootUri": folder.as_uri(),
            "capabilities": {},
            "initializationOptions": {"historyFolder": str(folder)},
        }
        await started.request("initialize", params)
        took_ms = (time.perf_counter() - began) * 1000
        started.send("initialized", {})
        yield started, took_ms
        await started.request("shutdown", None)
        started.send("exit", None)
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def measure(starts: int, keystrokes: int, questions: int) -> Figures:
    backend = InstantBackend()
    with tempfile.TemporaryDirectory(prefix="glossator-") as name:
        folder = Path(name)
        async with serve(
            backend.answer, "127.0.0.1", 0, subprotocols=[Subprotocol(wire.SUBPROTOCOL)]
        ) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            start_ms = []
            for _ in range(starts):
                async with editor(url, folder) as (_, took_ms):
                    start_ms.append(took_ms)
            async with editor(url, folder) as (one, _):
                return await _at_work(one, backend, folder, start_ms, keystrokes, questions)


async def _at_work(
    one: Editor,
    backend: InstantBackend,
    folder: Path,
    start_ms: list[float],
    keystrokes: int,
    questions: int,
) -> Figures:
    lines = _source(LINES)
    uri = (folder / "long.py").as_uri()
    one.open(uri, "".join(lines))
    for number in range(OPEN_FILES - 1):
        one.open((folder / f"f{number}.py").as_uri(), "".join(lines[number * 50 :][:500]))
    nothing = {"command": "glossator.taken", "arguments": []}
    await one.request("workspace/executeCommand", nothing)
    typist = _Typist(one, uri)
    question_ms, unprepared_ms = [], []
    for number in range(questions):
        typist.key()
        unprepared_ms.append(await _ask(one, backend, uri, number))
        typist.key()
        one.send("glossator/prepare", _place(uri, number))
        await asyncio.sleep(_PREPARED_S)
        question_ms.append(await _ask(one, backend, uri, questions + number))
    memory_mib = machine.tree_mib(one.process.pid)
    command_ms, keystroke_ms = [], []
    for _ in range(keystrokes):
        began = time.perf_counter()
        await one.request("workspace/executeCommand", nothing)
        command_ms.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        typist.key()
        await one.request("workspace/executeCommand", nothing)
        keystroke_ms.append((time.perf_counter() - began) * 1000)
    hover_ms = [await _hover(one, folder, number) for number in range(questions)]
    return Figures(
        start_ms, memory_mib, command_ms, keystroke_ms, question_ms, unprepared_ms, hover_ms
    )


async def _hover(one: Editor, folder: Path, number: int) -> float:
    """Milliseconds for a hover over a symbol that was not looked up before."""
    uri = (folder / f"hover{number}.py").as_uri()
    one.open(uri, f"import numpy as np\n\nnp.symbol{number}()\n")
    place = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 4}}
    began = time.perf_counter()
    if await one.request("textDocument/hover", place) is None:
        raise RuntimeError("the language server showed no hover")
    return (time.perf_counter() - began) * 1000


class _Typist:
    """Types one character after the other, spread over a document."""

    def __init__(self, one: Editor, uri: str) -> None:
        self._one = one
        self._uri = uri
        self._version = 1

    def key(self) -> None:
        self._version += 1
        at = {"line": self._version * 7 % LINES, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": "x"}
        document = {"uri": self._uri, "version": self._version}
        self._one.send(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
        )


def _place(uri: str, number: int) -> dict[str, Any]:
    place = {"line": number * 31 % LINES, "character": 0}
    return {"textDocument": {"uri": uri}, "cursorState": [{"position": place}]}


async def _ask(one: Editor, backend: InstantBackend, uri: str, number: int) -> float:
    """Milliseconds to the first delta, without the time that the backend had the question."""
    token = f"t{number}"
    prompt = "how do I run an FFT on my data?"
    params = _place(uri, number) | {"tabId": token, "prompt": prompt, "partialResultToken": token}
    began = time.perf_counter()
    one.send("glossator/chat", params, id := 1_000_000 + number)
    while (message := await one.receive()).get("method") != "$/progress" or (
        message["params"]["value"]["kind"] != "delta"
    ):
        if "error" in message:
            raise RuntimeError(message["error"]["message"])
    took_ms = (time.perf_counter() - began - backend.had_s) * 1000
    while (await one.receive()).get("id") != id:
        pass
    return took_ms


def _source(count: int) -> list[str]:
    """Real code: the standard library's modules, by name."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = (path.read_text("utf-8", "ignore") for path in paths)
    every = itertools.chain.from_iterable(text.splitlines(keepends=True) for text in texts)
    return list(itertools.islice(every, count))


def table(figures: Figures) -> tuple[str, bool]:
    """Markdown, and whether every promise was kept."""
    key, question = figures.keystroke_ms, figures.question_ms
    rows = [
        ("start to `initialize`, median", statistics.median(figures.start_ms), START_MS, "ms"),
        (f"memory, {OPEN_FILES} files open", figures.memory_mib, MEMORY_MIB, "MiB"),
        (f"keystroke in {LINES} lines, p99", quantile(key, 0.99), KEYSTROKE_P99_MS, "ms"),
        ("question to first delta, p50", quantile(question, 0.5), QUESTION_P50_MS, "ms"),
    ]
    text = ["| | measured | promised |", "|---|---|---|"]
    text += [
        f"| {name} | {value:.1f} {unit} | {most:g} {unit} |" for name, value, most, unit in rows
    ]
    text += [
        "",
        f"Keystroke: p50 {quantile(key, 0.5):.2f} ms; a command alone p50 "
        f"{quantile(figures.command_ms, 0.5):.2f} ms, p99 "
        f"{quantile(figures.command_ms, 0.99):.2f} ms. Question: p95 "
        f"{quantile(question, 0.95):.1f} ms, unprepared p50 "
        f"{quantile(figures.unprepared_ms, 0.5):.1f} ms. Hover, asked of the backend: p50 "
        f"{quantile(figures.hover_ms, 0.5):.1f} ms.",
    ]
    return "\n".join(text), all(value <= most for _, value, most, _ in rows)


def main(arguments: list[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.number("--starts", 9, "starts of the server")
    study.number("--keystrokes", 1000, "keystrokes")
    study.number("--questions", 50, "questions of each kind")
    given = study.parse_args(arguments)
    text, kept = table(asyncio.run(measure(given.starts, given.keystrokes, given.questions)))
    print(text)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
