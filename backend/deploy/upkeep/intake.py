"""Indexing beside a running server. The server owns the index, so a run leaves it a journal.

The server holds a lock in the folder of journals as long as it takes journals in.
"""

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from backend.deploy import build
from indexer.embedding import Progress
from indexer.index.catalog import Catalog
from indexer.index.folder import IndexFolder
from indexer.index.journal import Journal
from indexer.index.lock import FolderLock
from indexer.index.moving import removal
from indexer.pipeline import Report, stage
from indexer.types import Embedder, IndexerError, IndexInUse, IndexMismatch, Source

_LOCK = "intake.lock"
_PATIENCE_S = 600.0  # a large source takes minutes to store
_LOOK_S = 0.1


def opened(staging: Path) -> FolderLock:
    """The lock of the process that takes journals in. Raises ``IndexerError``."""
    try:
        staging.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndexerError(f"The folder {staging} cannot be made: {error.strerror}.") from error
    return FolderLock(staging / _LOCK, exclusive=True)


def waits(data: Path) -> bool:
    """Whether a process takes in journals for the index of this data folder."""
    staging = build.index_folder(data) / "staged"
    if not staging.exists():
        return False
    try:
        opened(staging).release()
    except IndexInUse:
        return True
    return False


def leave(source: Source, embedder: Embedder, data: Path, progress: Progress) -> Report:
    """Indexes a source and waits until the server has taken it in. Raises ``IndexerError``."""
    folder = build.index_folder(data)
    made_with = IndexFolder.describe(folder)["embedder"]
    if made_with != embedder.name:
        raise IndexMismatch(
            f"The index in {folder} was made with {made_with!r}, not {embedder.name!r}: "
            "stop the server and rebuild it with `glossator index --rebuild SOURCE…`."
        )
    with closing(Catalog(folder / "catalog.db", writable=False)) as catalog:
        with closing(Journal.open(folder / "staged", source.name, embedder.name)) as journal:
            report = stage(source, embedder, catalog.held(source.name), journal, progress=progress)
            mark = journal.mark
        _wait(mark, data)
        return replace(report, dataset=catalog.view().dataset)


def leave_out(source: str, data: Path) -> int:
    """Has the server remove a source; returns how many chunks it had. Raises ``IndexerError``."""
    folder = build.index_folder(data)
    made_with = IndexFolder.describe(folder)["embedder"]
    with closing(Catalog(folder / "catalog.db", writable=False)) as catalog:
        chunks = catalog.view().chunks
        change = removal(source, chunks, catalog.held(source))
        with closing(Journal.open(folder / "staged", source, made_with)) as journal:
            journal.finish({}, change.gone, {"source": source, "removed": chunks[source]})
            mark = journal.mark
        _wait(mark, data)
        return chunks[source]


def _wait(mark: Path, data: Path) -> None:
    """Until the server has taken in the journal that ``mark`` completes."""
    deadline = time.monotonic() + _PATIENCE_S
    while mark.exists():
        if not waits(data) or time.monotonic() > deadline:
            raise IndexerError(
                "The change is complete, and waits for the server that owns the index. If that "
                "server is gone, run this again; nothing is embedded twice."
            )
        time.sleep(_LOOK_S)
