"""Captures the messages that our backend sends to a model, by standing in for its upstream.

`vllm serve` and AsyncLLM get the same messages, so that no path reads a shorter prompt.
"""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from backend.protocol.wire import Ask
from loadtest.benchmarks.command import say
from loadtest.benchmarks.drivers.users import AnswerFailed, websocket_users
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.in_process import Messages
from loadtest.benchmarks.servers.paths import Setting, glossator, indexed, url_of
from loadtest.benchmarks.servers.process import running
from loadtest.scenarios.questions import INDEXED

_QUESTION = "THE QUESTION"
_END = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"capture","choices":'
    b'[{"index":0,"delta":{"content":"."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


async def prepared(engine: Engine, tokens: int, questions: Sequence[str], folder: Path) -> Setting:
    """Makes an index and the settings in ``folder``, and captures the prompts.

    With the passages that retrieval finds, they are captured for ``questions`` alone.
    """
    say(f"Indexing {INDEXED} ...")
    data = await indexed(folder)
    config = folder / "glossator.toml"
    config.write_text(engine.settings())
    template, documented = await _captured(data, config, questions)

    def messages(question: str) -> Messages:
        return [
            {**message, "content": message["content"].replace(_QUESTION, question)}
            for message in template
        ]

    return Setting(engine, tokens, messages, documented, data, config, folder)


async def _captured(
    data: Path, config: Path, questions: Sequence[str]
) -> tuple[Messages, dict[str, str]]:
    """Starts a backend on the index in ``data``, and asks it every question.

    Returns the messages of a question without retrieval, context or history; and by question, what
    the model is asked when passages were retrieved for it.
    """
    folder = config.parent
    async with _upstream() as (upstream, seen):
        command = glossator(
            "serve", "--engine", "openai", "--model", "capture", "--upstream", upstream,
            "--data", str(data), "--config", str(config), "--port", "0",
        )  # fmt: skip
        async with running("capture", command, folder) as child:
            url = await url_of(child)
            async with websocket_users(url, 1, _ask(sources=())) as (user,):
                await user(_QUESTION)
            async with websocket_users(url, 1, _ask(sources=None)) as (user,):
                for question in questions:
                    await user(question)
    template, *retrieved = seen
    if sum(message["content"].count(_QUESTION) for message in template) != 1:
        raise AnswerFailed("our backend's prompt does not hold the question exactly once")
    documented = [messages[-1]["content"] for messages in retrieved]
    return template, dict(zip(questions, documented, strict=True))


def _ask(sources: tuple[str, ...] | None) -> Callable[[str], Ask]:
    return lambda question: Ask(id=uuid.uuid4().hex, question=question, sources=sources)


@asynccontextmanager
async def _upstream() -> AsyncIterator[tuple[str, list[Messages]]]:
    """The address of a server that answers with one full stop, and the messages it was sent."""
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
