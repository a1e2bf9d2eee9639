"""Brings the parts of an index in line with its catalog, when it is opened and after a change."""

import logging
from pathlib import Path

from indexer.index.catalog import Catalog
from indexer.index.lexical import LexicalIndex
from indexer.index.store import ChromaStore
from indexer.index.tokens import TokenStore
from indexer.types import IndexerError, TokenForm

_MENDED_AT_ONCE = 500  # chunks

_log = logging.getLogger(__name__)


def settle(
    catalog: Catalog, store: ChromaStore, lexical: LexicalIndex, tokens: TokenStore | None
) -> None:
    """Removes chunks that are stored but not served, after a killed or a complete change."""
    unsettled = catalog.unsettled()
    if not unsettled:
        return
    store.delete(unsettled)
    lexical.delete([chunk_id for ids in unsettled.values() for chunk_id in ids])
    lexical.commit(catalog.view().dataset)
    if tokens is not None:
        tokens.delete([chunk_id for ids in unsettled.values() for chunk_id in ids])
    catalog.settle()


def tell_lacking(catalog: Catalog, kept: TokenStore | None, form: TokenForm | None) -> None:
    """Says once that late interaction has to be skipped, or is for a part of the chunks only."""
    if form is None:
        return
    chunks = catalog.view().chunks
    if kept is not None and kept.count() == sum(chunks.values()):
        return  # nearly always, and an index of a million chunks need not be read for it
    ids = {source: catalog.ids(source) for source in chunks}
    every = {chunk_id for its in ids.values() for chunk_id in its}
    lacking = every if kept is None else kept.lacking(every)
    if lacking:
        _log.warning(
            "%d chunks have no token vectors, so they are ranked without late interaction. "
            "Indexing their source again adds them: %s",
            len(lacking), ", ".join(sorted(name for name, its in ids.items() if its & lacking)[:5]),
        )  # fmt: skip


def open_lexical(folder: Path, writable: bool) -> LexicalIndex:
    # Several readers share the folder and none may change it, so their words are in memory.
    anew = folder if writable else None
    try:
        return LexicalIndex(folder if LexicalIndex.exists(folder) else anew)
    except IndexerError as error:
        _log.warning("%s; making it anew", error)
        if writable:
            LexicalIndex.wipe(folder)
        return LexicalIndex(anew)


def mended(
    lexical: LexicalIndex, catalog: Catalog, store: ChromaStore, *, writable: bool
) -> LexicalIndex:
    """Brings the lexical index in line with the catalog: adds missing chunks, drops stale ones, and
    logs both.

    For a reader it is rebuilt in memory.
    """
    dataset = catalog.view().dataset
    if lexical.dataset == dataset:
        return lexical
    if not writable:
        lexical = LexicalIndex()
    indexed = lexical.ids()
    missing: dict[str, list[str]] = {}
    listed: set[str] = set()
    for source in catalog.view().chunks:
        ids = catalog.ids(source)
        listed |= ids
        missing[source] = sorted(ids - indexed)
    surplus = sorted(indexed - listed)
    lacking = sum(map(len, missing.values()))
    if lacking or surplus:
        _log.warning(
            "The index of words lacks %d of %d chunks and has %d that are gone: mending it",
            lacking, len(listed), len(surplus),
        )  # fmt: skip
    lexical.delete(surplus)
    for source, lacks in missing.items():
        for start in range(0, len(lacks), _MENDED_AT_ONCE):
            lexical.add(store.get({source: lacks[start : start + _MENDED_AT_ONCE]}).values())
    lexical.commit(dataset)
    return lexical
