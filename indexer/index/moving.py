"""Moves an index to a server or a backup and back, and takes a source out of it.

Nothing is embedded again. Everything is checked before anything refers to the new place.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from indexer.index.catalog import Catalog
from indexer.index.folder import IndexFolder, Place
from indexer.index.journal import Journal
from indexer.index.search import HybridIndex
from indexer.index.store import ChromaStore
from indexer.types import Change, Held, IndexerError, IndexMismatch, TokenForm

_MANIFEST = "backup.json"
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None: ...


def migrate(path: Path, chroma_url: str, to: Place, progress: Progress = _silent) -> int:
    """Moves the vectors of the index in ``path`` to a Chroma server, or back into the folder.

    Returns how many chunks were moved. If it is killed, it can be called again: the index serves
    from the old place until all vectors are in the new one. Raises ``IndexInUse``.
    """
    manifest = IndexFolder.describe(path)
    if manifest["chroma"] == to:
        return 0
    folder = IndexFolder.open(
        path,
        embedder_name=manifest["embedder"],
        dimension=manifest["dimension"],
        place=manifest["chroma"],
        writable=True,
    )
    try:
        if to == "embedded":
            shutil.rmtree(folder.chroma, ignore_errors=True)  # removes what a killed migration left
        with (
            closing(Catalog(folder.catalog)) as catalog,
            closing(_store(folder, manifest["chroma"], chroma_url)) as old,
            closing(_store(folder, to, chroma_url)) as new,
        ):
            if catalog.unsettled():
                raise IndexerError(
                    "The last run was killed: complete it first with `glossator index SOURCE…`."
                )
            total, done = sum(catalog.view().chunks.values()), 0
            for source, in_all in catalog.view().chunks.items():
                for chunks, vectors in old.export(source):
                    new.upsert(chunks, vectors, in_all)
                    done += len(chunks)
                    progress(done, total)
                if new.ids(source) != catalog.ids(source):
                    raise IndexerError(f"Not all of {source} arrived; the index is as it was.")
            folder.moved(to)
            old.delete({source: old.ids(source) for source in old.sources()})
        if to == "server":
            shutil.rmtree(folder.chroma, ignore_errors=True)
        return done
    finally:
        folder.release()


def backup(path: Path, chroma_url: str, into: Path, progress: Progress = _silent) -> dict[str, Any]:
    """Writes the index in ``path`` into a new folder, and returns the manifest.

    A backup has chunks, vectors and what each entry holds, but no files of Chroma. So any version
    of Chroma can load it, embedded or as a server. Other processes may read the index meanwhile.
    """
    if into.exists():
        raise IndexerError(f"{into} exists already: give the backup a folder of its own.")
    partial = into.with_name(f".{into.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    with _opened(path, chroma_url, writable=False) as index:
        done, total = 0, index.count()
        for source in index.sources():
            with closing(Journal.open(partial, source, index.embedder_name)) as journal:
                if index.token_form is not None:
                    journal.token_form = index.token_form
                for chunks, vectors in index.export(source):
                    journal.put(chunks)
                    journal.add(chunks, vectors, index.tokens(chunk.id for chunk in chunks))
                    done += len(chunks)
                    progress(done, total)
                report = (index.runs(source) or [{}])[-1]
                journal.finish(index.held(source), (), report | {"names": index.names(source)})
        made = IndexFolder.describe(path)
        manifest = {
            **{name: made[name] for name in ("schema", "embedder", "dimension")},
            "dataset": index.dataset,
            "chunks": total,
            "tokens": asdict(index.token_form) if index.token_form else None,
        }
    partial.mkdir(exist_ok=True)
    (partial / _MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
    os.replace(partial, into)  # noqa: PTH105 — atomic: a backup is whole or not there
    return manifest


def restore(backup_at: Path, path: Path, chroma_url: str) -> dict[str, Any]:
    """Makes the index in ``path`` from a backup, checks it, and returns the backup's manifest.

    Raises ``IndexerError`` when there is already an index, or when the result differs from the
    backup.
    """
    try:
        manifest: dict[str, Any] = json.loads((backup_at / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise IndexerError(f"There is no backup in {backup_at}: {error}") from error
    with HybridIndex.open(
        path,
        embedder_name=manifest["embedder"],
        dimension=manifest["dimension"],
        chroma_url=chroma_url,
        tokens=TokenForm(**made) if (made := manifest.get("tokens")) else None,
    ) as index:
        if index.count():
            raise IndexerError(
                f"There is an index in {path} already: remove it, or restore elsewhere with --data."
            )
        for journal in Journal.complete_in(backup_at):
            with closing(journal):
                index.apply(journal.change(), journal.report)
        if index.dataset != manifest["dataset"]:
            raise IndexMismatch(
                f"The backup in {backup_at} is damaged: it holds {index.count()} of "
                f"{manifest['chunks']} chunks."
            )
        problems = index.check()
        if problems:
            raise IndexerError("The restored index is not whole: " + "; ".join(problems))
    return manifest


def sources(path: Path) -> tuple[str, ...]:
    """The sources of the index in ``path``; none when there is no index."""
    catalog = path / "catalog.db"
    if not catalog.exists():
        return ()
    with closing(Catalog(catalog, writable=False)) as opened:
        return tuple(opened.view().chunks)


def remove(path: Path, chroma_url: str, source: str) -> int:
    """Removes a source from the index in ``path``, and returns how many chunks it had.

    Raises ``IndexerError`` for a source that is not there, and ``IndexInUse``.
    """
    with _opened(path, chroma_url, writable=True) as index:
        chunks = len(index.ids(source))
        index.apply(removal(source, index.sources(), index.held(source)))
    return chunks


def removal(source: str, sources: Collection[str], held: Mapping[str, Held]) -> Change:
    """The change that leaves nothing of a source. Raises ``IndexerError`` if it is not there."""
    if source not in sources:
        there = ", ".join(sources) or "nothing"
        raise IndexerError(f"There is no source {source!r} in the index; it holds {there}.")
    return Change(source, {}, frozenset(held), lambda wanted: ())


def _opened(path: Path, chroma_url: str, *, writable: bool) -> HybridIndex:
    manifest = IndexFolder.describe(path)
    return HybridIndex.open(
        path,
        embedder_name=manifest["embedder"],
        dimension=manifest["dimension"],
        writable=writable,
        chroma_url=chroma_url if manifest["chroma"] == "server" else "",
    )


def _store(folder: IndexFolder, place: Place, chroma_url: str) -> ChromaStore:
    if place == "embedded":
        return ChromaStore.embedded(folder.chroma)
    return ChromaStore.served(chroma_url, folder.id)
