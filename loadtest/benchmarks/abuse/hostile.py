"""A victim asks once a second while others attack: its waits, and how long the server is silent.

    python -m loadtest.benchmarks.abuse.hostile                     # locally
    python -m loadtest.benchmarks.abuse.hostile --deploy ray
    python -m loadtest.benchmarks.abuse.hostile --attack prepare --attack one-word

One backend with the tiny model on vLLM, the rails and the search of its defaults, and a quota of
requests. Each attack (``loadtest.benchmarks.drivers.attacks``) runs for a while from a process of
its own. Meanwhile the victim asks, with retrieval, and `/healthz` is asked ten times a second.

Limits: attackers, victim and server share this machine's cores. p99 of so few answers is the
slowest of them.
"""

import argparse
import asyncio
import itertools
import sys
import time
import uuid
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from backend.protocol.wire import Ask
from loadtest.benchmarks.command import run
from loadtest.benchmarks.drivers.attacks import ATTACKS
from loadtest.benchmarks.drivers.users import AnswerFailed, websocket_user
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import Backend, serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import running
from loadtest.experiments import machine
from loadtest.experiments.markdown import table
from loadtest.experiments.quantile import quantile
from loadtest.scenarios import questions

ALONE = "none"
_EVERY_S = 1.0
_PROBE_S = 0.1
_SETTINGS = {
    "server.user_header": "X-User",
    "quotas.requests_per_minute": 120,
    "rails.pii.action": "redact",
}


@dataclass(slots=True)
class Seen:
    """What the victim and the probe saw during one attack. Times in seconds."""

    ttft_s: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    silence_s: float = 0.0
    memory_mib: float = 0.0


async def _watch(backend: Backend, seconds: float) -> Seen:
    seen = Seen()
    probing = asyncio.create_task(_probe(backend.url, seen))
    try:
        await _ask(backend.url, seconds, seen)
    finally:
        probing.cancel()
        with suppress(asyncio.CancelledError):
            await probing
    seen.memory_mib = machine.tree_mib(backend.pid)
    return seen


async def _ask(url: str, seconds: float, seen: Seen) -> None:
    ends = time.monotonic() + seconds

    def request(question: str) -> Ask:
        return Ask(id=uuid.uuid4().hex, question=question, max_tokens=8, temperature=0.0)

    async with AsyncExitStack() as stack:
        victim = await websocket_user(stack, url, request, {"X-User": "victim"})
        for question in questions.endless(itertools.count(time.monotonic_ns() // 1_000_000)):
            began = time.monotonic()
            if began >= ends:
                return
            try:
                answer = await victim(question)
            except AnswerFailed as error:
                seen.lost.append(str(error))
            else:
                seen.ttft_s.append(answer.ttft_s)
            await asyncio.sleep(max(began + _EVERY_S - time.monotonic(), 0))


async def _probe(url: str, seen: Seen) -> None:
    """The longest time from one answer of `/healthz` to the next, less the pause between them."""
    async with httpx.AsyncClient(timeout=60) as client:
        while True:
            began = time.monotonic()
            try:
                response = await client.get(f"{url}/healthz")
                response.raise_for_status()
            except httpx.HTTPError as error:
                seen.lost.append(f"/healthz: {error or type(error).__name__}")
            seen.silence_s = max(seen.silence_s, time.monotonic() - began)
            await asyncio.sleep(_PROBE_S)


async def _study(arguments: argparse.Namespace, folder: Path) -> str:
    engine = Engine(tiny_model.make(arguments.model.resolve()))
    found: dict[str, Seen] = {}
    async with serving(folder, engine, arguments.deploy, _SETTINGS) as backend:
        await _watch(backend, 5.0)  # warms up
        found[ALONE] = await _watch(backend, arguments.seconds)
        for name in arguments.attack or ATTACKS:
            command = [sys.executable, "-m", "loadtest.benchmarks.drivers.attacks",
                       backend.url, name, str(arguments.seconds)]  # fmt: skip
            print(f"{name} …", file=sys.stderr, flush=True)
            async with running(name, command, folder, {}):
                found[name] = await _watch(backend, arguments.seconds)
            await asyncio.sleep(arguments.pause)
        found["none, afterwards"] = await _watch(backend, arguments.seconds)
    return _report(found)


def _report(found: dict[str, Seen]) -> str:
    calm = max(found[ALONE].ttft_s)
    rows = [
        (
            name,
            ATTACKS[name].about if name in ATTACKS else "",
            str(len(seen.ttft_s)),
            f"{1000 * median(seen.ttft_s):.0f}" if seen.ttft_s else "-",
            f"{1000 * quantile(seen.ttft_s, 0.99):.0f}" if seen.ttft_s else "-",
            f"{quantile(seen.ttft_s, 0.99) / calm:.1f}" if seen.ttft_s else "-",
            f"{1000 * seen.silence_s:.0f}",
            f"{seen.memory_mib:.0f}",
            "; ".join(dict.fromkeys(seen.lost)) or "none",
        )
        for name, seen in found.items()
    ]
    heads = ("attack", "what", "answers", "TTFT p50, ms", "p99, ms", "to none",
             "longest /healthz, ms", "memory, MiB", "lost")  # fmt: skip
    return table(heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.abuse.hostile",
        description=(__doc__ or "").partition("\n")[0],
    )
    parser.add_argument("--deploy", choices=("local", "ray"), default="local")
    parser.add_argument(
        "--attack", action="append", choices=sorted(ATTACKS), help="one of them; again for more"
    )
    parser.add_argument("--seconds", type=float, default=12.0, help="of each attack (12)")
    parser.add_argument("--pause", type=float, default=2.0, help="after each, in seconds (2)")
    parser.add_argument(
        "--model", type=Path, default=Path(".models/tiny"), metavar="FOLDER",
        help="the tiny model; made there if need be (.models/tiny)",
    )  # fmt: skip
    arguments = parser.parse_args()
    run("hostile", lambda folder: _study(arguments, folder))


if __name__ == "__main__":
    main()
