"""The OpenAI-compatible upstream: every way it fails is one clear error of ours."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from backend.errors import (
    Blocked,
    GlossatorError,
    Overloaded,
    StartupFailed,
    TooLarge,
    UnknownModel,
    UpstreamFailed,
)
from backend.generators.openai_upstream import OpenAIGenerator, translate
from backend.ports import Message, Prompt, Sampling, TextDelta
from backend.settings import Generation

PROMPT = Prompt((Message("user", "Why?"),))
HELLO = (
    'data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"m","choices":'
    '[{"index":0,"delta":{"content":"Hello"},"finish_reason":%s}]}\n\n'
)


async def ask(url: str, **settings: Any) -> list[TextDelta]:
    generator = await OpenAIGenerator.start(Generation(upstream=url, model="m", **settings))
    try:
        return [delta async for delta in generator.stream(PROMPT, Sampling(max_tokens=5), "r")]
    finally:
        await generator.close()


def error(status: int, message: str, **headers: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status_code=status, headers=headers)


def streamed(*parts: str) -> Response:
    async def body() -> AsyncIterator[str]:
        for part in parts:
            yield part

    return StreamingResponse(body(), media_type="text/event-stream")


def hung_up() -> Response:
    async def body() -> AsyncIterator[str]:
        yield HELLO % "null"
        raise ConnectionResetError

    return StreamingResponse(body(), media_type="text/event-stream")


def silent() -> Response:
    async def body() -> AsyncIterator[str]:
        yield HELLO % "null"
        await asyncio.sleep(5)

    return StreamingResponse(body(), media_type="text/event-stream")


FAILURES: list[tuple[Callable[[], Response], type[GlossatorError], str]] = [
    (lambda: error(500, "CUDA out of memory"), UpstreamFailed, "500: CUDA out of memory"),
    (lambda: error(503, "loading"), UpstreamFailed, "503: loading"),
    (lambda: error(401, "no key"), UpstreamFailed, "no key.*UPSTREAM_KEY"),
    (lambda: error(404, "The model `m` does not exist"), UnknownModel, "does not exist.*--model"),
    (lambda: JSONResponse({"detail": "Not Found"}, 404), UpstreamFailed, "Not Found.*/v1"),
    (lambda: error(429, "slow down"), Overloaded, "slow down.*later"),
    (lambda: error(400, "maximum context length is 8"), TooLarge, "context length is 8"),
    (lambda: error(400, "bad temperature"), UpstreamFailed, "400: bad temperature"),
    (lambda: PlainTextResponse("<html>proxy</html>", 502), UpstreamFailed, "502.*proxy"),
    (lambda: streamed("data: {not json}\n\n"), UpstreamFailed, "no JSON"),
    (lambda: streamed('data: {"answer": "hello"}\n\n'), UpstreamFailed, "no chat completion"),
    (lambda: streamed('data: ["hello"]\n\n'), UpstreamFailed, "no chat completion"),
    (lambda: PlainTextResponse("hello"), UpstreamFailed, "ended the answer early"),
    (lambda: streamed(HELLO % "null"), UpstreamFailed, "ended the answer early"),
    (lambda: streamed('data: {"error": {"message": "died"}}\n\n'), UpstreamFailed, "died"),
    (lambda: streamed(HELLO % '"content_filter"'), Blocked, "content filter"),
    (hung_up, UpstreamFailed, "hung up"),
    (silent, UpstreamFailed, "silent.*upstream_timeout_s"),
]


@pytest.mark.parametrize(("reply", "kind", "words"), FAILURES)
async def test_a_failure_of_the_upstream_is_ours_in_its_own_words(
    upstream: Any, reply: Callable[[], Response], kind: type[GlossatorError], words: str
) -> None:
    upstream.reply = lambda _: reply()
    with pytest.raises(kind, match=words) as raised:
        await ask(upstream.url, upstream_timeout_s=0.3)
    assert type(raised.value) is kind


async def test_a_failure_leaves_the_generator_usable(upstream: Any) -> None:
    """An answer follows an error on the same client."""
    generator = await OpenAIGenerator.start(Generation(upstream=upstream.url))
    upstream.reply = lambda _: error(500, "once")
    with pytest.raises(UpstreamFailed):
        [delta async for delta in generator.stream(PROMPT, Sampling(max_tokens=5), "r")]
    upstream.reply = None
    deltas = [delta async for delta in generator.stream(PROMPT, Sampling(max_tokens=5), "r")]
    assert deltas[-1].tokens == 5
    assert (await generator.load()).running == 0
    await generator.close()


async def test_closing_early_hangs_up_on_the_upstream(upstream: Any, eventually: Any) -> None:
    """The upstream itself sees the connection go, which is its sign to abort."""
    generator = await OpenAIGenerator.start(Generation(upstream=upstream.url))
    deltas = generator.stream(PROMPT, Sampling(max_tokens=100_000), "r")
    await anext(deltas)
    assert upstream.running == 1
    await deltas.aclose()

    async def gone() -> bool:
        return bool(upstream.running == 0)

    await eventually(gone)
    await generator.close()


async def test_a_retry_after_header_reaches_the_client(upstream: Any) -> None:
    upstream.reply = lambda _: error(429, "slow down", **{"retry-after": "2"})
    with pytest.raises(Overloaded) as raised:
        await ask(upstream.url)
    assert raised.value.retry_after_ms == 2000


async def test_nobody_listening_is_told_at_once() -> None:
    with socket.socket() as reserved:  # bound, never listening
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        with pytest.raises(UpstreamFailed, match=r"cannot be reached.*Start it"):
            await ask(url)
        with pytest.raises(StartupFailed, match="cannot be reached"):
            await OpenAIGenerator.start(Generation(upstream=url))


async def test_without_a_configured_model_it_serves_the_upstreams_first(upstream: Any) -> None:
    upstream.models = ["one", "two"]
    generator = await OpenAIGenerator.start(Generation(upstream=upstream.url))
    assert generator.model == "one"
    await generator.close()


async def test_an_upstream_without_models_cannot_be_started_on(upstream: Any) -> None:
    upstream.models = []
    with pytest.raises(StartupFailed, match="serves no model"):
        await OpenAIGenerator.start(Generation(upstream=upstream.url))


def kinds(base: type[openai.OpenAIError]) -> Iterator[type[openai.OpenAIError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("kind", sorted(set(kinds(openai.OpenAIError)), key=lambda k: k.__name__))
def test_every_exception_of_the_client_is_mapped(kind: type[openai.OpenAIError]) -> None:
    """Each class the installed client can raise becomes an error that names the upstream."""
    raised = kind.__new__(kind)
    request = httpx2.Request("POST", "http://upstream")
    raised.__dict__.update(body={"message": "its own words"}, message="m", request=request)
    if issubclass(kind, openai.APIStatusError):
        status = getattr(kind, "status_code", 500)
        raised.__dict__.update(
            status_code=status, response=httpx2.Response(status, request=request)
        )
    ours = translate(raised, "http://upstream", "m")
    assert type(ours) in (UpstreamFailed, UnknownModel, Overloaded, TooLarge)
    assert "http://upstream" in ours.message
