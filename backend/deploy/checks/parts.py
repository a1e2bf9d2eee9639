"""The parts that load: the embedder, the index and the rails. Each is opened as the start does."""

import asyncio
from pathlib import Path

from backend.deploy import build
from backend.deploy.checks.finding import Finding, of_message, ok, unchecked, warning, wrong
from backend.errors import GlossatorError, StartupFailed
from backend.ports import Rail
from backend.rails import registry
from backend.rails.policy import policy
from backend.settings import Retrieval, Settings
from indexer.index.folder import IndexFolder
from indexer.types import Embedder, IndexDamaged, IndexerError, IndexInUse, IndexMismatch

_LOADS_WITHIN_S = 60.0
_ASKED_EVERY_S = 0.1
_LOADING = ("loading", "detoxify has been loading")


def embedder(retrieval: Retrieval) -> tuple[Finding, Embedder | None]:
    """Loads the embedder, which takes seconds."""
    try:
        loaded = build.embedder(retrieval)
    except StartupFailed as error:
        todo = "Correct [retrieval] embedder, or take `bundled`."
        return of_message("embedder", error.message, todo), None
    return ok("embedder", f"{loaded.name}, {loaded.dimension} dimensions."), loaded


def index(
    data: Path, embedder: Embedder | None, retrieval: Retrieval, *, serving: bool = False
) -> Finding:
    """Opens the index as a reader. ``serving`` says that a backend is known to run."""
    folder = build.index_folder(data)
    try:
        IndexFolder.describe(folder)
    except (IndexDamaged, IndexMismatch) as error:
        return of_message("index", str(error), "Index its sources again with --rebuild.")
    except IndexerError:
        return warning(
            "index",
            f"There is no index in {folder}.",
            "Make one with `glossator index run`, or name the folder that has it: --data.",
        )
    if embedder is None:
        return unchecked("index", "Without its embedder the index cannot be opened.")
    try:
        opened = build.store(data, embedder, retrieval, writable=False)
    except StartupFailed as error:
        used = isinstance(error.__cause__, IndexInUse)
        if used and serving:
            return ok("index", "A running process owns it, as a backend does.")
        todo = "Index its sources again with --rebuild."
        return of_message("index", error.message, todo, "warning" if used else "wrong")
    try:
        lost, chunks = opened.lost(), opened.count()
    finally:
        opened.close()
    if lost:
        return wrong(
            "index",
            f"The vectors of {', '.join(lost)} are gone.",
            "Index them again: `glossator index run --rebuild`.",
        )
    if not chunks:
        return warning(
            "index", "Nothing is indexed yet.", "Index something: `glossator index run SOURCE`."
        )
    return ok("index", f"{chunks} chunks.")


async def rails(settings: Settings) -> list[Finding]:
    """Loads the rails that have a model, as a backend does."""
    found = []
    for rail in registry.build_all(settings, models_only=True):
        rail.start()
        try:
            problem = await _problem(rail)
        finally:
            await rail.close()
        name = f"rail {rail.name}"
        if not problem:
            found.append(ok(name, "It is loaded."))
            continue
        closed = policy(settings, rail.name).on_failure == "block"
        todo = f'Set [rails.{rail.name}] action = "off", or mend it (docs/guardrails.md).'
        found.append(of_message(name, problem, todo, "wrong" if closed else "warning"))
    return found


async def _problem(rail: Rail) -> str:
    """Why the rail does not work once it has had time to load; empty when it does."""
    try:
        async with asyncio.timeout(_LOADS_WITHIN_S):
            while (state := await rail.state()).startswith(_LOADING):  # noqa: ASYNC110  # no event
                await asyncio.sleep(_ASKED_EVERY_S)
    except TimeoutError:
        return f"It has not loaded within {_LOADS_WITHIN_S:.0f} s."
    except GlossatorError as error:
        return error.message
    return state
