"""An OpenAI-compatible upstream whose prefill takes exactly as long as the question says.

Its text does not pretend to be an answer. It stands for engines and prompts of any size, so that a
machine without a GPU can measure what surrounds a prefill of 50, 200 or 800 ms. It listens on
127.0.0.1 until it is stopped::

    python -m loadtest.benchmarks.servers.stub_upstream --port 8099
"""

import asyncio
import json
import re

from aiohttp import web

from loadtest.benchmarks.command import Study

MODEL = "stub"
_PREFILL = re.compile(r"prefill (\d+) ms")


def question(prefill_ms: int, serial: int) -> str:
    """A question about the index, for which the stub spends ``prefill_ms`` on prefill."""
    return f"prefill {prefill_ms} ms, case {serial}: which numpy.fft function takes real input?"


def prefill_s(text: str) -> float:
    found = _PREFILL.search(text)
    return int(found[1]) / 1000 if found else 0.0


async def _models(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})


async def _complete(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await asyncio.sleep(prefill_s(asked["messages"][-1]["content"]))
    words = asked.get("max_tokens", 16)
    for number in range(words):
        await response.write(_event(_chunk({"content": f"word{number} "})))
    await response.write(_event(_chunk({}, "length")))
    usage = {"prompt_tokens": 1, "completion_tokens": words, "total_tokens": words + 1}
    await response.write(_event(_chunk(None) | {"usage": usage}))
    await response.write(b"data: [DONE]\n\n")
    return response


def _chunk(delta: dict[str, str] | None, finish: str | None = None) -> dict[str, object]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {
        "id": "stub",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": MODEL,
        "choices": choices,
    }


def _event(data: dict[str, object]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/v1/models", _models)
    app.router.add_post("/v1/chat/completions", _complete)
    return app


def main() -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("--port", type=int, required=True)
    web.run_app(application(), host="127.0.0.1", port=study.parse_args().port, print=None)


if __name__ == "__main__":
    main()
