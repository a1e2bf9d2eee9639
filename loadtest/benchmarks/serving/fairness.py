"""Fairness: one user floods, nineteen ask normally (`make bench-fairness`).

The nineteen read for a random time before they ask again, and together ask for 60% of what the
server can answer. Three situations take turns on one local gateway with the tiny model on vLLM: the
nineteen alone; with one user who always has 50 requests open and repeats each as soon as it is
answered or shed; and with the same flood under 50 names, which shows what telling users apart is
worth.

Limits: client and server share this machine's cores. On a CPU a decoding step takes longer with
more sequences, so the flood slows the nineteen down by being in the engine at all.
"""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers.capacity import capacity
from loadtest.benchmarks.drivers.closed_loop import User
from loadtest.benchmarks.drivers.open_loop import Outcome
from loadtest.benchmarks.drivers.users import (
    AnswerFailed,
    Shed,
    asking,
    websocket_user,
    websocket_users,
)
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.server import Server, distinct, serving
from loadtest.benchmarks.summary import Spread
from loadtest.experiments import machine
from loadtest.experiments.markdown import table
from loadtest.experiments.quantile import quantile

SEQUENCES = 16  # decoded together by the engine
NORMAL_USERS = 19
NORMAL_LOAD = 0.6  # share of the capacity that they ask for together
FLOOD = 50  # requests at a time
AGAIN_S = 0.05  # pause after a shed request; less would load the client more than the server
RAMP_S = 2.0  # at the start of each turn, not counted
PATIENCE_S = 10.0
CAPACITY_S = 8.0
SETTINGS = '[server]\nuser_header = "X-User"\n'

ALONE, ONE, MANY = "the nineteen alone", "one user floods", "the flood under 50 names"


class _Bench:
    def __init__(self, server: Server, seconds: float, tokens: int) -> None:
        self._server = server
        self._seconds = seconds
        self._request = asking(tokens)
        self._asked = distinct()

    async def capacity(self) -> float:
        async with websocket_users(self._server.url, SEQUENCES, self._request) as users:
            return await capacity(users, self._asked, CAPACITY_S)

    async def turn(self, situation: str, pause_s: float) -> list[Outcome]:
        """The outcomes of the nineteen, who pause for ``pause_s`` on average."""
        await self._server.idle()
        async with AsyncExitStack() as stack:
            flooders = {ALONE: [], ONE: ["flood"] * FLOOD, MANY: [f"f{n}" for n in range(FLOOD)]}
            await stack.enter_async_context(self._flood(stack, flooders[situation]))
            began = time.perf_counter()
            each = []
            for n in range(NORMAL_USERS):
                name = {"X-User": f"u{n}"}
                user = await websocket_user(stack, self._server.url, self._request, name)
                each.append(self._read(user, random.Random(n), pause_s, began))
            outcomes = [one for done in await asyncio.gather(*each) for one in done]
        return [each for each in outcomes if each.arrived_s >= RAMP_S]

    async def _read(
        self, user: User, chance: random.Random, pause_s: float, began: float
    ) -> list[Outcome]:
        """The outcomes of one user, who first asks at a random moment within one pause."""
        outcomes: list[Outcome] = []
        await asyncio.sleep(chance.uniform(0, pause_s))
        while (asked_s := time.perf_counter() - began) < self._seconds:
            what: dict[str, object] = {}
            try:
                async with asyncio.timeout(PATIENCE_S):
                    what["answered"] = await user(next(self._asked))
            except Shed:
                what["shed"] = True
            except AnswerFailed as error:
                what["error"] = str(error)
            except TimeoutError:
                what["unanswered"] = True
            ended_s = time.perf_counter() - began
            outcomes.append(Outcome(asked_s, ended_s, **what))  # type: ignore[arg-type]
            if "unanswered" in what:
                break  # its frames may still arrive
            await asyncio.sleep(chance.expovariate(1 / pause_s))
        return outcomes

    @asynccontextmanager
    async def _flood(self, stack: AsyncExitStack, names: Sequence[str]) -> AsyncIterator[None]:
        async def again(name: str) -> None:
            user = await websocket_user(stack, self._server.url, self._request, {"X-User": name})
            while True:
                try:
                    await user(next(self._asked))
                except Shed:
                    await asyncio.sleep(AGAIN_S)

        tasks = [asyncio.create_task(again(name)) for name in names]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def ttft_s(outcomes: Sequence[Outcome], share: float) -> float:
    return quantile([each.answered.ttft_s for each in outcomes if each.answered], share)


def report(turns: dict[str, list[list[Outcome]]]) -> str:
    """Medians over the turns. Ratios are taken turn by turn, to the nineteen alone."""
    rows = []
    for situation, done in turns.items():
        ratios = [
            ttft_s(ours, 0.95) / ttft_s(alone, 0.95)
            for ours, alone in zip(done, turns[ALONE], strict=True)
        ]
        everything = [each for outcomes in done for each in outcomes]
        rows.append(
            [
                situation,
                str(len(everything)),
                f"{1000 * median(ttft_s(outcomes, 0.5) for outcomes in done):,.0f}",
                f"{1000 * median(ttft_s(outcomes, 0.95) for outcomes in done):,.0f}",
                Spread.of(ratios).show(2) if situation != ALONE else "1",
                str(sum(each.shed for each in everything)),
                str(sum(each.unanswered or bool(each.error) for each in everything)),
            ]
        )
    header = ["", "asked", "TTFT p50, ms", "TTFT p95, ms", "p95 to alone", "shed", "failed"]
    return table(header, rows)


async def _measure(arguments: argparse.Namespace, folder: Path) -> str:
    model = await asyncio.to_thread(tiny_model.make, arguments.model.resolve())
    busy = await asyncio.to_thread(machine.busy_cores, 2.0)
    engine = Engine(model, max_num_seqs=SEQUENCES)
    turns: dict[str, list[list[Outcome]]] = {ALONE: [], ONE: [], MANY: []}
    async with serving("fair", folder, engine, SETTINGS) as server:
        bench = _Bench(server, arguments.seconds, arguments.tokens)
        # The first one also warms up. Disturbances only ever make the capacity look smaller.
        rate = max([await bench.capacity() for _ in range(2)])
        # A question holds its slot in a full engine for this long, or a little less.
        pause_s = (NORMAL_USERS / NORMAL_LOAD - SEQUENCES) / rate
        for _ in range(arguments.passes):
            for situation, done in turns.items():
                done.append(await bench.turn(situation, pause_s))
                say(f"{situation}: TTFT p95 {1000 * ttft_s(done[-1], 0.95):.0f} ms")
    about = machine.describe()
    return (
        f"{about.cores} cores of {about.cpu}, {busy:.2f} of them busy before the start; "
        f"{SEQUENCES} sequences, {arguments.tokens} tokens an answer. A full engine answers "
        f"{rate:.1f} requests/s, of which the nineteen ask for {NORMAL_LOAD:.0%}. "
        f"What the nineteen see:\n\n{report(turns)}"
    )


def main() -> None:
    study = Study(__spec__, __doc__)
    study.number("--seconds", 10.0, "length of each turn")
    study.number("--passes", 3, "turns of each situation")
    study.number("--tokens", 64, "tokens of an answer")
    study.model()
    study.run(_measure)


if __name__ == "__main__":
    main()
