"""Search by words and by meaning: one index of chunks, in Chroma and beside it in tantivy.

Chroma holds the content and the folder's lock; the index of words is made from it, and mended
from it when the two disagree. What both find is fused and ranked; an entry that the question
names comes first.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from indexer.lexical import Card, LexicalIndex
from indexer.ranking import Candidate, LinearRanker, Question, fuse, hint, in_scope
from indexer.store import LEXICAL, ChromaStore
from indexer.types import EVERYWHERE, Chunk, IndexerError, Passage, Scope, Vectors
from indexer.words import names, resolved, terms

DEPTH = 50  # entries from each search
_SYMBOLS = 8  # at the cursor, that are looked up
_PER_SYMBOL = 3  # entries that one may mean
_NEAREST = 100  # chunks that hold about as many entries
_MENDED_AT_ONCE = 500  # chunks

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What the searches found for a question; ``named`` are entries that it names.

    ``hinted`` is what the code around the question says for each entry, as ``ranking.hint``.
    """

    question: Question
    candidates: Sequence[Candidate]
    named: frozenset[str] = frozenset()
    hinted: Mapping[str, float] = field(default_factory=dict)


class HybridIndex:
    """A ``SearchIndex`` in a folder of this machine. Any thread may use it.

    Open it with ``HybridIndex.open``; ``close`` it (or leave the ``with`` block) to give the
    folder back. It owns both its parts. A chunk is found once both have it.
    """

    def __init__(
        self, store: ChromaStore, lexical: LexicalIndex, ranker: LinearRanker | None
    ) -> None:
        """Without a ranker the order is that of fusion."""
        self._store = store
        self._lexical = lexical
        self._ranker = ranker
        self._writing = threading.Lock()

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        embedder_name: str,
        dimension: int,
        writable: bool = True,
        ranked: bool = True,
    ) -> Self:
        """Open the index in ``path``; raises as ``ChromaStore.open`` does.

        ``ranked`` false leaves the order to fusion. Words that are missing are indexed before it
        returns: on disk by a writer, in memory by a reader, with a warning.
        """
        store = ChromaStore.open(
            path, embedder_name=embedder_name, dimension=dimension, writable=writable
        )
        try:
            lexical = _open_lexical(Path(path).expanduser() / LEXICAL, store, writable)
            return cls(store, lexical, LinearRanker.load() if ranked else None)
        except BaseException:
            store.close()
            raise

    @staticmethod
    def wipe(path: Path | str) -> None:
        """Remove the index in ``path``, and nothing else there. Raises ``IndexInUse``."""
        ChromaStore.wipe(path)

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Store the chunks, row ``i`` of ``vectors`` (n, dimension) for chunk ``i``."""
        with self._writing:
            self._store.upsert(chunks, vectors)
            self._lexical.add(chunks)
            self._lexical.commit(self._store.dataset)

    def delete(self, ids: Sequence[str]) -> None:
        """Forget the chunks; unknown ids are ignored. A source without chunks is gone."""
        if not ids:
            return
        with self._writing:
            self._store.delete(ids)
            self._lexical.delete(ids)
            self._lexical.commit(self._store.dataset)

    def ids(self, source: str) -> set[str]:
        return self._store.ids(source)

    def sources(self) -> tuple[str, ...]:
        return self._store.sources()

    def count(self) -> int:
        return self._store.count()

    @property
    def dataset(self) -> str:
        return self._store.dataset

    def search(
        self, question: str, vector: Vectors, limit: int, scope: Scope = EVERYWHERE
    ) -> list[Passage]:
        """The passages that answer best, best first; one per API entry.

        ``vector`` is the question's, of shape (dimension,) or (1, dimension). Scores are cosines.
        """
        if limit < 1:
            return []
        best = self.ordered(self.find(question, vector, scope))[:limit]
        chunks = self._store.get([each.card.id for each in best])
        # A writer may have deleted one meanwhile.
        return [
            Passage(chunks[each.card.id], each.cosine) for each in best if each.card.id in chunks
        ]

    def lookup(self, symbol: str, limit: int, scope: Scope = EVERYWHERE) -> list[Passage]:
        """Entries of exactly this name (``np.fft.rfft`` is ``numpy.fft.rfft``), else those whose
        name ends with it, those of imported packages first; by the beginning of their text.

        Nothing is embedded: a few milliseconds, and every score is 1.
        """
        cards = self._lexical.named(resolved(symbol.strip(".")), scope.sources)
        cards.sort(key=lambda card: not in_scope(card, scope))
        chunks = self._store.get([card.id for card in cards[: max(limit, 0)]])
        return [Passage(chunks[card.id], 1.0) for card in cards if card.id in chunks]

    def find(self, question: str, vector: Vectors, scope: Scope = EVERYWHERE) -> Found:
        """What either search finds, what the question names and the cursor is at: each once."""
        sources = scope.sources
        words = terms(question)
        near = self._nearest(vector, sources)
        ranked = self._lexical.search(words, DEPTH, sources)
        named = [card for name in names(question) for card in self._lexical.named(name, sources)]
        at_cursor = [
            card
            for symbol in scope.symbols[:_SYMBOLS]
            for card in self._lexical.named(resolved(symbol), sources)[:_PER_SYMBOL]
        ]
        cursor = {card.entry for card in at_cursor}
        # Of an entry's chunks the one nearest to the question is shown, where one is near.
        cards = {card.entry: card for card in (*at_cursor, *named)}
        cards.update((card.entry, card) for card, _ in ranked)
        cards.update((card.entry, card) for card, _ in near)
        cosines = {card.id: cosine for card, cosine in near}
        far = [card.id for card in cards.values() if card.id not in cosines]
        cosines.update(self._store.cosines(far, vector))
        dense_rank = {card.entry: rank for rank, (card, _) in enumerate(near)}
        lexical_rank = {card.entry: rank for rank, (card, _) in enumerate(ranked)}
        bm25 = {card.entry: score for card, score in ranked}
        frequencies = self._lexical.frequencies(set(words))
        return Found(
            Question.of(question, frequencies, len(self._lexical)),
            [
                Candidate(
                    card,
                    cosines[card.id],
                    dense_rank.get(entry),
                    bm25.get(entry, 0.0),
                    lexical_rank.get(entry),
                )
                for entry, card in cards.items()
                if card.id in cosines  # else deleted since it was found
            ],
            frozenset(card.entry for card in named),
            hinted={
                entry: hint(card, scope, at_cursor=entry in cursor) for entry, card in cards.items()
            },
        )

    def ordered(self, found: Found) -> list[Candidate]:
        """Best first: what the question names, then by the ranker, or by fusion without one."""
        order = fuse(found.candidates)
        if self._ranker is not None:
            order = self._ranker.rank(found.question, order, found.hinted)
        return sorted(order, key=lambda each: each.card.entry not in found.named)

    def close(self) -> None:
        """Give the folder back. The index cannot be used after it."""
        self._lexical.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _nearest(self, vector: Vectors, sources: Sequence[str] | None) -> list[tuple[Card, float]]:
        """The nearest chunk of each entry with its cosine, nearest first."""
        near = self._store.nearest(vector, _NEAREST, sources)
        cards = self._lexical.cards([chunk_id for chunk_id, _ in near])
        entries: dict[str, tuple[Card, float]] = {}
        for chunk_id, cosine in near:
            if chunk_id in cards:
                entries.setdefault(cards[chunk_id].entry, (cards[chunk_id], cosine))
        return list(entries.values())[:DEPTH]


def _open_lexical(folder: Path, store: ChromaStore, writable: bool) -> LexicalIndex:
    """The index of words as the store has them."""
    # Several readers share the folder, and none of them may change it: theirs is in memory then.
    anew = folder if writable else None
    try:
        lexical = LexicalIndex(folder if LexicalIndex.exists(folder) else anew)
    except IndexerError as error:
        _log.warning("%s; making it anew", error)
        if writable:
            LexicalIndex.wipe(folder)
        lexical = LexicalIndex(anew)
    if lexical.dataset == store.dataset:
        return lexical
    if not writable:
        lexical = LexicalIndex()
    mend(lexical, store)
    return lexical


def mend(lexical: LexicalIndex, store: ChromaStore) -> None:
    """Index what the store has and the words lack, forget what it has not. Says so."""
    indexed = lexical.ids()
    stored = {chunk_id for source in store.sources() for chunk_id in store.ids(source)}
    missing, surplus = sorted(stored - indexed), sorted(indexed - stored)
    if missing or surplus:
        _log.warning(
            "The index of words lacks %d of %d chunks and has %d that are gone: mending it",
            len(missing), len(stored), len(surplus),
        )  # fmt: skip
    lexical.delete(surplus)
    for start in range(0, len(missing), _MENDED_AT_ONCE):
        lexical.add(store.get(missing[start : start + _MENDED_AT_ONCE]).values())
    lexical.commit(store.dataset)
