"""`glossator serve`: starts a deployment, indexes behind a progress bar, serves until a signal."""

import asyncio
import json
import os
import signal
import ssl
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.deploy.checks.absent import absent
from backend.deploy.checks.speed import speed
from backend.deploy.local import LocalBackend, local_backend
from backend.deploy.upkeep.declaring import opened
from backend.deploy.upkeep.upkeep import Upkeep, kept
from backend.errors import StartupFailed
from backend.gateway.about import RELEASE
from backend.generators.choose import Choice, choose
from backend.identity.door import open_to_all
from backend.protocol.wire import Ask
from backend.records import logs
from backend.settings import Settings, load
from glossator import ask as asking
from glossator import packages
from glossator.index import run as indexing
from glossator.index.run import console
from glossator.options import DEFAULT_URL
from indexer.screening.terminal import line
from indexer.types import Source

if TYPE_CHECKING:
    from backend.deploy.ray.cluster import RayBackend

_READY_WITHIN_S = 90.0


def serve(
    deploy: str,
    config: Path | None,
    overrides: Mapping[str, Mapping[str, Any]],
    data: Path,
    sources: Sequence[str],
    question: str | None,
) -> int:
    """Returns the exit code. Raises ``StartupFailed``."""
    settings = load(config, overrides=overrides)
    logs.configure(settings.observability.log_format)
    if warning := open_to_all(settings, settings.server.host):
        console.print(f"[yellow]{warning}[/]")
    for missing in absent(settings):
        console.print(line(missing), style="yellow", markup=False)
    if deploy == "ray":
        # Indexing comes before anything starts, because the deployments only read.
        if sources and indexing.index(sources, rebuild=False, config=config, data=data):
            return 1

        def again() -> Settings:
            return load(config, overrides=overrides)

        return asyncio.run(_until_stopped(_on_ray(settings, again, data, question)))
    import uvloop

    code: int = uvloop.run(_until_stopped(_locally(settings, config, data, sources, question)))
    return code


async def _until_stopped(work: Coroutine[None, None, None]) -> int:
    """Runs until a signal. A second signal skips the clean end."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        console.print("\nStopping; answers in flight may end. Ctrl-C again stops at once.")
        for number in signals:
            loop.remove_signal_handler(number)
        task.cancel()

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    return 0


async def _locally(
    settings: Settings,
    config: Path | None,
    data: Path,
    sources: Sequence[str],
    question: str | None,
) -> None:
    choice = await choose(settings.generation)
    console.print(f"Generator: {choice.engine}, because {choice.why}.")
    await _tell_speed(choice, settings)
    console.print("Starting ...")
    async with local_backend(settings, data, choice) as backend:
        await _until_ready(backend.url)
        if sources:
            await _index(backend, sources, partial(opened, settings=settings, data=data), question)
        elif question:
            await _ask(backend.url, question)
        _announce(backend.url, f"{backend.store.count()} chunks in the index")
        command = ["index", "run", "--leave", "--data", str(data)]
        if config is not None:
            command += ["--config", str(config)]
        await Upkeep(
            backend.store,
            backend.embedder,
            kept(settings, backend.store.sources()),
            partial(opened, settings=settings, data=data),
            command,
            backend.gateway.report,
        ).run()


async def _on_ray(
    settings: Settings, again: Callable[[], Settings], data: Path, question: str | None
) -> None:
    from backend.deploy.ray.cluster import ray_backend

    choice = await choose(settings.generation)
    console.print(f"Generator: {choice.engine}, because {choice.why}.")
    console.print("Starting the deployments on Ray Serve ...")
    if hidden := packages.hidden_by(Path.cwd()):
        raise StartupFailed(
            f"Ray's workers would import {' and '.join(hidden)} from {Path.cwd()} in place of "
            "Glossator's own, because Ray puts the current folder first on their path. "
            "Start it in another folder."
        )
    os.environ.update(packages.environment(os.environ))  # for the workers
    if not settings.ray.address and not settings.ray.generator_gpus:
        await _tell_speed(choice, settings)
    async with ray_backend(settings, data, choice) as backend:
        await _until_ready(backend.url)
        if question:
            await _ask(backend.url, question)
        _announce(backend.url, "deployed on Ray Serve")
        await _redeploy_on_hangup(backend, again)


async def _tell_speed(choice: Choice, settings: Settings) -> None:
    """Warns before the minutes of a start with a model that this machine cannot read for."""
    found = await asyncio.to_thread(speed, choice, settings)
    if found.state == "warning":
        console.print(line(f"{found.said} {found.todo}"), style="yellow", markup=False)


async def _redeploy_on_hangup(backend: "RayBackend", again: Callable[[], Settings]) -> None:
    """Replaces every replica when a SIGHUP comes, with the settings of that moment."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        await asked.wait()
        asked.clear()
        console.print("Replacing the deployments, with the settings as they are now ...")
        try:
            settings = again()
            await backend.redeploy(settings, await choose(settings.generation))
        except StartupFailed as error:
            console.print(line(f"Not replaced: {error.message}"), style="yellow", markup=False)
        else:
            console.print("The deployments are replaced.")


async def _until_ready(url: str) -> None:
    """Waits until questions are answered; mandatory rails may still load after the server is up.

    Prints what does not work as configured. Continues after ``_READY_WITHIN_S`` in any case.
    """
    deadline = asyncio.get_running_loop().time() + _READY_WITHIN_S
    while True:
        ready, readiness = await asyncio.to_thread(_readiness, url)
        if ready or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.2)
    if not ready:
        console.print(
            line(f"Not ready: {readiness.get('reason', '')}"), style="yellow", markup=False
        )
    for part in readiness.get("degraded", ()):
        console.print(line(f"Degraded: {part}"), style="yellow", markup=False)


def _readiness(url: str) -> tuple[bool, dict[str, Any]]:
    try:
        # It is our own server, so this machine need not trust its certificate.
        own = ssl._create_unverified_context()
        with urllib.request.urlopen(f"{url}/readyz", timeout=5, context=own) as response:
            return True, json.load(response)
    except urllib.error.HTTPError as refused:
        return False, json.load(refused)
    except OSError as error:
        return False, {"reason": str(error)}


async def _index(
    backend: LocalBackend,
    sources: Sequence[str],
    source: Callable[[str], Source],
    question: str | None,
) -> None:
    """Indexes in a thread, and asks the question as soon as its answer is searchable."""
    loop = asyncio.get_running_loop()
    stopping = threading.Event()
    asked = threading.Event()

    def ask_once() -> None:
        # This runs in the indexing thread, which waits, so the answer has the machine to itself.
        if question and not asked.is_set():
            asked.set()
            asyncio.run_coroutine_threadsafe(_ask(backend.url, question), loop).result()

    def index() -> None:
        indexing.index_all(
            sources,
            backend.embedder,
            backend.store,
            source=source,
            first=question or "",
            on_first=ask_once,
            stopped=stopping.is_set,
        )
        ask_once()

    running = asyncio.ensure_future(asyncio.to_thread(index))
    try:
        await asyncio.shield(running)
    finally:
        # The store closes next, and the thread must have stopped using it.
        stopping.set()
        await asyncio.wait([running])


async def _ask(url: str, question: str) -> None:
    console.print(f"\n> {line(question)}\n", style="bold", markup=False)
    token = os.environ.get("GLOSSATOR_TOKEN", "")
    request = Ask(id=uuid.uuid4().hex, question=question)
    await asking.stream(url, token, request, asking.Transcript())
    console.print()


def _announce(url: str, what: str) -> None:
    option = "" if url == DEFAULT_URL else f" --url {url}"
    console.print(
        f"Glossator {RELEASE} serves at [bold]{url}[/], {what}.\n"
        f'  ask       glossator ask{option} "how do I compute the inverse FFT of a real signal?"\n'
        f"  editor    let it start the language server: glossator lsp{option}\n"
        f"  openai    any OpenAI client: base URL {url}/v1\n"
        "Ctrl-C stops it."
    )
