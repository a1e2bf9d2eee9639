"""Overload: arrivals at 1, 2, 4 and 8 times what the server can answer (`make bench-overload`).

An open loop against one local gateway with the tiny model on vLLM. Each pass measures what a full
engine answers per second, and then each load in turn; the next pass begins with the next load.
Figures are of all passes together. At the end each load is measured once without admission.

Limits: client and server share this machine's cores, so what a load costs the client is missing at
the server; the table has this cost. Prompts are short, all different and without retrieval. Answers
differ in length (``--spread``), because answers of one length fall into step: the engine's slots
become free all at once, and whatever arrives in between waits for that at any load.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from backend.protocol.wire import Ask
from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers.capacity import capacity
from loadtest.benchmarks.drivers.open_loop import Crowd, Outcome, open_loop, poisson
from loadtest.benchmarks.drivers.users import asking, websocket_user, websocket_users
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.server import Server, distinct, serving
from loadtest.experiments import machine
from loadtest.experiments.markdown import table
from loadtest.experiments.quantile import quantile

SEQUENCES = 32  # decoded together by the engine
SLO_S = 2.0  # a later first token is worth nothing
CONNECTIONS = 150  # open before the first arrival
RAMP_S = 2.0  # at the start of each load, not counted
CAPACITY_S = 8.0
PATIENCE_S = 10.0  # for answers after the last arrival
OFF_PATIENCE_S = 0.5  # without admission, answers would keep coming for minutes
ON = "[admission]\nmax_wait_s = {}\n"
OFF = (
    "[admission]\nengine_requests = 1000000\nengine_tokens = 1000000000\nreserved_share = 0.0\n"
    "max_waiting_tokens = 1000000000\nmax_wait_s = 1000000.0\n"
)


class Figures(Struct, frozen=True):
    """Requests that arrived and answers that ended within a window. Rates are per second."""

    offered: float
    goodput: float  # answers whose first token came in time
    ttft_p50_s: float
    ttft_p99_s: float
    shed: float  # share of the arrivals
    shed_p99_s: float  # from asking to being told
    failed: int
    unanswered: int


def figures(passes: Sequence[Sequence[Outcome]], start: float, end: float) -> Figures:
    """The figures of all passes together, in the same window of each."""
    seconds = len(passes) * (end - start)
    outcomes = [each for outcomes in passes for each in outcomes]
    arrived = [each for each in outcomes if start <= each.arrived_s < end]
    # A request that is still unanswered at the end has waited for at least this long.
    ttft = [
        each.answered.ttft_s if each.answered else each.lasted_s
        for each in arrived
        if each.answered or each.unanswered
    ]
    shed = [each.lasted_s for each in arrived if each.shed]
    good = sum(
        start <= each.ended_s < end
        for each in outcomes
        if each.answered and each.answered.ttft_s <= SLO_S
    )
    return Figures(
        offered=len(arrived) / seconds,
        goodput=good / seconds,
        ttft_p50_s=quantile(ttft, 0.5),
        ttft_p99_s=quantile(ttft, 0.99),
        shed=len(shed) / len(arrived),
        shed_p99_s=quantile(shed, 0.99) if shed else 0.0,
        failed=sum(bool(each.error) for each in outcomes),
        unanswered=sum(each.unanswered for each in outcomes),
    )


@dataclass(slots=True)
class _Row:
    """What one load led to, pass after pass."""

    passes: list[list[Outcome]] = field(default_factory=list)
    memory_mib: float = 0.0  # the largest after any pass
    client_cores: float = 0.0  # the largest in any pass


class _Bench:
    """Measures several servers with the same arrivals."""

    def __init__(self, seconds: float, request: Callable[[str], Ask], seed: int) -> None:
        self._seconds = seconds
        self._request = request
        self._seed = seed
        self._asked = distinct()

    async def capacity(self, server: Server) -> float:
        async with websocket_users(server.url, SEQUENCES, self._request) as users:
            return await capacity(users, self._asked, CAPACITY_S)

    async def measure(self, server: Server, row: _Row, rate: float, patience_s: float) -> None:
        """Adds a pass of ``rate`` arrivals a second to ``row``."""
        await server.idle()
        chance = random.Random(self._seed + len(row.passes))
        async with AsyncExitStack() as stack:
            crowd = Crowd(lambda: websocket_user(stack, server.url, self._request))
            await crowd.gather(CONNECTIONS)
            cpu, began = time.process_time(), time.perf_counter()
            arrivals = poisson(rate, self._seconds, chance)
            row.passes.append(await open_loop(crowd.ask, arrivals, self._asked, patience_s))
            cores = (time.process_time() - cpu) / (time.perf_counter() - began)
            row.client_cores = max(row.client_cores, cores)
            row.memory_mib = max(row.memory_mib, machine.tree_mib(server.pid))

    def figures(self, row: _Row) -> Figures:
        return figures(row.passes, RAMP_S, self._seconds)

    def cells(self, name: str, load: float, row: _Row) -> list[str]:
        found = self.figures(row)
        at_least = "≥ " if found.unanswered else ""
        return [
            name,
            f"{load:g}×",
            f"{found.offered:.1f}",
            f"{found.goodput:.1f}",
            f"{1000 * found.ttft_p50_s:,.0f}",
            f"{at_least}{1000 * found.ttft_p99_s:,.0f}",
            f"{found.shed:.0%}",
            f"{1000 * found.shed_p99_s:,.0f}" if found.shed else "–",
            str(found.failed),
            str(found.unanswered),
            f"{row.memory_mib:,.0f}",
            f"{row.client_cores:.2f}",
        ]


HEADER = [
    "admission", "load", "offered/s", "goodput/s", "TTFT p50, ms", "TTFT p99, ms", "shed",
    "told so, p99, ms", "failed", "unanswered", "memory, MiB", "client, cores",
]  # fmt: skip


def verdict(measured: dict[float, Figures]) -> str:
    """Compares the figures with admission with the aims.

    At the lightest load goodput is also bounded by what arrives: the engine idles while nobody
    comes, and cannot make up for that. So there it is given as a share of what was offered.
    """
    lightest = min(measured)
    light = measured[lightest]
    over = {load: each for load, each in measured.items() if load > lightest} or measured
    peak = max(each.goodput for each in measured.values())
    load, worst = min(over.items(), key=lambda item: item[1].goodput)
    ttft = max(each.ttft_p99_s for each in measured.values()) / light.ttft_p99_s
    shed = max(each.shed_p99_s for each in measured.values())
    lost = sum(each.unanswered + each.failed for each in measured.values())
    return (
        f"With admission: goodput is {light.goodput / light.offered:.0%} of what is offered at "
        f"{lightest:g}×, and above that at its worst ({load:g}×) {worst.goodput / peak:.0%} of its "
        f"peak; TTFT p99 is at most {ttft:.2f} of its value at {lightest:g}×; 99% of the shed are "
        f"told so within {1000 * shed:.0f} ms; {lost} failed or left unanswered."
    )


async def _measure(arguments: argparse.Namespace, folder: Path) -> str:
    model = await asyncio.to_thread(tiny_model.make, arguments.model.resolve())
    busy = await asyncio.to_thread(machine.busy_cores, 2.0)
    engine = Engine(model, max_num_seqs=SEQUENCES)
    request = asking(arguments.tokens, arguments.spread, arguments.seed)
    bench = _Bench(arguments.seconds, request, arguments.seed)
    loads: list[float] = arguments.loads
    on, off = {load: _Row() for load in loads}, {load: _Row() for load in loads}
    rates = []

    def tell(name: str, load: float, row: _Row) -> None:
        say(" | ".join(bench.cells(name, load, row)))

    async with serving("on", folder, engine, ON.format(arguments.wait)) as server:
        await bench.capacity(server)  # warms up
        for turn in range(arguments.passes):
            rates.append(await bench.capacity(server))
            say(f"Pass {turn + 1}: {rates[-1]:.1f} answers/s")
            first = turn % len(loads)
            for load in loads[first:] + loads[:first]:
                await bench.measure(server, on[load], load * rates[-1], PATIENCE_S)
                tell("on", load, on[load])
    async with serving("off", folder, engine, OFF) as server:
        await bench.capacity(server)
        for load in loads:
            await bench.measure(server, off[load], load * rates[-1], OFF_PATIENCE_S)
            tell("off", load, off[load])
    about = machine.describe()
    rows = [
        bench.cells(name, load, row)
        for name, measured in (("on", on), ("off", off))
        for load, row in measured.items()
    ]
    return (
        f"{about.cores} cores of {about.cpu}, {busy:.2f} of them busy before the start; "
        f"{SEQUENCES} sequences, {arguments.tokens} tokens an answer ± {arguments.spread:.0%}, "
        f"predicted waits of at most {arguments.wait:g} s, {arguments.passes} passes. "
        f"A full engine answers {min(rates):.1f} to {max(rates):.1f} requests/s; "
        f"goodput counts answers whose first token came within {SLO_S:g} s.\n\n"
        f"{table(HEADER, rows)}\n\n"
        f"{verdict({load: bench.figures(row) for load, row in on.items()})}"
    )


def main() -> None:
    study = Study(__spec__, __doc__)
    study.number("--seconds", 10.0, "time of arrivals at each load")
    study.number("--loads", [1.0, 2.0, 4.0, 8.0], "multiples of what a full engine answers")
    study.number("--passes", 4, "passes with admission")
    study.number("--wait", 0.6, "the longest predicted wait in seconds that is not shed", zero=True)
    study.number("--tokens", 128, "tokens of an answer, on average")
    study.number("--spread", 0.6, "share by which an answer may be longer or shorter", zero=True)
    study.number("--seed", 1, "seed of the arrival times", zero=True)
    study.model()
    study.run(_measure)


if __name__ == "__main__":
    main()
