"""Users against real sockets: the suites' upstream, and a scripted websocket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi.responses import JSONResponse, StreamingResponse
from websockets.asyncio.server import ServerConnection, serve

from backend.protocol.wire import (
    SUBPROTOCOL,
    Ask,
    Citations,
    Delta,
    Failed,
    Finished,
    ServerFrame,
    Timings,
    Usage,
    decode_client,
    encode,
)
from loadtest.benchmarks.drivers.users import AnswerFailed, Messages, sse_users, websocket_users


def messages(question: str) -> Messages:
    return [{"role": "user", "content": question}]


def request(question: str) -> Ask:
    return Ask(id="r", question=question)


async def test_sse_users_count_the_engines_tokens(upstream: Any) -> None:
    async with sse_users(upstream.url.removesuffix("/v1"), 2, 7, "any", messages) as users:
        answers = [await user("one two three") for user in users]
    assert [(each.prompt_tokens, each.completion_tokens) for each in answers] == [(3, 7)] * 2
    assert all(0 < each.ttft_s < each.total_s for each in answers)


async def test_sse_time_to_first_text_passes_over_empty_chunks(upstream: Any) -> None:
    """The chunk that only says who speaks is no token."""
    empty = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":0}}\n\n'
    upstream.reply = lambda _: StreamingResponse(
        iter([empty, usage, b"data: [DONE]\n\n"]), media_type="text/event-stream"
    )
    async with sse_users(upstream.url.removesuffix("/v1"), 1, 7, "any", messages) as (user,):
        answer = await user("hi")
    assert answer.ttft_s == answer.total_s


async def test_sse_users_report_a_refusal(upstream: Any) -> None:
    upstream.reply = lambda _: JSONResponse({"error": "too warm"}, status_code=503)
    async with sse_users(upstream.url.removesuffix("/v1"), 1, 7, "any", messages) as (user,):
        with pytest.raises(AnswerFailed, match=r"503.*too warm"):
            await user("hi")


async def test_sse_users_do_not_take_half_an_answer_for_one(upstream: Any) -> None:
    upstream.reply = lambda _: StreamingResponse(iter([]), media_type="text/event-stream")
    async with sse_users(upstream.url.removesuffix("/v1"), 1, 7, "any", messages) as (user,):
        with pytest.raises(AnswerFailed, match="broke the answer off"):
            await user("hi")


@asynccontextmanager
async def gateway(*frames: ServerFrame) -> AsyncIterator[str]:
    """Answers every ``Ask`` with the same frames."""

    async def session(socket: ServerConnection) -> None:
        async for text in socket:
            assert isinstance(decode_client(text), Ask)
            for frame in frames:
                await socket.send(encode(frame))

    handler: Callable[[ServerConnection], Awaitable[None]] = session
    async with serve(handler, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:  # type: ignore[list-item]
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"


FINISHED = Finished("r", 2, "length", Usage(100, 20, 64), Timings())


async def test_websocket_users_time_the_first_delta_and_take_the_usage() -> None:
    async with (
        gateway(Citations("r", 0, ()), Delta("r", 1, "x"), FINISHED) as url,
        websocket_users(url, 1, request) as (user,),
    ):
        answer = await user("hi")
    assert 0 < answer.ttft_s < answer.total_s
    assert (answer.prompt_tokens, answer.cached_tokens, answer.completion_tokens) == (100, 20, 64)


async def test_websocket_users_report_a_failure() -> None:
    async with (
        gateway(Failed("r", 0, "overloaded", "Try later.")) as url,
        websocket_users(url, 1, request) as (user,),
    ):
        with pytest.raises(AnswerFailed, match=r"overloaded: Try later\."):
            await user("hi")


async def test_an_answer_that_went_on_without_its_passages_does_not_count() -> None:
    async with (
        gateway(Citations("r", 0, (), late=True), Delta("r", 1, "x"), FINISHED) as url,
        websocket_users(url, 1, request) as (user,),
    ):
        with pytest.raises(AnswerFailed, match="late"):
            await user("hi")
