"""A victim asks once a second while others attack: how long it waits, and the server is silent.

    python -m loadtest.benchmarks.abuse.hostile                     # locally
    python -m loadtest.benchmarks.abuse.hostile --deploy ray
    python -m loadtest.benchmarks.abuse.hostile --attack prepare --attack one-word

One backend runs the tiny model on vLLM, with its default rails and search and a quota of requests.
Each attack (``loadtest.benchmarks.drivers.attacks``) runs for a while in its own process. Meanwhile
the victim asks with retrieval, and `/healthz` is requested ten times a second.

Limits: attackers, victim and server share this machine's cores. With so few answers, p99 is the
slowest of them.
"""

import argparse
import asyncio
import itertools
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers.attacks import ATTACKS
from loadtest.benchmarks.drivers.users import AnswerFailed, asking, websocket_user
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
    """What the victim and the probe saw during one attack. Times are in seconds."""

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
    request = asking(8, retrieving=True)
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
    """Notes the longest wait for an answer of `/healthz`."""
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
            say(f"{name} …")
            async with running(name, command, folder):
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
    study = Study(__spec__, __doc__)
    study.deploy()
    study.add_argument(
        "--attack", action="append", choices=sorted(ATTACKS), metavar="NAME",
        help=f"run only this one; give it again for more: {', '.join(sorted(ATTACKS))}",
    )  # fmt: skip
    study.number("--seconds", 12.0, "length of each attack")
    study.number("--pause", 2.0, "seconds after each attack", zero=True)
    study.model()
    study.run(_study)


if __name__ == "__main__":
    main()
