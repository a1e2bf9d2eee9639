"""What it costs to carry an answer from a generator's process to a gateway's: ours, and grpc.aio.

    python -m loadtest.benchmarks.serving.hop --users 1 32

A process makes the deltas of an engine: each step, one for every answer. This process reads them,
all over one connection: once through ``backend.deploy.ray.direct``, once as a unary-stream call of
grpc.aio for each answer, with the same msgpack for the messages. Both take turns. The latency of a
delta counts from its making to its reading, that of the first one from the question.

Limits: the two processes share one machine, so no network is measured. CPU time is that of both
processes, with what the steps themselves cost. Latencies depend on what else the machine does, CPU
times much less.
"""

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import grpc
import msgspec
import psutil
import uvloop

from backend.deploy.ray.direct.client import Address, connect
from backend.deploy.ray.direct.server import StreamServer
from backend.ports import Message, Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage
from loadtest.benchmarks.command import Study, StudyFailed, say
from loadtest.experiments.markdown import table
from loadtest.experiments.quantile import quantile

HOST = "127.0.0.1"
SECRET = "of the benchmark"
SERVICE, METHOD = "glossator.Generator", "Stream"
STARTS_WITHIN_S = 60.0
TIME = 20  # characters of a delta: deltas that arrive together are joined
PROMPT = Prompt((Message("system", "x" * 2_000), Message("user", "How do I run an FFT?")))

Ask = Callable[[], AsyncGenerator[TextDelta]]


class Engine:
    """Makes deltas that hold the time of their making: one for each answer in every step."""

    def __init__(self, deltas: int, step_s: float) -> None:
        self._deltas = deltas
        self._step_s = step_s
        self._step = asyncio.Event()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._step_s)
            step, self._step = self._step, asyncio.Event()
            step.set()

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        """The first delta comes at once."""
        for number in range(self._deltas):
            if number:
                await self._step.wait()
            last = number == self._deltas - 1
            made = f"{time.monotonic():0{TIME}.6f}"
            yield TextDelta(made, 1, (number,), finish="length" if last else None)

    async def warm(self, prompt: Prompt) -> Usage:
        return Usage()


async def _ours(engine: Engine) -> int:
    return await StreamServer(engine, SECRET, most=10_000).start(HOST)


async def _grpc(engine: Engine) -> int:
    async def answer(question: tuple[Prompt, Sampling], _: Any) -> AsyncGenerator[TextDelta]:
        async for delta in engine.stream(*question, "r"):
            yield delta

    server = grpc.aio.server()
    method = grpc.unary_stream_rpc_method_handler(
        answer,
        request_deserializer=partial(msgspec.msgpack.decode, type=tuple[Prompt, Sampling]),
        response_serializer=msgspec.msgpack.encode,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {METHOD: method}),)
    )
    port: int = server.add_insecure_port(f"{HOST}:0")
    await server.start()
    _kept.append(server)  # it stops when nothing refers to it
    return port


_kept: list[Any] = []


@asynccontextmanager
async def _asking_ours(port: int) -> AsyncIterator[Ask]:
    connection = await connect(Address(HOST, port, SECRET))
    yield lambda: connection.stream(PROMPT, Sampling(), "r")
    connection.close()


@asynccontextmanager
async def _asking_grpc(port: int) -> AsyncIterator[Ask]:
    async with grpc.aio.insecure_channel(f"{HOST}:{port}") as channel:
        call = channel.unary_stream(
            f"/{SERVICE}/{METHOD}",
            request_serializer=msgspec.msgpack.encode,
            response_deserializer=partial(msgspec.msgpack.decode, type=TextDelta),
        )

        async def ask() -> AsyncGenerator[TextDelta]:
            async for delta in call((PROMPT, Sampling())):
                yield delta

        yield ask


SERVERS = {"ours": _ours, "grpc.aio": _grpc}
CLIENTS = {"ours": _asking_ours, "grpc.aio": _asking_grpc}


def _serve(way: str, deltas: int, step_s: float, pipe: Pipe) -> None:
    """The generator's process; it runs until it is killed."""

    async def serve() -> None:
        engine = Engine(deltas, step_s)
        pipe.send(await SERVERS[way](engine))
        await engine.run()

    uvloop.run(serve())


@dataclass(slots=True)
class Cost:
    """What the answers of one way have cost."""

    answers: int = 0
    cpu_s: float = 0.0
    first_s: list[float] = field(default_factory=list)
    delta_s: list[float] = field(default_factory=list)

    def row(self) -> tuple[float, ...]:
        """CPU of an answer, then latencies, in ms."""
        return (
            1000 * self.cpu_s / self.answers,
            1000 * quantile(self.first_s, 0.5),
            1000 * quantile(self.delta_s, 0.5),
            1000 * quantile(self.delta_s, 0.95),
        )


async def _answer(ask: Ask, deltas: int, cost: Cost) -> None:
    asked = time.monotonic()
    count = 0
    async for delta in ask():
        now = time.monotonic()
        for position, number in enumerate(delta.ids):
            made = float(delta.text[position * TIME : (position + 1) * TIME])
            (cost.delta_s if number else cost.first_s).append(now - (made if number else asked))
        count += delta.tokens
    if count != deltas:
        raise StudyFailed(f"An answer had {count} of its {deltas} deltas.")
    cost.answers += 1


async def _pass(ask: Ask, users: int, answers: int, deltas: int, cost: Cost, pid: int) -> None:
    async def user() -> None:
        for _ in range(answers):
            await _answer(ask, deltas, cost)

    server = psutil.Process(pid)
    before = time.process_time() + sum(server.cpu_times()[:2])
    await asyncio.gather(*(user() for _ in range(users)))
    cost.cpu_s += time.process_time() + sum(server.cpu_times()[:2]) - before


async def _measure(arguments: argparse.Namespace, _: Path) -> str:
    context = multiprocessing.get_context("spawn")
    processes = {}
    async with AsyncExitStack() as stack:
        asks = {}
        for way in SERVERS:
            here, there = context.Pipe()
            process = processes[way] = context.Process(
                target=_serve,
                args=(way, arguments.deltas, arguments.step_ms / 1000, there),
                daemon=True,
            )
            process.start()
            stack.callback(process.kill)
            if not await asyncio.to_thread(here.poll, STARTS_WITHIN_S):
                raise StudyFailed(f"The process of {way} did not start.")
            asks[way] = await stack.enter_async_context(CLIENTS[way](here.recv()))
        rows: list[list[str]] = []
        for users in arguments.users:
            costs = {way: Cost() for way in SERVERS}
            for number in range(arguments.passes + 1):
                for way, cost in costs.items():
                    pid = processes[way].pid
                    assert pid is not None
                    warm = number == 0
                    counted = Cost() if warm else cost
                    await _pass(asks[way], users, arguments.answers, arguments.deltas, counted, pid)
                say(f"{users} users: pass {number} of {arguments.passes}")
            rows += _rows(users, costs)
    return table(HEADS, rows)


def _rows(users: int, costs: Mapping[str, Cost]) -> list[list[str]]:
    figures = {way: cost.row() for way, cost in costs.items()}
    ratios = [ours / other for ours, other in zip(*figures.values(), strict=True)]
    return [
        *([str(users), way, *(f"{each:.2f}" for each in row)] for way, row in figures.items()),
        [str(users), "ratio", *(f"{each:.2f}" for each in ratios)],
    ]


HEADS = ["users", "way", "CPU per answer, ms", "first delta p50, ms", "delta p50, ms",
         "delta p95, ms"]  # fmt: skip


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.number("--users", [1, 32], "users at once")
    study.number("--deltas", 64, "deltas of an answer")
    study.number("--step-ms", 5.0, "time of an engine's step")
    study.number("--answers", 4, "answers of each user in a pass")
    study.number("--passes", 5, "measured passes")
    study.run(_measure, given)


if __name__ == "__main__":
    main()
