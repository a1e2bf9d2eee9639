"""The very messages our backend sends to a model, seen by standing in for its upstream.

`vllm serve` and AsyncLLM get the same ones, so that nobody's prompt is shorter.
"""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import web

from backend.protocol.wire import Ask
from loadtest.benchmarks.drivers.users import AnswerFailed, websocket_users
from loadtest.benchmarks.servers.in_process import Messages
from loadtest.benchmarks.servers.paths import glossator, url_of
from loadtest.benchmarks.servers.process import running

_QUESTION = "THE QUESTION"
_END = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"capture","choices":'
    b'[{"index":0,"delta":{"content":"."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


@dataclass(frozen=True, slots=True)
class Captured:
    """``template``: the messages of an ``Ask`` without context, history or retrieval.

    ``documented``: by question, what the model is asked where its passages were retrieved.
    """

    template: Messages
    documented: Mapping[str, str]

    def messages(self, question: str) -> Messages:
        return [
            {**message, "content": message["content"].replace(_QUESTION, question)}
            for message in self.template
        ]


async def captured(data: Path, config: Path, questions: Sequence[str]) -> Captured:
    """Starts a backend of its own on the index in ``data``, and asks it every question."""
    folder = config.parent
    async with _upstream() as (upstream, seen):
        command = glossator(
            "serve", "--engine", "openai", "--model", "capture", "--upstream", upstream,
            "--data", str(data), "--config", str(config), "--port", "0",
        )  # fmt: skip
        async with running("capture", command, folder, {}) as child:
            url = await url_of(child)
            async with websocket_users(url, 1, _ask(sources=())) as (user,):
                await user(_QUESTION)
            async with websocket_users(url, 1, _ask(sources=None)) as (user,):
                for question in questions:
                    await user(question)
    template, *retrieved = seen
    if sum(message["content"].count(_QUESTION) for message in template) != 1:
        raise AnswerFailed("the question does not stand in our backend's prompt exactly once")
    documented = [messages[-1]["content"] for messages in retrieved]
    return Captured(template, dict(zip(questions, documented, strict=True)))


def _ask(sources: tuple[str, ...] | None) -> Callable[[str], Ask]:
    return lambda question: Ask(id=uuid.uuid4().hex, question=question, sources=sources)


@asynccontextmanager
async def _upstream() -> AsyncIterator[tuple[str, list[Messages]]]:
    """A server that says next to nothing, and the messages it was sent."""
    seen: list[Messages] = []

    async def complete(request: web.Request) -> web.Response:
        seen.append(msgspec.json.decode(await request.read())["messages"])
        return web.Response(body=_END, content_type="text/event-stream")

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})  # enough to look alive

    application = web.Application()
    application.router.add_get("/v1/models", models)
    application.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/v1", seen
    finally:
        await runner.cleanup()
