"""The very messages our backend sends to a model, seen by standing in for its upstream.

`vllm serve` and AsyncLLM get the same ones, so that nobody's prompt is shorter.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
from aiohttp import web

from loadtest.in_process import Messages
from loadtest.paths import glossator, url_of
from loadtest.process import running
from loadtest.users import AnswerFailed, websocket_users

_QUESTION = "THE QUESTION"
_END = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"capture","choices":'
    b'[{"index":0,"delta":{"content":"."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


async def captured(data: Path, folder: Path) -> Callable[[str], Messages]:
    """From a question to the messages of an ``Ask`` without context, history or retrieval."""
    seen: list[Messages] = []

    async def complete(request: web.Request) -> web.Response:
        seen.append(msgspec.json.decode(await request.read())["messages"])
        return web.Response(body=_END, content_type="text/event-stream")

    upstream = web.Application()
    upstream.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(upstream)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        command = glossator(
            "serve", "--engine", "openai", "--model", "capture", "--data", str(data),
            "--upstream", f"http://{host}:{port}/v1", "--port", "0",
        )  # fmt: skip
        async with running("capture", command, folder, {}) as child:
            url = await url_of(child)
            async with websocket_users(url, 1, max_tokens=8, sources=()) as (user,):
                await user(_QUESTION)
    finally:
        await runner.cleanup()
    (template,) = seen
    if sum(message["content"].count(_QUESTION) for message in template) != 1:
        raise AnswerFailed("the question does not stand in our backend's prompt exactly once")

    def messages(question: str) -> Messages:
        return [
            {**message, "content": message["content"].replace(_QUESTION, question)}
            for message in template
        ]

    return messages
