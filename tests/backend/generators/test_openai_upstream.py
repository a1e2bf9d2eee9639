"""The OpenAI-compatible upstream: every way it fails is one clear error of ours."""

import asyncio
import json
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


async def test_models_that_do_not_chat_are_passed_over(
    upstream: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which model answers and why not the others."""
    upstream.models = ["nomic-embed-text", "bge-reranker-v2", "whisper-1", "qwen2.5-coder:7b", "x"]
    with caplog.at_level("INFO", logger="backend.generators.openai_upstream"):
        generator = await OpenAIGenerator.start(Generation(upstream=upstream.url))
    assert generator.model == "qwen2.5-coder:7b"
    await generator.close()
    assert "qwen2.5-coder:7b answers" in caplog.text
    assert "nomic-embed-text embeds, bge-reranker-v2 reranks, whisper-1 transcribes" in caplog.text
    upstream.models = ["text-embedding-3-small"]
    with pytest.raises(StartupFailed, match=r"no model that chats \(text-embedding-3-small embeds"):
        await OpenAIGenerator.start(Generation(upstream=upstream.url))


async def asked_of(
    upstream: Any, refuses: Callable[[dict[str, Any]], Response | None], sampling: Sampling
) -> tuple[list[dict[str, Any]], list[str]]:
    """The requests that two questions to a picky upstream made, and the answers."""
    seen: list[dict[str, Any]] = []

    def reply(asked: dict[str, Any]) -> Response:
        seen.append(asked)
        return refuses(asked) or streamed(HELLO % "null", HELLO % '"stop"')

    upstream.reply = reply
    generator = await OpenAIGenerator.start(Generation(upstream=upstream.url, model="m"))
    answers = []
    for _ in range(2):
        deltas = [delta async for delta in generator.stream(CONVERSATION, sampling, "r")]
        answers.append("".join(delta.text for delta in deltas))
    await generator.close()
    return seen, answers


CONVERSATION = Prompt(
    (
        Message("system", "Policy."),
        Message("assistant", "Before."),
        Message("user", "Why?"),
    )
)


def unsupported(name: str, message: str) -> Response:
    problem = {"message": message, "param": name, "code": "unsupported_parameter"}
    return JSONResponse({"error": problem}, 400)


@pytest.mark.parametrize(
    ("refuses", "requests"),
    [
        (
            lambda asked: unsupported("max_tokens", "Use 'max_completion_tokens' instead.")
            if "max_tokens" in asked
            else None,
            3,
        ),
        (
            lambda asked: error(400, "max_tokens must be at most 3, not 5")
            if asked["max_tokens"] > 3
            else None,
            3,
        ),
        (
            lambda asked: unsupported("temperature", "Only the default (1) value is supported.")
            if "temperature" in asked
            else None,
            3,
        ),
        (
            lambda asked: JSONResponse(
                {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]}, 422
            )
            if "stream_options" in asked
            else None,
            3,
        ),
        (
            lambda asked: error(400, "'stop' may have up to 4 strings")
            if len(asked.get("stop", ())) > 4
            else None,
            3,
        ),
        (
            lambda asked: error(400, "System role not supported")
            if asked["messages"][0]["role"] == "system"
            else None,
            3,
        ),
        (
            lambda asked: error(400, "Conversation roles must alternate user/assistant/user")
            if asked["messages"][1]["role"] == "assistant"
            else None,
            3,
        ),
        (
            lambda asked: next(
                (
                    error(400, f"unknown field {name!r}")
                    for name in ("stop", "temperature", "max_tokens", "max_completion_tokens",
                                 "stream_options")
                    if name in asked
                ),
                None,
            ),
            10,
        ),
    ],
    ids=["max_tokens", "fewer tokens", "temperature", "stream_options", "stops", "no system role",
         "strict turns", "everything"],
)  # fmt: skip
async def test_what_an_upstream_refuses_is_learnt_once(
    upstream: Any, refuses: Callable[[dict[str, Any]], Response | None], requests: int
) -> None:
    """The question is asked again without it, and the next one is right from the start."""
    sampling = Sampling(max_tokens=5, stop=("aa", "bb", "cc", "dd", "lloHel"))
    seen, answers = await asked_of(upstream, refuses, sampling)
    assert answers == ["He", "He"]  # also of stop strings that are not sent any more
    assert len(seen) <= requests
    assert seen[-1] == seen[-2]
    assert "Policy." in str(seen[-1]["messages"])
    assert "Why?" in str(seen[-1]["messages"])


async def test_a_refusal_that_teaches_nothing_new_is_told(upstream: Any) -> None:
    """The question is asked again only once for each part of the request."""
    seen: list[dict[str, Any]] = []

    def reply(asked: dict[str, Any]) -> Response:
        seen.append(asked)
        return error(400, "bad temperature")

    upstream.reply = reply
    with pytest.raises(UpstreamFailed, match="bad temperature"):
        await ask(upstream.url)
    assert len(seen) == 2


def event_of(**delta: Any) -> str:
    chunk = {
        "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }  # fmt: skip
    return f"data: {json.dumps(chunk)}\n\n"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_thinking_that_is_sent_apart_comes_between_tags(upstream: Any, name: str) -> None:
    """The stop string in the thinking does not end the answer, and is not sent the next time."""
    seen = []
    parts = [event_of(**{name: "We"}), event_of(**{name: "ll STOP"}), event_of(content="Yes 🙂")]

    def reply(asked: dict[str, Any]) -> Response:
        seen.append(asked)
        return streamed(*parts, event_of(content=" STOP no"), HELLO % '"stop"')

    upstream.reply = reply
    generator = await OpenAIGenerator.start(Generation(upstream=upstream.url, model="m"))
    for _ in range(2):
        sampling = Sampling(max_tokens=5, stop=("STOP",))
        deltas = [delta async for delta in generator.stream(PROMPT, sampling, "r")]
        assert "".join(each.text for each in deltas) == "<think>Well STOP</think>Yes 🙂 "
        assert deltas[-1].finish == "stop"
    await generator.close()
    assert ["stop" in asked for asked in seen] == [True, False]


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
