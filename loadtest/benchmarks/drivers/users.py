"""Users of a server: one connection each, kept open, as an editor or an SDK keeps its own.

Both decode with msgspec and run in one process; its CPU time is part of every ``Pass``.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import msgspec
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from backend.protocol.wire import (
    PATH,
    SUBPROTOCOL,
    Ask,
    Citations,
    Delta,
    Failed,
    Finished,
    ServerFrame,
    decode_server,
    encode,
)
from loadtest.benchmarks.drivers.closed_loop import Answered, User

Messages = list[dict[str, str]]
PATIENCE_S = 60.0  # of a connection to a server on a machine with too much to do
CLOSES_WITHIN_S = 1.0
_DONE = b"[DONE]"
_encoder = msgspec.json.Encoder()


class AnswerFailed(Exception):
    """A server under test refused or broke off an answer; its message says why."""


class Shed(AnswerFailed):
    """The server said that it is overloaded. ``retry_after_s`` is when it wants to be asked."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


# -- our websocket


@asynccontextmanager
async def websocket_users(
    url: str, count: int, request: Callable[[str], Ask]
) -> AsyncIterator[list[User]]:
    """``request`` makes of a question what is asked."""
    async with AsyncExitStack() as stack:
        yield [await websocket_user(stack, url, request) for _ in range(count)]


async def websocket_user(
    stack: AsyncExitStack, url: str, request: Callable[[str], Ask], headers: Mapping[str, str] = {}
) -> User:
    """One more, whose connection ``stack`` closes. ``headers`` are sent when it connects."""
    socket = await stack.enter_async_context(
        connect(
            url.replace("http", "ws", 1) + PATH,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            max_queue=None,  # a full queue stops reading, and with it the closing handshake
            close_timeout=CLOSES_WITHIN_S,  # a crowd is closed one after the other
            additional_headers=headers,
        )
    )
    return _websocket_user(socket, request)


def _websocket_user(socket: ClientConnection, request: Callable[[str], Ask]) -> User:
    async def ask(question: str) -> Answered:
        frame: ServerFrame | None = None
        first = 0.0
        started = time.perf_counter()
        await socket.send(encode(request(question)))
        while True:
            frame = decode_server(await socket.recv())
            if isinstance(frame, Delta):
                first = first or time.perf_counter()
            elif isinstance(frame, Finished):
                break
            elif isinstance(frame, Failed):
                said = f"the gateway answered {frame.code}: {frame.message}"
                if frame.code == "overloaded":
                    raise Shed(said, (frame.retry_after_ms or 0.0) / 1000)
                raise AnswerFailed(said)
            elif isinstance(frame, Citations) and frame.late:
                raise AnswerFailed("retrieval was late; nobody measures an answer without it")
        ended = time.perf_counter()
        usage = frame.usage
        return Answered(
            (first or ended) - started,
            ended - started,
            usage.prompt_tokens,
            usage.cached_tokens,
            usage.completion_tokens,
        )

    return ask


# -- chat completions over server-sent events


class _Message(Struct):
    content: str | None = None


class _Choice(Struct):
    delta: _Message


class _Cached(Struct):
    cached_tokens: int | None = None


class _Usage(Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _Cached | None = None


class _Chunk(Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


_chunks = msgspec.json.Decoder(_Chunk)


@asynccontextmanager
async def sse_users(
    url: str, count: int, max_tokens: int, model: str, messages: Callable[[str], Messages]
) -> AsyncIterator[list[User]]:
    """Users of an OpenAI-compatible server, each with an HTTP connection that is kept alive."""
    async with AsyncExitStack() as stack:
        users = []
        for _ in range(count):
            session = await stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=1),
                    headers={"Content-Type": "application/json"},
                    timeout=aiohttp.ClientTimeout(total=None),
                )
            )
            users.append(_sse_user(session, url, max_tokens, model, messages))
        yield users


def _sse_user(
    session: aiohttp.ClientSession,
    url: str,
    max_tokens: int,
    model: str,
    messages: Callable[[str], Messages],
) -> User:
    async def ask(question: str) -> Answered:
        request = {
            "model": model,
            "messages": messages(question),
            "max_tokens": max_tokens,
            "temperature": 0.0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        started = time.perf_counter()
        first = 0.0
        usage: _Usage | None = None
        body = _encoder.encode(request)
        async with session.post(f"{url}/v1/chat/completions", data=body) as response:
            if response.status != 200:
                raise AnswerFailed(f"{url} answered {response.status}: {await response.text()}")
            async for line in response.content:
                if not line.startswith(b"data: ") or line.startswith(_DONE, 6):
                    continue
                chunk = _chunks.decode(line[6:])
                usage = chunk.usage or usage
                if not first and chunk.choices and chunk.choices[0].delta.content:
                    first = time.perf_counter()
        ended = time.perf_counter()
        if usage is None:
            raise AnswerFailed(f"{url} broke the answer off, without its usage")
        cached = usage.prompt_tokens_details or _Cached()
        return Answered(
            (first or ended) - started,
            ended - started,
            usage.prompt_tokens,
            cached.cached_tokens or 0,
            usage.completion_tokens,
        )

    return ask
