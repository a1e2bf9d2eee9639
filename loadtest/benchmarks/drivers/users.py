"""Users of a server: one connection each, kept open, as an editor or an SDK keeps its own.

All of them run in one process, on one event loop; its CPU time is part of every ``Pass``.
"""

import random
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from backend.protocol.wire import SUBPROTOCOL, Ask, encode
from loadtest.benchmarks.command import StudyFailed
from loadtest.benchmarks.drivers.closed_loop import Answered, User
from loadtest.scenarios.answer import (
    FramedAnswer,
    MeasuredAnswer,
    StreamedAnswer,
    completion,
    session_url,
)

Messages = list[dict[str, str]]
PATIENCE_S = 60.0  # for a connection to a server on a machine with too much to do
CLOSES_WITHIN_S = 1.0
_encoder = msgspec.json.Encoder()


class AnswerFailed(StudyFailed):
    """A server under test refused or broke off an answer; its message says why."""


class Shed(AnswerFailed):
    """The server said that it is overloaded."""


def answered(answer: MeasuredAnswer) -> Answered:
    """Raises ``Shed`` and ``AnswerFailed``."""
    if answer.outcome == "shed":
        raise Shed(answer.problem)
    if answer.outcome == "failed":
        raise AnswerFailed(answer.problem)
    if answer.late:
        raise AnswerFailed("retrieval was late; nobody measures an answer without it")
    usage = answer.usage
    return Answered(
        answer.ttft_s or answer.total_s,
        answer.total_s,
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.completion_tokens,
    )


# -- our websocket


def asking(
    tokens: int, spread: float = 0.0, seed: int = 0, *, retrieving: bool = False
) -> Callable[[str], Ask]:
    """Makes requests for answers of so many tokens. Each is longer or shorter by up to ``spread``
    of that, drawn evenly."""
    chance = random.Random(seed)
    return lambda question: Ask(
        id=uuid.uuid4().hex,
        question=question,
        sources=None if retrieving else (),
        max_tokens=round(tokens * chance.uniform(1 - spread, 1 + spread)),
        temperature=0.0,
    )


def dial(url: str, **options: Any) -> connect:
    """Connects to our websocket of the server at ``url``."""
    return connect(
        session_url(url),
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        **{"open_timeout": PATIENCE_S} | options,
    )


async def asked(socket: ClientConnection, ask: Ask) -> Answered:
    """Asks one question and reads its answer. Raises ``Shed`` and ``AnswerFailed``."""
    answer = FramedAnswer()
    try:
        await socket.send(encode(ask))
        while answer.outcome is None:
            answer.take(await socket.recv())
    except (WebSocketException, msgspec.DecodeError) as error:
        answer.broke(error)
    return answered(answer)


@asynccontextmanager
async def websocket_users(
    url: str, count: int, request: Callable[[str], Ask]
) -> AsyncIterator[list[User]]:
    """``request`` makes an ``Ask`` of a question."""
    async with AsyncExitStack() as stack:
        yield [await websocket_user(stack, url, request) for _ in range(count)]


async def websocket_user(
    stack: AsyncExitStack, url: str, request: Callable[[str], Ask], headers: Mapping[str, str] = {}
) -> User:
    """One more user. ``stack`` closes its connection; ``headers`` are sent when it connects."""
    socket = await stack.enter_async_context(
        dial(
            url,
            ping_interval=None,
            max_queue=None,  # a full queue stops reading, and with it the closing handshake
            close_timeout=CLOSES_WITHIN_S,  # connections are closed one after the other
            additional_headers=headers,
        )
    )
    return lambda question: asked(socket, request(question))


# -- chat completions over server-sent events


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
        body = completion(model, messages(question), max_tokens)
        answer = StreamedAnswer(model)
        data = _encoder.encode(body)
        try:
            async with session.post(f"{url}/v1/chat/completions", data=data) as response:
                if response.status != 200:
                    answer.begin(response.status, await response.text())
                async for line in response.content:
                    answer.take(line)
        except (aiohttp.ClientError, msgspec.DecodeError) as error:
            answer.broke(error)
        answer.end()
        return answered(answer)

    return ask
