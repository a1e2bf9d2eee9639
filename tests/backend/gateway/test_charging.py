"""What an answer has cost is charged, however it ends. Over real sockets."""

import asyncio

import httpx
import pytest

from backend.answering.progress import Progress
from backend.errors import TooLarge, Unavailable
from backend.ports import Load, TextDelta
from backend.protocol.wire import Ask, Cancel, Delta, Failed, Finished, Usage
from backend.settings import Quotas, Server, Settings

ANN = {"X-User": "ann"}
SETTINGS = Settings(server=Server(port=0, user_header="X-User"), quotas=Quotas(tokens_per_day=5))


class TenTokens:
    """Ten tokens, and then: silence, or an error. Without ``reads`` it hangs in prefill."""

    model = "ten"
    fills = False

    def __init__(self, error=None, reads=True):
        self.error = error
        self.reads = reads
        self.begun = asyncio.Event()

    async def stream(self, prompt, sampling, request_id):
        self.begun.set()
        if self.reads:
            yield TextDelta("ten words", tokens=10, prompt_tokens=1)
            if self.error:
                raise self.error
        elif self.error:
            raise self.error
        await asyncio.Event().wait()

    async def warm(self, prompt):
        return Usage()

    async def load(self):
        return Load()

    async def check(self): ...

    async def close(self): ...


def ask(request_id="r", **fields):
    return Ask(id=request_id, question="q", sources=(), **fields)


@pytest.mark.parametrize("end", ["deadline", "cancelled", "goodbye", "failed"])
async def test_what_was_generated_is_charged_however_the_answer_ends(serve, end):
    error = Unavailable("the engine died") if end == "failed" else None
    served = await serve(SETTINGS, TenTokens(error))
    async with served.connected(ANN) as socket:
        await socket.send(ask(deadline_ms=100 if end == "deadline" else 60_000))
        last = (await socket.until(Delta))[-1]
        if end == "cancelled":
            await socket.send(Cancel("r"))
        if end != "goodbye":
            last = (await socket.until())[-1]
            assert isinstance(last, Finished | Failed)
    await served.gateway.answers.settle(5)
    async with served.connected(ANN) as socket:
        assert (await socket.ask(ask("next")))[-1].code == "quota"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_http_client_that_hangs_up_pays_too(serve, stream):
    served = await serve(SETTINGS, generator := TenTokens())
    body = {"messages": [{"role": "user", "content": "q"}], "stream": stream}
    async with httpx.AsyncClient(trust_env=False) as client:
        asking = asyncio.create_task(
            client.post(f"{served.url}/v1/chat/completions", json=body, headers=ANN)
        )
        await generator.begun.wait()
        asking.cancel()
        await asyncio.wait([asking])
    await served.gateway.answers.settle(5)
    async with served.connected(ANN) as socket:
        assert (await socket.ask(ask("next")))[-1].code == "quota"


async def test_a_prompt_that_was_being_read_when_it_was_cancelled_is_charged(serve):
    served = await serve(SETTINGS, generator := TenTokens(reads=False))
    async with served.connected(ANN) as socket:
        await socket.send(ask())
        await generator.begun.wait()
        await socket.send(Cancel("r"))
        await socket.until()
        assert (await socket.ask(ask("next")))[-1].code == "quota"


@pytest.mark.parametrize("error", [TooLarge("too long"), Unavailable("no engine")])
async def test_a_prompt_that_no_engine_read_costs_nothing(serve, error):
    served = await serve(SETTINGS, TenTokens(error, reads=False))
    async with served.connected(ANN) as socket:
        codes = [(await socket.ask(ask(str(turn))))[-1].code for turn in range(3)]
    assert codes == [error.code] * 3


def test_the_engines_own_counts_are_what_a_whole_answer_costs():
    progress = Progress(started=0.0, asked_tokens=1000)
    progress.count(TextDelta("a", tokens=1, prompt_tokens=900, cached_tokens=850))
    progress.count(TextDelta("b", tokens=2, finish="stop"))
    assert progress.cost() == 53


def test_an_upstream_that_counts_at_the_end_is_estimated_when_it_was_broken_off():
    progress = Progress(started=0.0, asked_tokens=1000)
    progress.count(TextDelta("x" * 41))
    assert progress.cost() == 1011
    progress.count(TextDelta("", tokens=9, prompt_tokens=800, finish="stop"))
    assert progress.cost() == 809
