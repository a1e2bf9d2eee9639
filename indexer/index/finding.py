"""What a question finds: near chunks and matching words, each entry once, in their order.

Reads the parts of an index; ``indexer.index.search`` owns and changes them. A search sees one
version of the content (``indexer.index.catalog.View``) from its beginning to its end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.index.catalog import View
from indexer.index.lexical import LexicalIndex
from indexer.ranking.card import Card
from indexer.ranking.ranker import Candidate, LinearRanker, Question, fuse, hint, in_scope
from indexer.ranking.words import is_about, names, resolved, searched, sought
from indexer.types import EVERYWHERE, Chunk, Scope, Vectors, VectorStore

DEPTH = 50  # entries from each search
_SYMBOLS = 8  # at the cursor, that are looked up
_PER_SYMBOL = 3  # entries that one may mean
_NEAREST = 100  # chunks that hold about as many entries
_RANKED = 150
_UNHIDDEN = 200  # where some that are found may not be shown


@dataclass(frozen=True, slots=True)
class Found:
    """What the searches found for a question; ``named`` are entries that it asks for by name.

    ``hinted`` is what the code around the question says for each entry, as ``ranking.hint``.
    """

    question: Question
    candidates: Sequence[Candidate]
    named: frozenset[str] = frozenset()
    hinted: Mapping[str, float] = field(default_factory=dict)


class Finder:
    """Any thread may use it. Without a ranker the order is that of fusion."""

    def __init__(
        self, store: VectorStore, lexical: LexicalIndex, ranker: LinearRanker | None
    ) -> None:
        self._store = store
        self._lexical = lexical
        self._ranker = ranker

    def find(self, view: View, question: str, vector: Vectors, scope: Scope = EVERYWHERE) -> Found:
        """What either search finds, what the question names and the cursor is at: each once.

        A long question is cut, so that what a search costs does not grow with it.
        """
        question = searched(question)
        sources, hidden = _within(view, scope), view.hidden
        words = sought(question)
        near_chunks = self._nearest(vector, sources, hidden)
        ranked_chunks = self._lexical.search(words, _RANKED, sources, hidden)
        near, ranked = _entries(near_chunks), _entries(ranked_chunks)
        found = _by_entry(card for card, _ in (*near_chunks, *ranked_chunks))
        asked = names(question)
        named = [card for name in asked for card in self._lexical.named(name, sources, hidden)]
        at_cursor = [
            card
            for symbol in scope.symbols[:_SYMBOLS]
            for card in self._lexical.named(resolved(symbol), sources, hidden)[:_PER_SYMBOL]
        ]
        cursor = {card.entry for card in at_cursor}
        # Of an entry's chunks the one nearest to the question is shown, where one is near.
        cards = {card.entry: card for card in (*at_cursor, *named)}
        cards.update((card.entry, card) for card, _ in ranked)
        cards.update((card.entry, card) for card, _ in near)
        cosines = {card.id: cosine for card, cosine in near}
        far = [card for card in cards.values() if card.id not in cosines]
        cosines.update(self._store.cosines(_stored(far), vector))
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
                    tuple(other for other in found.get(entry, ()) if other.id != card.id),
                )
                for entry, card in cards.items()
                if card.id in cosines  # else deleted since it was found
            ],
            frozenset(card.entry for card in named if is_about(question, asked)),
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

    def lookup(self, view: View, symbol: str, scope: Scope = EVERYWHERE) -> list[Card]:
        """Entries of this name, those of imported packages first; by the beginning of each."""
        name = resolved(symbol.strip("."))
        cards = self._lexical.named(name, _within(view, scope), view.hidden) if name else []
        return sorted(cards, key=lambda card: not in_scope(card, scope))

    def chunks(self, cards: Sequence[Card]) -> dict[str, Chunk]:
        """By id; without those that a writer has removed since they were found."""
        return self._store.get(_stored(cards))

    def _nearest(
        self, vector: Vectors, sources: Sequence[str] | None, hidden: frozenset[str]
    ) -> list[tuple[Card, float]]:
        """Chunks with their cosines, nearest first."""
        near = self._store.nearest(vector, _UNHIDDEN if hidden else _NEAREST, sources)
        shown = [each for each in near if each.id not in hidden]
        cards = self._lexical.cards([each.id for each in shown])
        return [(cards[each.id], each.cosine) for each in shown if each.id in cards]


def _entries(chunks: Iterable[tuple[Card, float]]) -> list[tuple[Card, float]]:
    """The best chunk of each entry; some fifty entries, for each has several chunks."""
    entries: dict[str, tuple[Card, float]] = {}
    for card, score in chunks:
        entries.setdefault(card.entry, (card, score))
    return list(entries.values())[:DEPTH]


def _by_entry(cards: Iterable[Card]) -> dict[str, list[Card]]:
    """Each chunk once."""
    entries: dict[str, dict[str, Card]] = {}
    for card in cards:
        entries.setdefault(card.entry, {})[card.id] = card
    return {entry: list(chunks.values()) for entry, chunks in entries.items()}


def _within(view: View, scope: Scope) -> list[str] | None:
    """The sources to search; None: all, where nothing limits them."""
    if scope.sources is None:
        return None
    return [source for source in dict.fromkeys(scope.sources) if source in view.chunks]


def _stored(cards: Iterable[Card]) -> dict[str, list[str]]:
    by_source: dict[str, list[str]] = {}
    for card in cards:
        by_source.setdefault(card.source, []).append(card.id)
    return by_source
