"""What the rails add to TTFT: all on beside all off, in one run (`make bench-rails`).

Two gateways take turns in front of one stub whose prefill takes 50, 200 or 800 ms
(``loadtest.benchmarks.servers.stub_upstream``). Then the same is done with real vLLM and the tiny
model, whose prefill takes a few milliseconds and so hides nothing of what the rails cost.

Limits: there is one user, so nothing queues. The toxicity model is
``loadtest.benchmarks.models.tiny_toxicity``, which has two layers where the published one has
twelve. Questions are short and all different, so no rail's cache helps.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from backend.deploy.addresses import free_port
from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers.closed_loop import closed_loop
from loadtest.benchmarks.drivers.users import asking, websocket_users
from loadtest.benchmarks.models import tiny_model, tiny_toxicity
from loadtest.benchmarks.servers import paths, stub_upstream
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import running
from loadtest.benchmarks.summary import ttft_p50_ms
from loadtest.experiments import machine
from loadtest.experiments.markdown import table

PREFILLS_MS = (50, 200, 800)
TOKENS = 16
ENGINE = '[vllm]\ndtype = "bfloat16"\ncpu_threads = 1\n[retrieval]\nembedder_threads = 1\n'
RAILS = ("secrets", "pii", "toxicity", "topic", "injection")


def _off() -> str:
    return "".join(f'[rails.{name}]\naction = "off"\n' for name in RAILS)


def _on(toxicity: tiny_toxicity.Checkpoint) -> str:
    return (
        "[rails.toxicity]\n"
        f'model = "{toxicity.file}"\nmodel_config = "{toxicity.config}"\naction = "block"\n'
    )


@asynccontextmanager
async def _gateway(
    name: str, folder: Path, data: Path, settings: str, engine: Sequence[str]
) -> AsyncIterator[str]:
    config = folder / f"{name}.toml"
    config.write_text(settings + ENGINE)
    own = folder / f"{name}-data"  # an index has one owner at a time
    await asyncio.to_thread(shutil.copytree, data, own)
    command = paths.glossator(
        "serve", "--port", "0", "--config", str(config), "--data", str(own), *engine
    )
    async with running(name, command, folder, Engine(Path()).environment()) as child:
        yield await paths.url_of(child)


async def _ttft(url: str, questions: Sequence[str]) -> float:
    async with websocket_users(url, 1, asking(TOKENS, retrieving=True)) as users:
        return ttft_p50_ms(await closed_loop(users, questions))


async def _row(
    label: str, urls: dict[str, str], prefill_ms: int, requests: int, passes: int
) -> list[str]:
    """The medians over the passes: of each side's p50, and of the difference within a pass."""
    figures: dict[str, list[float]] = {name: [] for name in urls}
    serial = iter(range(10**9))
    for turn in range(-1, passes):  # the first one warms up
        for name in sorted(urls, reverse=turn % 2 == 0):
            asked = [stub_upstream.question(prefill_ms, next(serial)) for _ in range(requests)]
            figure = await _ttft(urls[name], asked)
            if turn >= 0:
                figures[name].append(figure)
        say(f"{label}: pass {turn + 1} of {passes}")
    added = [on - off for on, off in zip(figures["on"], figures["off"], strict=True)]
    off, on = median(figures["off"]), median(figures["on"])
    row = [
        label,
        f"{off:.1f}",
        f"{on:.1f}",
        f"{median(added):+.1f} ({min(added):+.1f} to {max(added):+.1f})",
        f"{100 * median(added) / off:+.1f} %",
    ]
    say(" | ".join(row))
    return row


async def _measure(arguments: argparse.Namespace, folder: Path) -> str:
    busy = await asyncio.to_thread(machine.busy_cores, 2.0)
    say(f"Before the start: {busy:.2f} cores busy")
    model = await asyncio.to_thread(tiny_model.make, arguments.models.resolve() / "tiny")
    toxicity = await asyncio.to_thread(tiny_toxicity.make, arguments.models.resolve() / "toxicity")
    requests, passes = arguments.requests, arguments.passes
    data = await paths.indexed(folder)
    sides = {"off": _off(), "on": _on(toxicity)}
    rows = []
    port = free_port()
    stub = [sys.executable, "-m", "loadtest.benchmarks.servers.stub_upstream", "--port", str(port)]
    upstream = ("--engine", "openai", "--upstream", f"http://127.0.0.1:{port}/v1")
    async with (
        running("stub", stub, folder),
        _gateway("stub-off", folder, data, sides["off"], upstream) as off,
        _gateway("stub-on", folder, data, sides["on"], upstream) as on,
    ):
        for prefill_ms in PREFILLS_MS:
            label = f"stub, prefill {prefill_ms} ms"
            rows.append(await _row(label, {"off": off, "on": on}, prefill_ms, requests, passes))
    vllm = ("--engine", "vllm", "--model", str(model))
    async with (
        _gateway("vllm-off", folder, data, sides["off"], vllm) as off,
        _gateway("vllm-on", folder, data, sides["on"], vllm) as on,
    ):
        rows.append(await _row("tiny vLLM", {"off": off, "on": on}, 0, requests, passes))
    header = ["generator", "rails off, ms", "rails on, ms", "added, ms", "added"]
    return (
        f"TTFT p50, one user; {busy:.2f} cores were busy before the start.\n\n{table(header, rows)}"
    )


def main() -> None:
    study = Study(__spec__, __doc__)
    study.number("--requests", 20, "answers per side and pass")
    study.number("--passes", 4, "measured passes")
    study.models()
    study.run(_measure)


if __name__ == "__main__":
    main()
