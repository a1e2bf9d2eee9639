"""One index of chunks: vectors in Chroma, words in tantivy, and a catalog of what is served.

The catalog decides. A change is first stored in both other parts, then becomes visible in one step,
and only then are the old chunks removed. What a kill leaves in between is hidden from searches, and
the next writer removes it. The words can be rebuilt from the chunks.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from indexer.index.api_names import ApiNames
from indexer.index.catalog import Catalog, View
from indexer.index.finding import Finder, Found
from indexer.index.folder import MEND, IndexFolder
from indexer.index.journal import Journal
from indexer.index.lexical import LexicalIndex
from indexer.index.mending import mended, open_lexical, settle, tell_lacking
from indexer.index.store import ChromaStore
from indexer.index.tokens import TokenStore
from indexer.ranking.ranker import Candidate, LinearRanker
from indexer.types import (
    EVERYWHERE,
    Change,
    Chunk,
    Held,
    IndexDamaged,
    IndexerError,
    Passage,
    Query,
    Results,
    Scope,
    TokenForm,
    Tokens,
    Unknown,
    Vectors,
)

_FILLED_AT_ONCE = 256
_SCOPES = 16  # sets of sources whose names are kept ready


class HybridIndex:
    """A ``ChunkIndex``. Any thread may use it. Changes are serialised, and searches run in
    parallel.

    Open it with ``HybridIndex.open``, and ``close`` it (or leave the ``with`` block) to release the
    folder. It owns its parts.
    """

    def __init__(
        self,
        folder: IndexFolder,
        catalog: Catalog,
        store: ChromaStore,
        lexical: LexicalIndex,
        tokens: TokenStore | None,
        ranker: LinearRanker | None,
        embedder_name: str,
    ) -> None:
        self.embedder_name = embedder_name
        self.staging = folder.staging
        self._folder = folder
        self._catalog = catalog
        self._store = store
        self._lexical = lexical
        self._tokens = tokens
        self._finder = Finder(store, lexical, tokens, ranker)
        self._changing = threading.Lock()
        self._known = lru_cache(maxsize=_SCOPES)(self._named)
        self._seen = catalog.view().dataset

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        embedder_name: str,
        dimension: int,
        writable: bool = True,
        ranked: bool = True,
        chroma_url: str = "",
        tokens: TokenForm | None = None,
    ) -> Self:
        """Opens the index in ``path``. Raises what ``IndexFolder.open`` raises, and
        ``IndexDamaged``.

        ``chroma_url`` is the address of a Chroma server; when empty, Chroma is embedded in the
        folder. With ``ranked`` false, fusion decides the order. ``tokens`` is the form of the
        embedder's token vectors; without it the index keeps those that it has. Before it returns,
        it repairs what a killed writer left, and indexes missing words: a writer on disk, a reader
        in memory.
        """
        folder = IndexFolder.open(
            path,
            embedder_name=embedder_name,
            dimension=dimension,
            place="server" if chroma_url else "embedded",
            writable=writable,
        )
        opened: list[Any] = []
        try:
            catalog = Catalog(folder.catalog, writable=writable)
            opened.append(catalog)
            store = (
                ChromaStore.served(chroma_url, folder.id)
                if chroma_url
                else ChromaStore.embedded(folder.chroma)
            )
            opened.append(store)
            if store.sources() and not catalog.view().chunks and not catalog.unsettled():
                # A source is listed before its chunks are stored, so somebody has emptied the list.
                raise IndexDamaged(
                    f"{folder.catalog} lists nothing of the chunks that are stored. {MEND}"
                )
            lexical = open_lexical(folder.lexical, writable)
            opened.append(lexical)
            kept = TokenStore.open(folder.tokens, tokens, writable=writable)
            if writable:
                settle(catalog, store, lexical, kept)
            lexical = mended(lexical, catalog, store, writable=writable)
            tell_lacking(catalog, kept, tokens)
            ranker = LinearRanker.load() if ranked else None
            return cls(folder, catalog, store, lexical, kept, ranker, embedder_name)
        except BaseException:
            for part in reversed(opened):
                part.close()
            folder.release()
            raise

    @staticmethod
    def wipe(path: Path | str, chroma_url: str = "") -> None:
        """Removes the index in ``path``, and nothing else there. Raises ``IndexInUse``."""
        try:
            manifest = IndexFolder.describe(path)
        except IndexerError:
            # there is no index, or one of another version, so a server has nothing of it
            manifest = {}
        if manifest.get("chroma") == "server":
            store = ChromaStore.served(chroma_url, manifest["id"])
            store.delete({source: store.ids(source) for source in store.sources()})
            store.close()
        IndexFolder.wipe(path)

    def apply(self, change: Change, report: Mapping[str, Any] | None = None) -> None:
        """Serves the content with the change, from one moment to the next. Calling it again is
        harmless.

        After a kill at any point the version is the old one or the new one. ``report`` is kept with
        it.
        """
        with self._changing:
            # An earlier change that failed halfway left chunks that must not become visible now.
            self._settle()
            plan = self._catalog.plan(change)
            self._catalog.begin(change.source, plan.new)
            if plan.new:
                # Both run in parallel, because Chroma occupies one core and leaves Python to
                # tantivy. Neither result is visible before the catalog publishes both.
                with ThreadPoolExecutor(1, "words") as beside:
                    for chunks, vectors in change.batches(plan.new):
                        added = beside.submit(self._lexical.add, chunks)
                        self._store.upsert(chunks, vectors, plan.count)
                        added.result()
                        if self._tokens is not None and change.token_form == self._tokens.form:
                            self._tokens.add(change.tokens([chunk.id for chunk in chunks]))
                self._lexical.commit(plan.dataset)
            self._catalog.publish(change, plan, report)
            self._known.cache_clear()
            if plan.vanished or plan.new:
                self._settle()

    def take_in(self) -> list[Mapping[str, Any]]:
        """Applies the complete journals that other or killed processes left;
        returns their reports.
        """
        reports: list[Mapping[str, Any]] = []
        for journal in Journal.complete_in(self.staging):
            report = journal.report
            try:
                if journal.made_by == self.embedder_name:
                    self.apply(journal.change(), report)
                    reports.append(report)
            except BaseException:
                journal.close()
                raise
            journal.discard()
        return reports

    def held(self, source: str) -> Mapping[str, Held]:
        return self._catalog.held(source)

    def ids(self, source: str) -> set[str]:
        """The chunk ids of a source in the served version."""
        return self._catalog.ids(source)

    def export(self, source: str) -> Iterator[tuple[list[Chunk], Vectors]]:
        """The served chunks of a source with their vectors, in batches."""
        hidden = self._view().hidden
        for chunks, vectors in self._store.export(source):
            shown = [i for i, chunk in enumerate(chunks) if chunk.id not in hidden]
            yield [chunks[i] for i in shown], vectors[shown]

    @property
    def token_form(self) -> TokenForm | None:
        return self._tokens.form if self._tokens is not None else None

    def tokens(self, ids: Iterable[str]) -> dict[str, Tokens]:
        """Token vectors of chunks by id, as far as there are any."""
        return self._tokens.get(ids) if self._tokens is not None else {}

    def without_tokens(self, source: str, form: TokenForm) -> Iterator[list[Chunk]]:
        """The chunks of a source that lack token vectors of this form, in batches."""
        if self._tokens is None or self._tokens.form != form:
            return
        lacking = sorted(self._tokens.lacking(self._catalog.ids(source)))
        for start in range(0, len(lacking), _FILLED_AT_ONCE):
            some = {source: lacking[start : start + _FILLED_AT_ONCE]}
            if chunks := list(self._store.get(some).values()):
                yield chunks

    def add_tokens(self, rows: Mapping[str, Tokens]) -> None:
        """Adds token vectors of chunks by id. No search is wrong without them."""
        if self._tokens is not None:
            self._tokens.add(rows)

    def lost(self) -> tuple[str, ...]:
        """Sources in the catalog that have no vectors at all, because one of
        their files is gone.
        """
        return tuple(sorted(set(self._view().chunks) - set(self._store.sources())))

    def check(self) -> list[str]:
        """The differences between the catalog, the vectors and the words. It reads all ids."""
        problems = []
        words = self._lexical.ids()
        listed: set[str] = set()
        for source in self._view().chunks:
            ids = self._catalog.ids(source)
            listed |= ids
            lacking = len(ids - self._store.ids(source))
            if lacking:
                problems.append(f"{source} lacks the vectors of {lacking} of {len(ids)} chunks")
        if words != listed:
            problems.append(
                f"the words lack {len(listed - words)} chunks and have {len(words - listed)} more"
            )
        return problems

    def runs(self, source: str | None = None) -> list[dict[str, Any]]:
        """Reports of past runs, the oldest first."""
        return self._catalog.runs(source)

    def sources(self) -> tuple[str, ...]:
        return tuple(self._view().chunks)

    def count(self) -> int:
        return sum(self._view().chunks.values())

    @property
    def dataset(self) -> str:
        return self._view().dataset

    def search(
        self, question: str, query: Vectors | Query, limit: int, scope: Scope = EVERYWHERE
    ) -> list[Passage]:
        """The passages that answer best, best first, one per API entry.

        ``query`` is what the embedder makes of the question: a vector of shape (dimension,) or (1,
        dimension), with tokens or without. Scores are cosines.
        """
        return list(self.results(question, query, limit, scope).passages)

    def results(
        self, question: str, query: Vectors | Query, limit: int, scope: Scope = EVERYWHERE
    ) -> Results:
        """The same passages, and how likely it is that something indexed answers."""
        if limit < 1:
            return Results()
        found = self.find(question, query, scope)
        order = self.ordered(found)
        chunks = self._finder.chunks([each.card for each in order[:limit]])
        return Results(
            # A writer may have removed a chunk in the meantime.
            tuple(
                Passage(chunks[each.card.id], each.cosine)
                for each in order[:limit]
                if each.card.id in chunks
            ),
            self._finder.answerable(found, order),
        )

    def lookup(self, symbol: str, limit: int, scope: Scope = EVERYWHERE) -> list[Passage]:
        """The entries with exactly this name (``np.fft.rfft`` means ``numpy.fft.rfft``), else those
        whose name ends with it.

        Entries of imported packages come first, each by its first chunk. Nothing is embedded, so it
        takes a few milliseconds, and every score is 1.
        """
        cards = self._finder.lookup(self._view(), symbol, scope)[: max(limit, 0)]
        chunks = self._finder.chunks(cards)
        return [Passage(chunks[card.id], 1.0) for card in cards if card.id in chunks]

    def unknown(self, names: Sequence[str], scope: Scope = EVERYWHERE) -> list[Unknown]:
        """Those of the fully qualified names that an indexed package surely does not have."""
        known = self._known(self.dataset, scope.within(self.sources()))
        return [each for name in names if (each := known.unknown(name))]

    def names(self, source: str) -> dict[str, list[str]]:
        """The public names within each module and class of a package, documented or not."""
        return self._catalog.names(source)

    def find(self, question: str, query: Vectors | Query, scope: Scope = EVERYWHERE) -> Found:
        """All candidates from both searches and from names in the question, each once."""
        if not isinstance(query, Query):
            query = Query(query)
        return self._finder.find(self._view(), question, query, scope)

    def ordered(self, found: Found) -> list[Candidate]:
        """Best first: the entries that the question names, then by the ranker, or by fusion without
        one.
        """
        return self._finder.ordered(found)

    def close(self) -> None:
        """Releases the folder, after a change that is under way. Calling it again does nothing.

        The index cannot be used afterwards.
        """
        with self._changing:
            self._lexical.close()
            self._store.close()
            self._catalog.close()
            self._folder.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _named(self, dataset: str, sources: tuple[str, ...]) -> ApiNames:
        within: dict[str, list[str]] = {}
        for source in sources:
            for path, names in self._catalog.names(source).items():
                within[path] = within.get(path, []) + names
        return ApiNames(within)

    def _view(self) -> View:
        view = self._catalog.view()
        if view.dataset != self._seen:
            # Another process may have published it, because readers stay open beside a Chroma
            # server.
            self._store.refresh()
            self._lexical.refresh()
            if self._tokens is not None:
                self._tokens.refresh()
            self._seen = view.dataset
        return view

    def _settle(self) -> None:
        settle(self._catalog, self._store, self._lexical, self._tokens)
