"""Finds what answers a question: near chunks and matching words, each entry once, in order.

It reads the parts of an index, which ``indexer.index.search`` owns and changes. A search sees one
version of the content (``indexer.index.catalog.View``) from beginning to end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from indexer.index.catalog import View
from indexer.index.lexical import LexicalIndex
from indexer.index.tokens import TokenStore
from indexer.ranking.answerable import Answerable, signals
from indexer.ranking.asking import SPELLED, aliases, is_error, sides, without_particulars
from indexer.ranking.card import Card
from indexer.ranking.late import maxsim
from indexer.ranking.ranker import (
    Candidate,
    LinearRanker,
    Question,
    fuse,
    hint,
    in_scope,
    with_late,
    with_names,
)
from indexer.ranking.spelling import spelled
from indexer.ranking.words import is_about, names, resolved, searched, sought
from indexer.types import EVERYWHERE, Chunk, Query, Scope, Tokens, Vectors, VectorStore

DEPTH = 50  # entries from each of the two searches
_SYMBOLS = 8  # symbols at the cursor that are looked up
_PER_SYMBOL = 3  # entries that one symbol may mean
_NEAREST = 100  # chunks to fetch, which belong to about as many entries as wanted
_RANKED = 150
_COMPARED = 64  # entries that are compared token by token
_CHUNKS = 4  # chunks of an entry that are compared so
_SHOWN = 5  # passages that a reader sees
_UNHIDDEN = 200  # factor on that number when some of the chunks found must not be shown


@dataclass(frozen=True, slots=True)
class Found:
    """The results of both searches for a question. ``named`` are the entries that it asks for by
    name.

    ``hinted`` has a score for each entry from the code around the question (``ranking.hint``).
    """

    question: Question
    candidates: Sequence[Candidate]
    named: frozenset[str] = frozenset()
    compared: Sequence[frozenset[str]] = ()  # terms of the things that a question compares
    hinted: Mapping[str, float] = field(default_factory=dict)


class Finder:
    """Runs both searches. Any thread may use it. Without a ranker, fusion decides the order."""

    def __init__(
        self,
        store: VectorStore,
        lexical: LexicalIndex,
        tokens: TokenStore | None,
        ranker: LinearRanker | None,
    ) -> None:
        self._store = store
        self._lexical = lexical
        self._tokens = tokens
        self._ranker = ranker
        self._answerable = Answerable.load()

    def find(self, view: View, question: str, query: Query, scope: Scope = EVERYWHERE) -> Found:
        """All candidates, each once: from both searches, from names in the question, from the
        cursor.

        A long question is cut, so that the cost of a search stays bounded.
        """
        question = searched(question)
        sources, hidden = _within(view, scope), view.hidden
        error, question = is_error(question), without_particulars(question)
        words = sought(question)
        near_chunks = self._nearest(query.vector, sources, hidden)
        ranked_chunks = self._lexical.search(words, _RANKED, sources, hidden)
        near, ranked = _entries(near_chunks), _entries(ranked_chunks)
        found = _by_entry(card for card, _ in (*near_chunks, *ranked_chunks))
        known = aliases(question)
        asked = [resolved(name, known) for name in names(question)]
        named = [card for name in asked for card in self._lexical.named(name, sources, hidden)]
        at_cursor = [
            card
            for symbol in scope.symbols[:_SYMBOLS]
            for card in self._lexical.named(resolved(symbol), sources, hidden)[:_PER_SYMBOL]
        ]
        cursor = {card.entry for card in at_cursor}
        # An entry is shown by its chunk nearest to the question, if one of its chunks is near.
        cards = {card.entry: card for card in (*at_cursor, *named)}
        cards.update((card.entry, card) for card, _ in ranked)
        cards.update((card.entry, card) for card, _ in near)
        cosines = {card.id: cosine for card, cosine in near}
        far = [card for card in cards.values() if card.id not in cosines]
        cosines.update(self._store.cosines(_stored(far), query.vector))
        dense_rank = {card.entry: rank for rank, (card, _) in enumerate(near)}
        lexical_rank = {card.entry: rank for rank, (card, _) in enumerate(ranked)}
        bm25 = {card.entry: score for card, score in ranked}
        frequencies = self._lexical.frequencies(set(words))
        candidates = [
            Candidate(
                card,
                cosines[card.id],
                dense_rank.get(entry),
                bm25.get(entry, 0.0),
                lexical_rank.get(entry),
                tuple(other for other in found.get(entry, ()) if other.id != card.id),
            )
            for entry, card in cards.items()
            if card.id in cosines  # a missing chunk was deleted after it was found
        ]
        return Found(
            Question.of(question, frequencies, len(self._lexical)),
            self._compared(candidates, query.tokens),
            frozenset(card.entry for card in named if is_about(question, asked)),
            compared=self._sides(question),
            hinted={
                entry: hint(card, scope, at_cursor=entry in cursor)
                + (SPELLED * bool(spelled(card.symbol.rpartition(".")[2], words)) if error else 0.0)
                for entry, card in cards.items()
            },
        )

    def ordered(self, found: Found) -> list[Candidate]:
        """Best first: the entries that the question names, then by the ranker, or by fusion without
        one.
        """
        order = fuse(found.candidates)
        if self._ranker is not None:
            order = self._ranker.rank(found.question, order, found.hinted)
        order = with_names(with_late(order), found.question)
        order = sorted(order, key=lambda each: each.card.entry not in found.named)
        return _with_both(order, found.compared)

    def answerable(self, found: Found, order: Sequence[Candidate]) -> float | None:
        """The probability that something indexed answers; None when nothing was found at all."""
        if not order:
            return None
        return self._answerable.probability(signals(found.question, order))

    def lookup(self, view: View, symbol: str, scope: Scope = EVERYWHERE) -> list[Card]:
        """The entries with this name, those of imported packages first, each by its first chunk."""
        name = resolved(symbol.strip("."))
        cards = self._lexical.named(name, _within(view, scope), view.hidden) if name else []
        return sorted(cards, key=lambda card: not in_scope(card, scope))

    def chunks(self, cards: Sequence[Card]) -> dict[str, Chunk]:
        """Chunks by id, without those that a writer has removed since they were found."""
        return self._store.get(_stored(cards))

    def _compared(
        self, candidates: Sequence[Candidate], question: Tokens | None
    ) -> list[Candidate]:
        """The candidates, of which the best by fusion are compared with the question token by
        token.
        """
        if self._tokens is None or question is None or not len(question):
            return list(candidates)
        best = fuse(candidates)
        chunks = [
            (at, card.id)
            for at, each in enumerate(best[:_COMPARED])
            for card in (each.card, *each.others)[:_CHUNKS]
        ]
        rows = self._tokens.get([chunk_id for _, chunk_id in chunks])
        known = [(at, each, rows[each]) for at, each in chunks if each in rows]
        scores: dict[int, tuple[float, str]] = {}
        for (at, chunk_id, _), score in zip(
            known, maxsim(question, [row for _, _, row in known]), strict=True
        ):
            scores[at] = max((score, chunk_id), scores.get(at, (-1.0, "")))
        return [_scored(each, *scores.get(at, (None, ""))) for at, each in enumerate(best)]

    def _sides(self, question: str) -> list[frozenset[str]]:
        both = sides(question)
        found = [frozenset(sought(side)) for side in both] if both else []
        # what both have in common does not tell them apart
        own = [each.difference(*(other for other in found if other is not each)) for each in found]
        return own if all(own) else []

    def _nearest(
        self, vector: Vectors, sources: Sequence[str] | None, hidden: frozenset[str]
    ) -> list[tuple[Card, float]]:
        """Chunks with their cosines, the nearest first."""
        near = self._store.nearest(vector, _UNHIDDEN if hidden else _NEAREST, sources)
        shown = [each for each in near if each.id not in hidden]
        cards = self._lexical.cards([each.id for each in shown])
        return [(cards[each.id], each.cosine) for each in shown if each.id in cards]


def _scored(each: Candidate, score: float | None, chunk_id: str) -> Candidate:
    """The candidate with its score. A long option is shown by the chunk that has it."""
    shown = each.card
    if each.card.kind == "option":
        shown = next((card for card in each.others if card.id == chunk_id), shown)
    if shown is each.card:
        return replace(each, late=score)
    others = (each.card, *(card for card in each.others if card.id != chunk_id))
    return replace(each, card=shown, others=others, late=score)


def _entries(chunks: Iterable[tuple[Card, float]]) -> list[tuple[Card, float]]:
    """The best chunk of each entry, for about fifty entries, because an
    entry has several chunks.
    """
    entries: dict[str, tuple[Card, float]] = {}
    for card, score in chunks:
        entries.setdefault(card.entry, (card, score))
    return list(entries.values())[:DEPTH]


def _with_both(order: list[Candidate], compared: Sequence[frozenset[str]]) -> list[Candidate]:
    """The order with an entry for each of the things that are compared among the first few."""
    for place, side in enumerate(compared):
        about = [
            at
            for at, each in enumerate(order)
            if side <= set(f"{each.card.name} {each.card.headline}".split())
        ]
        if about and about[0] >= _SHOWN:
            # as the last that are shown, because this is a guess
            order.insert(_SHOWN - len(compared) + place, order.pop(about[0]))
    return order


def _by_entry(cards: Iterable[Card]) -> dict[str, list[Card]]:
    """Each chunk once."""
    entries: dict[str, dict[str, Card]] = {}
    for card in cards:
        entries.setdefault(card.entry, {})[card.id] = card
    return {entry: list(chunks.values()) for entry, chunks in entries.items()}


def _within(view: View, scope: Scope) -> list[str] | None:
    """The sources to search; None means all, when nothing limits them."""
    if scope.sources is None:
        return None
    return [source for source in dict.fromkeys(scope.sources) if source in view.chunks]


def _stored(cards: Iterable[Card]) -> dict[str, list[str]]:
    by_source: dict[str, list[str]] = {}
    for card in cards:
        by_source.setdefault(card.source, []).append(card.id)
    return by_source
