"""Keeps the index up to date while the backend serves: follows folders and keeps schedules.

The serving process owns the index. It indexes a few changed files itself, with the embedder that
answers questions. For more files it starts another process at low priority, which embeds into a
journal (``indexer.index.journal``) that the serving process takes in. `glossator index` beside a
running server leaves a journal too.
"""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from backend.deploy.upkeep import intake
from backend.deploy.upkeep.declaring import declaration
from backend.settings import Settings
from indexer.index.lock import FolderLock
from indexer.index.search import HybridIndex
from indexer.pipeline import Report, changed, index
from indexer.types import Embedder, IndexerError, Source, SourceError
from indexer.watcher import changed_sources

_FOLDERS = ("folder", "code")  # kinds that can be followed
_FEW = 32  # changed entries that the serving process indexes itself
_LOOK_S = 0.25  # between two looks for journals that others left
_AGAIN_S = 30.0  # until journals that could not be taken in are tried again
_STOP_S = 5.0  # for a run in another process to end; its journal is kept anyway

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A source to keep up to date: by following ``folder``, every ``every_s`` seconds, or both."""

    spec: str
    folder: Path | None = None
    every_s: float | None = None


def kept(settings: Settings, indexed: Sequence[str]) -> list[Kept]:
    """All declared sources, and the folders among those that are only indexed."""
    found = [
        Kept(
            name,
            Path(each.uri).expanduser() if each.follow and each.kind in _FOLDERS else None,
            each.every_s,
        )
        for name, each in settings.sources.items()
    ]
    for name in indexed:
        with contextlib.suppress(SourceError):
            declared = declaration(name, settings)
            if (
                settings.retrieval.watch
                and name not in settings.sources
                and declared.kind in _FOLDERS
            ):
                found.append(Kept(name, Path(declared.uri).expanduser()))
    return found


class Upkeep:
    """``run`` it as a task as long as the backend serves, and cancel that task to end it.

    ``source`` opens a source by its name. ``command``, with that name appended, indexes it into a
    journal, in another process. ``report`` is called with a part that does not work and the
    reason, and with "" once it works again. No failure here ends the server: a full disk or a
    damaged file is reported, and tried again.
    """

    def __init__(
        self,
        store: HybridIndex,
        embedder: Embedder,
        kept: Sequence[Kept],
        source: Callable[[str], Source],
        command: Sequence[str],
        report: Callable[[str, str], None] = lambda part, why: None,
    ) -> None:
        self._report = report
        self._store = store
        self._embedder = embedder
        self._kept = kept
        self._source = source
        self._command = tuple(command)
        self._running = {each.spec: asyncio.Lock() for each in kept}
        self._again: set[str] = set()
        self._leaving = False
        self._failing: dict[str, str] = {}

    async def run(self) -> None:
        stop = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._take_in())
                folders = {
                    each.spec: each.folder
                    for each in self._kept
                    if each.folder is not None and each.folder.is_dir()
                }
                if folders:
                    tasks.create_task(self._follow(folders, stop, tasks))
                for each in self._kept:
                    if each.every_s:
                        tasks.create_task(self._schedule(each.spec, each.every_s))
        finally:
            stop.set()

    async def _take_in(self) -> None:
        """Takes in journals. While some wait that failed, the reason stays reported.

        They are tried again when one changes, and from time to time: a disk may have room again.
        """
        lock: FolderLock | None = None
        failed: Mapping[Path, float] = {}
        why, again_at = "", 0.0
        try:
            while True:
                with self._reporting("finished runs are not taken in"):
                    if lock is None:
                        lock = intake.opened(self._store.staging)
                    ready = {
                        path: path.stat().st_mtime for path in self._store.staging.glob("*.ready")
                    }
                    if ready and ready == failed and time.monotonic() < again_at:
                        raise IndexerError(why)
                    if ready:
                        failed, again_at = ready, time.monotonic() + _AGAIN_S
                        why = "they could not be taken in; the log says more"
                        try:
                            reports = await self._in_thread(self._store.take_in)
                        except IndexerError as error:
                            why = str(error)
                            raise
                        for report in reports:
                            _log.info("took in %s: %s", report["source"], report)
                        failed = {}
                await asyncio.sleep(_LOOK_S)
        finally:
            if lock is not None:
                lock.release()

    async def _follow(
        self, folders: Mapping[str, Path], stop: asyncio.Event, tasks: asyncio.TaskGroup
    ) -> None:
        for spec in folders:  # files may have changed while nobody looked
            tasks.create_task(self._refresh(spec))
        with self._reporting("folders are not followed"):
            async for specs in changed_sources(folders, stop):
                for spec in specs:
                    tasks.create_task(self._refresh(spec))

    @contextlib.contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        """Logs a failure of the block when it begins, and reports it until it ends.

        ``what`` says in words what has failed: "the handbook was not indexed".
        """
        try:
            yield
        except IndexerError as error:
            self._told(what, str(error))
        except OSError as error:
            self._told(what, f"{error.filename or 'the data folder'}: {error.strerror}")
        except Exception as error:  # a defect of ours: the server answers all the same
            _log.exception("%s", what)
            self._told(what, f"{type(error).__name__}; the log says more")
        else:
            self._told(what, "")

    def _told(self, what: str, why: str) -> None:
        if why and self._failing.get(what) != why:
            _log.warning("%s: %s", what, why)
        self._failing[what] = why
        self._report(what, why)

    async def _schedule(self, spec: str, every_s: float) -> None:
        last: list[float] = []
        with self._reporting(f"the schedule of {spec} is not kept"):
            last = [run["ended_s"] for run in self._store.runs(spec)[-1:]]
        await asyncio.sleep(max(last[0] + every_s - time.time(), 0.0) if last else 0.0)
        while True:
            await self._refresh(spec)
            await asyncio.sleep(every_s)

    async def _refresh(self, spec: str) -> None:
        """Indexes a source, one run at a time. Changes that come meanwhile cause one more run."""
        if spec in self._again:
            return
        self._again.add(spec)
        async with self._running[spec]:
            self._again.discard(spec)
            with self._reporting(f"{spec} was not indexed"):
                source = await self._in_thread(lambda: self._source(spec))
                held = self._store.held(source.name)
                count = await self._in_thread(lambda: changed(source, held))
                if count == 0:
                    return
                if count is not None and count <= _FEW:
                    report = await self._in_thread(lambda: self._index(source))
                    _log.info("indexed %s: %s", spec, report)
                else:
                    await self._run_apart(spec)

    def _index(self, source: Source) -> Report:
        return index(source, self._embedder, self._store, progress=self._stop_if_leaving)

    def _stop_if_leaving(self, done: int, total: int) -> None:
        if self._leaving:
            raise IndexerError("the backend is stopping")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """When cancelled, it waits until the thread has let go of the index, which closes next."""
        thread = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(thread)
        finally:
            self._leaving = self._leaving or not thread.done()
            await asyncio.wait([thread])

    async def _run_apart(self, spec: str) -> None:
        process = await asyncio.create_subprocess_exec(
            # -P: the folder that the server was started in is not looked through for modules.
            sys.executable, "-P", "-m", "glossator", *self._command, spec,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_S)
            if process.returncode is None:
                process.kill()
            raise
        if process.returncode:
            last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise IndexerError("".join(last) or f"indexing it ended with {process.returncode}")
