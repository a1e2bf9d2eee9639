"""`glossator index`, and the progress bar that it shares with `glossator serve --index`."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from backend.deploy import build
from backend.deploy.upkeep import intake
from backend.deploy.upkeep.declaring import opened
from backend.errors import StartupFailed
from backend.settings import Settings, load
from glossator.index.report import lines
from indexer.index.search import HybridIndex
from indexer.pipeline import Report
from indexer.pipeline import index as run_index
from indexer.screening.terminal import line
from indexer.types import Embedder, IndexerError, IndexInUse, Source

_BACKGROUND = 15  # niceness of a run while a server is running

console = Console(stderr=True, highlight=False, soft_wrap=True)


def index(sources: Sequence[str], rebuild: bool, config: Path | None, data: Path) -> int:
    """Returns the exit code: 1 when a source failed. The others are indexed nevertheless.

    When a server owns the index, it takes in what these runs leave.
    """
    settings = load(config)
    sources = sources or _declared(settings)
    with console.status("loading the embedding model"):
        embedder = build.embedder(settings.retrieval)
    try:
        if rebuild:
            HybridIndex.wipe(build.index_folder(data), settings.retrieval.chroma_url)
        source = partial(opened, settings=settings, data=data)
        try:
            with build.store(data, embedder, settings.retrieval, writable=True) as store:
                store.take_in()
                return index_all(sources, embedder, store, source=source)
        except StartupFailed as error:
            if not isinstance(error.__cause__, IndexInUse) or not intake.waits(data):
                raise
        return leave_all(sources, embedder, data, source)
    except IndexerError as error:
        raise StartupFailed(str(error)) from error


def _declared(settings: Settings) -> Sequence[str]:
    if not settings.sources:
        raise StartupFailed(
            "Name a SOURCE, such as package:numpy, or declare some under [sources.NAME] in the "
            "settings and give them with --config."
        )
    return tuple(settings.sources)


def leave(sources: Sequence[str], config: Path | None, data: Path) -> int:
    """Embeds into journals, in the background, and leaves them to the
    server that owns the index.
    """
    os.nice(_BACKGROUND)
    settings = load(config)
    sources = sources or _declared(settings)
    try:
        source = partial(opened, settings=settings, data=data)
        return leave_all(sources, build.embedder(settings.retrieval), data, source)
    except IndexerError as error:
        raise StartupFailed(str(error)) from error


def leave_all(
    sources: Sequence[str], embedder: Embedder, data: Path, source: Callable[[str], Source]
) -> int:
    """Returns 1 when a source failed. Waits until the server has taken in everything."""
    failed = 0
    for spec in sources:
        try:
            with _Bar(spec, lambda: False) as bar:
                report = intake.leave(source(spec), embedder, data, bar.advance)
        except IndexerError as error:
            console.print(line(f"{spec}: {error}"), style="red", markup=False)
            failed = 1
        else:
            _print(report)
    return failed


def index_all(
    sources: Sequence[str],
    embedder: Embedder,
    store: HybridIndex,
    *,
    source: Callable[[str], Source],
    first: str = "",
    on_first: Callable[[], None] = lambda: None,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Indexes each source behind a progress bar and prints its report. Returns 1 when one failed.

    When ``stopped`` becomes true it ends at the next batch, and keeps what is stored.
    """
    failed = 0
    for spec in sources:
        try:
            with _Bar(spec, stopped) as bar:
                report = run_index(
                    source(spec),
                    embedder,
                    store,
                    progress=bar.advance,
                    first=first,
                    on_first=partial(bar.paused, on_first),
                )
        except _StoppedError:
            return failed
        except IndexerError as error:
            console.print(line(f"{spec}: {error}"), style="red", markup=False)
            failed += 1
        else:
            _print(report)
    return min(failed, 1)


class _StoppedError(Exception):
    """Leaves an index run from inside its progress callback."""


class _Bar:
    """The progress of one source. ``paused`` hides it while others write to the terminal."""

    def __init__(self, spec: str, stopped: Callable[[], bool]) -> None:
        self._spec = escape(line(spec))
        self._stopped = stopped
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(f"{self._spec}: reading", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def advance(self, done: int, total: int) -> None:
        if self._stopped():
            raise _StoppedError
        self._progress.update(
            self._task, description=f"{self._spec}: indexing", completed=done, total=total
        )

    def paused(self, work: Callable[[], None]) -> None:
        self._progress.stop()
        work()
        self._progress.start()


def _print(report: Report) -> None:
    for number, each in enumerate(lines(report)):
        style = "dim" if number else ""
        console.print(("  " if number else "") + line(each), style=style, markup=False)
