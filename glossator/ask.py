"""`glossator ask`: one question over the websocket, streamed to the terminal."""

import asyncio
import signal
import sys
import uuid
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from backend.errors import Unavailable
from backend.protocol.wire import (
    Admitted,
    AnswerFrame,
    Ask,
    Citation,
    Citations,
    Context,
    Delta,
    Failed,
    Finished,
    Notice,
    Queued,
    Selection,
    Thinking,
    encode,
    supporting,
)
from indexer.screening.terminal import Printing, escaped, line, printable
from lsp_server.client.client import ClientError
from lsp_server.client.traced import client as open_client

_CONTEXT_CHARS = 12_000
_LANGUAGES = {".py": "python", ".ts": "typescript", ".js": "javascript", ".rs": "rust",
              ".go": "go", ".java": "java", ".c": "c", ".cpp": "cpp", ".lua": "lua"}  # fmt: skip


def ask(
    question: str,
    url: str,
    token: str,
    file: Path | None,
    lines: tuple[int, int] | None,
    as_json: bool,
) -> int:
    """Returns the exit code. Raises ``Unavailable`` when no backend answers at ``url``."""
    request = Ask(id=uuid.uuid4().hex, question=question, context=_context(file, lines))
    show = _print_json if as_json else Transcript()
    return asyncio.run(_interruptible(url, token, request, show))


async def _interruptible(
    url: str, token: str, request: Ask, show: Callable[[AnswerFrame], None]
) -> int:
    asking = asyncio.ensure_future(stream(url, token, request, show))
    # Unlike KeyboardInterrupt, cancelling the task lets the client stop the engine.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, asking.cancel)
    try:
        return await asking
    except asyncio.CancelledError:
        click.echo("\nStopped.", err=True)
        return 130


async def stream(url: str, token: str, request: Ask, show: Callable[[AnswerFrame], None]) -> int:
    """Asks and shows every frame. Returns 0 when the answer was finished, else 1."""
    try:
        opened = open_client("glossator-ask", url, token)
        async with opened as client, aclosing(client.ask(request)) as frames:
            async for frame in frames:
                show(frame)
                if isinstance(frame, Finished):
                    return int(frame.reason not in ("stop", "length"))
                if isinstance(frame, Failed):
                    return 1
    except ClientError as error:
        raise Unavailable(str(error)) from error
    return 1


def _print_json(frame: AnswerFrame) -> None:
    print(escaped(encode(frame)), flush=True)


class Transcript:
    """Prints the answer and its citations on standard output, everything else on standard error."""

    def __init__(self) -> None:
        self._printing = Printing()
        self._citations: tuple[Citation, ...] = ()
        self._model = ""
        self._dataset = ""

    def __call__(self, frame: AnswerFrame) -> None:
        match frame:
            case Queued(position=position):
                _aside(f"waiting, {position} before you")
            case Admitted(model=model):
                self._model = model
            case Citations(citations=citations, late=late, dataset=dataset):
                self._citations = citations
                self._dataset = dataset
                if late:
                    _aside("the search was too slow; the answer goes on without it")
            case Notice(message=message):
                _aside(message)
            case Thinking():
                _aside("thinking")
            case Delta(text=text):
                sys.stdout.write(self._printing.feed(text))
                sys.stdout.flush()
            case Failed(message=message, code=code):
                sys.stdout.write(self._printing.end())
                click.secho(line(f"Error ({code}): {message}"), fg="red", err=True)
            case Finished():
                self._end(frame)

    def _end(self, finished: Finished) -> None:
        click.echo(self._printing.end() + "\n")
        for citation in supporting(self._citations, finished):
            version = f" ({citation.version})" if citation.version else ""
            named = line(f"[{citation.number}] {citation.title}{version}")
            click.echo(f"{named}  {line(_place(citation))}")
        timings, usage = finished.timings, finished.usage
        parts = [
            f"first words after {timings.ttft_ms:.0f} ms",
            f"search {timings.retrieval_ms:.0f} ms",
            f"total {timings.total_ms:.0f} ms",
        ]
        if usage.completion_tokens:
            parts.append(f"{usage.prompt_tokens} + {usage.completion_tokens} tokens")
        if self._dataset:
            parts.append(f"index {self._dataset}")
        _aside(f"\n{self._model}: {' · '.join(parts)}")
        if finished.reason not in ("stop", "length"):
            click.secho(f"The answer was {finished.reason}.", fg="yellow", err=True)


def _aside(message: str) -> None:
    click.secho(printable(message), dim=True, err=True)


def _place(citation: Citation) -> str:
    """``path:line``, which terminals and editors open, or an address, which browsers open."""
    parts = urlsplit(citation.uri)
    if parts.scheme != "file" or parts.fragment:
        line = f"#L{citation.line}" if citation.line and not parts.fragment else ""
        return citation.uri + line
    place = unquote(parts.path)
    return f"{place}:{citation.line}" if citation.line else place


def _context(file: Path | None, lines: tuple[int, int] | None) -> Context | None:
    if file is None:
        return None
    text = file.read_text("utf-8", errors="replace")
    selection = None
    if lines is not None:
        chosen = text.splitlines()[lines[0] - 1 : lines[1]]
        if not chosen:
            raise click.BadParameter(f"{file} ends before line {lines[0]}", param_hint="--range")
        selection = Selection("\n".join(chosen), lines[0], lines[0] + len(chosen) - 1)
    return Context(
        uri=file.resolve().as_uri(),
        language=_LANGUAGES.get(file.suffix, ""),
        text=text if len(text) <= _CONTEXT_CHARS else "",
        selection=selection,
    )
