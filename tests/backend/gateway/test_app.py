"""Who counts as one user, and what the shed are told, over both protocols."""

import asyncio
import math
import uuid
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect

from backend.admission.gate import Gate
from backend.admission.room import Limits
from backend.answering.pipeline import Pipeline
from backend.deploy.addresses import listening
from backend.gateway.app import Gateway, build_app
from backend.generators.extractive import ExtractiveGenerator
from backend.identity.door import door
from backend.metrics import Metrics
from backend.protocol.tracing import Tracer
from backend.protocol.wire import PATH, Ask, Failed, Status, decode_server, encode
from backend.rails.output.hold_back import NoGuard
from backend.settings import Server, Settings
from tests.fixtures.backend import FixedRetriever


class Watched(Gate):
    """Keeps who asked."""

    def __init__(self, requests):
        shares = {"help": 16.0, "chat": 4.0, "optimize": 1.0}
        super().__init__(Limits(requests, waiting_tokens=0.0), shares, lambda *_: None)
        self.users = []

    def enter(self, demand):
        self.users.append(demand.user)
        return super().enter(demand)


class Loading:
    """A rail that begins to work when it is told to."""

    name = "loading"

    def __init__(self):
        self.why = "weights on their way"

    async def state(self):
        return self.why


@asynccontextmanager
async def serving(gate, rails=(), **server):
    settings = Settings(server=Server(port=0, **server))
    metrics, generator = Metrics(), ExtractiveGenerator()
    pipeline = Pipeline(
        settings=settings, generator=generator, retriever=FixedRetriever(), rails=rails,
        guard=lambda *_: NoGuard(), admission=gate, metrics=metrics,
    )  # fmt: skip
    app = build_app(Gateway(settings, pipeline, None, metrics, generator, door(settings), Tracer()))
    with listening(settings.server) as listener:
        served = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(served.serve(sockets=[listener]))
        yield "{}:{}".format(*listener.getsockname()[:2])
        served.should_exit = True
        await serving


async def post(place, headers=None, **fields):
    body = {"messages": [{"role": "user", "content": "q"}]} | fields
    async with httpx.AsyncClient() as client:
        return await client.post(
            f"http://{place}/v1/chat/completions", json=body, headers=headers or {}
        )


async def ask(place, headers=None, times=1):
    async with connect(f"ws://{place}{PATH}", additional_headers=headers or {}) as socket:
        for _ in range(times):
            await socket.send(encode(Ask(id=uuid.uuid4().hex, question="q", sources=())))
        ended = 0
        while ended < times:
            frame = decode_server(await socket.recv())
            ended += type(frame).__name__ in ("Finished", "Failed")
        return frame


async def test_each_websocket_is_a_user_and_over_http_each_key_and_each_name_below_it():
    gate = Watched(100)
    async with serving(gate) as place:
        await ask(place, times=2)
        await ask(place)
        for key, name in (("k1", None), ("k1", None), ("k2", None), ("k1", "ann"), ("k1", "bob")):
            await post(place, {"Authorization": f"Bearer {key}"}, user=name)
    assert gate.users[0] == gate.users[1]
    assert gate.users[3] == gate.users[4]
    assert len(set(gate.users)) == 6


async def test_a_trusted_proxys_word_counts_for_more_than_the_connection_and_per_tenant():
    gate = Watched(100)
    async with serving(gate, user_header="X-User", tenant_header="X-Tenant") as place:
        for tenant in ("acme", "other"):
            named = {"X-User": "ann", "X-Tenant": tenant}
            await ask(place, named)
            await ask(place, named)
            await post(place, named, user="bob")
    assert gate.users == [("acme", "ann")] * 3 + [("other", "ann")] * 3


@pytest.mark.parametrize("stream", [False, True])
async def test_over_http_the_shed_get_429_with_both_headers(stream):
    async with serving(Watched(0)) as place:
        refused = await post(place, stream=stream)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == str(
        math.ceil(int(refused.headers["retry-after-ms"]) / 1000)
    )
    assert refused.json()["error"]["code"] == "overloaded"


async def test_over_the_websocket_the_shed_are_told_when_to_come_again():
    async with serving(Watched(0)) as place:
        refused = await ask(place)
    assert isinstance(refused, Failed)
    assert (refused.code, refused.retry_after_ms) == ("overloaded", 1000)


async def test_who_connects_while_a_rail_loads_is_told_when_it_works():
    """An editor that came back first would otherwise show the limits of a start for ever."""
    rail = Loading()
    async with (
        asyncio.timeout(60),
        serving(Watched(1), [rail]) as place,
        connect(f"ws://{place}{PATH}") as socket,
    ):
        assert decode_server(await socket.recv()) == Status(("loading: weights on their way",))
        rail.why = ""
        assert decode_server(await socket.recv()) == Status(())


async def test_nobody_is_told_that_it_is_ready_before_the_rails_have_said_so_once():
    """A second question that comes while the first one asks the rails waits for their words."""
    asked, may_say = asyncio.Event(), asyncio.Event()

    class Slow(Loading):
        name = "pii"

        async def state(self):
            asked.set()
            await may_say.wait()
            return self.why

    settings, metrics, generator = Settings(), Metrics(), ExtractiveGenerator()
    pipeline = Pipeline(
        settings=settings, generator=generator, retriever=FixedRetriever(), rails=[Slow()],
        guard=lambda *_: NoGuard(), admission=Watched(1), metrics=metrics,
    )  # fmt: skip
    gateway = Gateway(settings, pipeline, None, metrics, generator, door(settings), Tracer())
    first = asyncio.create_task(gateway.readiness())
    await asked.wait()
    second = asyncio.create_task(gateway.readiness())
    may_say.set()
    assert [said.ready for said in await asyncio.gather(first, second)] == [False, False]
