"""All checks of a machine and its settings, in the order in which an operator reads them."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from backend.deploy.checks import machine, network, parts, sign_in
from backend.deploy.checks.absent import absent_sources
from backend.deploy.checks.clock import clock
from backend.deploy.checks.finding import Finding, of_message
from backend.deploy.checks.speed import speed
from backend.deploy.checks.weights import Weights, generator, weights
from backend.device import device
from backend.errors import StartupFailed
from backend.generators.choose import Choice, choose
from backend.generators.vllm.dtype import cpu_abilities, dtype
from backend.settings import Settings

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


async def examine(
    settings: Settings,
    data: Path,
    *,
    authority: str = "",
    dates: Sequence[str] = (),
    serving: bool = False,
) -> AsyncIterator[Finding]:
    """Yields each finding when it is known.

    ``authority`` is the file of certificate authorities that was chosen, ``dates`` are addresses
    that tell the time besides those of the settings, and ``serving`` says that a backend runs.
    """
    choice: Choice | None = None
    try:
        choice = await choose(settings.generation)
    except StartupFailed as error:
        refused = of_message("generator", error.message, "Correct [generation].")
    engine = choice.engine if choice else ""
    model = weights(choice.model) if choice and choice.model else Weights()
    for finding in await asyncio.to_thread(_machine, settings, data, engine, model):
        yield finding
    for missing in absent_sources(settings):
        yield of_message("source", missing, "Check its path.", "warning")
    if choice is None:
        yield refused
    else:
        yield await generator(choice, settings)
        yield await asyncio.to_thread(speed, choice, settings)
    found, embedder = await asyncio.to_thread(parts.embedder, settings.retrieval)
    yield found
    yield await asyncio.to_thread(parts.index, data, embedder, settings.retrieval, serving=serving)
    for finding in await parts.rails(settings):
        yield finding
    yield network.port(settings.server, serving=serving)
    yield network.certificate(settings.server, authority=authority)
    for finding in await sign_in.sign_in(settings):
        yield finding
    auth, upstream = settings.auth, settings.generation.upstream
    known = [each for each in (*dates, auth.jwks, upstream) if "://" in each]
    yield await asyncio.to_thread(clock, known, signed=bool(auth.jwks))


def _machine(settings: Settings, data: Path, engine: str, model: Weights) -> list[Finding]:
    abilities = cpu_abilities()
    usable = device("auto") != "cpu"
    needed = 0
    if engine in machine.ENGINES and not usable:
        kind, _ = dtype(settings.vllm.dtype, on_cpu=True, abilities=abilities)
        needed = model.parameters * _BYTES.get(kind, 2) or model.size
        needed += settings.vllm.cpu_kvcache_gib * machine.GIB
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cards = machine.cards()
    return [
        machine.processor(engine, abilities, cores or 1),
        machine.graphics(settings, engine, cards, usable=usable, weights=model.size),
        machine.memory(needed, *machine.memory_here()),
        machine.disk(data),
        machine.open_files(),
    ]
