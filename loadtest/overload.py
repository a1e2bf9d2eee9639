"""Overload: arrivals at 1, 2, 4 and 8 times what the server can answer (`make bench-overload`).

An open loop against one local gateway with the tiny model on vLLM. First what a full engine answers
per second is measured, then each load in turn, and then the same with admission switched off.

Limits: client and server share this machine's cores, so a load that costs the client much leaves
the server less; what it costs is in the table. Prompts are short, all different and without
retrieval; answers have one length.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct

from loadtest import machine, tiny_model
from loadtest.capacity import capacity
from loadtest.command import run
from loadtest.engine import Engine
from loadtest.markdown import table
from loadtest.open_loop import Crowd, Outcome, open_loop, poisson
from loadtest.server import Server, asking, distinct, serving
from loadtest.summary import quantile
from loadtest.users import websocket_user, websocket_users

SEQUENCES = 32  # that the engine decodes together
WAIT_S = 0.3  # the longest predicted wait that is not shed
SLO_S = 2 * WAIT_S  # a later first token is worth nothing
CONNECTIONS = 150  # open before the first arrival
RAMP_S = 2.0  # of each load that is not counted
CAPACITY_S = 8.0
PATIENCE_S = 10.0  # with answers, after the last arrival
OFF_PATIENCE_S = 0.5  # without admission they would keep coming for minutes
ON = f"[admission]\nmax_wait_s = {WAIT_S}\n"
OFF = (
    "[admission]\nengine_requests = 1000000\nengine_tokens = 1000000000\nreserved_share = 0.0\n"
    "max_waiting_tokens = 1000000000\nmax_wait_s = 1000000.0\n"
)


class Figures(Struct, frozen=True):
    """Of the requests that arrived, and the answers that ended, in a window; rates per second."""

    offered: float
    goodput: float  # answers whose first token came in time
    ttft_p50_s: float
    ttft_p99_s: float
    shed: float  # share of the arrivals
    shed_p99_s: float  # to the answer that says so
    failed: int
    unanswered: int


def figures(outcomes: Sequence[Outcome], start: float, end: float) -> Figures:
    arrived = [each for each in outcomes if start <= each.arrived_s < end]
    # Of those still unanswered in the end, it is known how long they have waited at least.
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
        offered=len(arrived) / (end - start),
        goodput=good / (end - start),
        ttft_p50_s=quantile(ttft, 0.5),
        ttft_p99_s=quantile(ttft, 0.99),
        shed=len(shed) / len(arrived),
        shed_p99_s=quantile(shed, 0.99) if shed else 0.0,
        failed=sum(bool(each.error) for each in outcomes),
        unanswered=sum(each.unanswered for each in outcomes),
    )


class _Bench:
    """Measures one server after the other with the same arrivals."""

    def __init__(self, seconds: float, tokens: int, seed: int) -> None:
        self._seconds = seconds
        self._request = asking(tokens)
        self._seed = seed
        self._asked = distinct()

    async def capacity(self, server: Server) -> float:
        async with websocket_users(server.url, SEQUENCES, self._request) as users:
            return await capacity(users, self._asked, CAPACITY_S)

    async def row(
        self, name: str, server: Server, load: float, rate: float, patience_s: float
    ) -> tuple[Figures, list[str]]:
        await server.idle()
        arrivals = poisson(load * rate, self._seconds, random.Random(self._seed))
        async with AsyncExitStack() as stack:
            crowd = Crowd(lambda: websocket_user(stack, server.url, self._request))
            await crowd.gather(CONNECTIONS)
            cpu, began = time.process_time(), time.perf_counter()
            outcomes = await open_loop(crowd.ask, arrivals, self._asked, patience_s)
            cores = (time.process_time() - cpu) / (time.perf_counter() - began)
            mib = machine.tree_mib(server.pid)
        found = figures(outcomes, RAMP_S, self._seconds)
        at_least = "≥ " if found.unanswered else ""
        cells = [
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
            f"{mib:,.0f}",
            f"{cores:.2f}",
        ]
        print(" | ".join(cells), file=sys.stderr, flush=True)
        return found, cells


HEADER = [
    "admission", "load", "offered/s", "goodput/s", "TTFT p50, ms", "TTFT p99, ms", "shed",
    "told so, p99, ms", "failed", "unanswered", "memory, MiB", "client, cores",
]  # fmt: skip


def verdict(measured: dict[float, Figures]) -> str:
    """What the figures with admission say about the aims."""
    peak = max(each.goodput for each in measured.values())
    worst = min(measured.items(), key=lambda item: item[1].goodput)
    first = measured[min(measured)]
    ttft = max(each.ttft_p99_s for each in measured.values()) / first.ttft_p99_s
    shed = max(each.shed_p99_s for each in measured.values())
    lost = sum(each.unanswered + each.failed for each in measured.values())
    return (
        f"With admission: goodput at its worst ({worst[0]:g}×) is {worst[1].goodput / peak:.0%} of "
        f"its peak; TTFT p99 is at most {ttft:.2f} of its value at {min(measured):g}×; 99% of the "
        f"shed are told so within {1000 * shed:.0f} ms; {lost} failed or left unanswered."
    )


async def _measure(folder: Path, model: Path, arguments: argparse.Namespace) -> str:
    busy = await asyncio.to_thread(machine.busy_cores, 2.0)
    engine = Engine(model, max_num_seqs=SEQUENCES)
    bench = _Bench(arguments.seconds, arguments.tokens, arguments.seed)
    rows: list[list[str]] = []
    measured: dict[float, Figures] = {}
    async with serving("on", folder, engine, ON) as server:
        # The first one warms up too; whatever disturbs one makes it smaller.
        rate = max([await bench.capacity(server) for _ in range(2)])
        print(f"Capacity: {rate:.1f} answers/s", file=sys.stderr, flush=True)
        for load in arguments.loads:
            measured[load], cells = await bench.row("on", server, load, rate, PATIENCE_S)
            rows.append(cells)
    async with serving("off", folder, engine, OFF) as server:
        await bench.capacity(server)
        for load in arguments.loads:
            _, cells = await bench.row("off", server, load, rate, OFF_PATIENCE_S)
            rows.append(cells)
    about = machine.describe()
    return (
        f"{about.cores} cores of {about.cpu}, {busy:.2f} of them busy before the start; "
        f"{SEQUENCES} sequences, {arguments.tokens} tokens an answer, predicted waits of at most "
        f"{WAIT_S:g} s. A full engine answers {rate:.1f} requests/s; goodput counts answers whose "
        f"first token came within {SLO_S:g} s.\n\n{table(HEADER, rows)}\n\n{verdict(measured)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.overload", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of arrivals at each load")
    parser.add_argument("--loads", type=float, nargs="+", default=[1, 2, 4, 8], metavar="TIMES")
    parser.add_argument("--tokens", type=int, default=128, help="per answer")
    parser.add_argument("--seed", type=int, default=1, help="of the arrival times")
    arguments = parser.parse_args()
    model = tiny_model.make(Path(".models/tiny").resolve())
    run("overload", lambda folder: _measure(folder, model, arguments))


if __name__ == "__main__":
    main()
