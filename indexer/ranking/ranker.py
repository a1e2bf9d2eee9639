"""Orders what dense and lexical search found: reciprocal rank fusion, then a linear ranker. Pure.

The ranker is a weighted sum of cheap features of the question and a candidate. Most weights are
learned: ``python -m indexer.training.train_ranker`` writes them to ``ranker.json``. Two are given:
half of what fusion says, and that members of a class were found.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from indexer.ranking.card import Card
from indexer.ranking.spelling import spelled
from indexer.ranking.words import possessed, root, sought
from indexer.types import Scope

WEIGHTS = Path(__file__).with_name("ranker.json")
K = 10  # of reciprocal rank fusion: .85 hit@5 on 1,723 questions about Python, k=60 .84
# Verbs of questions that say nothing about the answer, rare as they may be in documentation.
_ASKING = frozenset({"apply", "calculate", "compute", "do", "make", "perform", "run", "use"})
_SHORT = 3  # letters of a word whose relatives are not looked for: too many others begin like it
_DEEPEST = 6  # parts of a symbol that are told apart

# Given, and not learned: questions about the training packages hardly need the place in the lexical
# list, and hardly ever ask for a class by what its methods say. Judged by release notes and
# docstrings of other documentation (docs/retrieval-tried.md).
FUSED = 0.5
MEMBERS = 0.5

# What the code around a question adds to the ranker's score, in which a cosine that is higher by a
# tenth is worth 1: enough to decide between like entries of two packages, no more.
IN_SCOPE = 1.0
AT_CURSOR = 1.0
NO_HINTS: Mapping[str, float] = {}

Features = npt.NDArray[np.float64]  # shape (candidates, len(FEATURES))
Scores = npt.NDArray[np.float64]  # shape (candidates,)

FEATURES = (
    "cosine",  # of the nearest chunk
    "dense_rrf",  # K / (K + rank), 0 when not found
    "bm25_share",  # of the best candidate's
    # Idf-weighted shares of the question's words, whose relatives count, too:
    "text_coverage",  # that the nearest chunk has
    "entry_coverage",  # that all chunks have that were found of the entry
    "any_coverage",  # that symbol, headline and those chunks have together
    "name_spelled",  # that spell the symbol's last part
    "headline_precision",  # share of the headline's words that the question has
    "headline_phrases",  # share of the question's neighbours that are the headline's, too
    "depth",  # parts of the symbol; of a page, the mean of the entries beside it
    "module",  # an overview, where a question asks for one of its parts
    "deprecated",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a question asks for: its terms in order, and how rare each of them is."""

    terms: tuple[str, ...]
    idf: Mapping[str, float]

    @classmethod
    def of(cls, text: str, frequencies: Mapping[str, int], size: int) -> Self:
        """``frequencies``: in how many of ``size`` chunks each term stands."""
        found = tuple(sought(text))
        idle = _ASKING | possessed(text)
        found = tuple(term for term in found if term not in idle) or found
        return cls(
            found,
            {term: math.log(1 + (size + 1) / (frequencies.get(term, 0) + 1)) for term in found},
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a search found; ranks count from 0, None where it was not found."""

    card: Card
    cosine: float
    dense_rank: int | None = None
    bm25: float = 0.0
    lexical_rank: int | None = None
    others: tuple[Card, ...] = ()  # chunks of the entry that were found beside the card's

    @property
    def fused(self) -> float:
        return sum(reciprocal(rank) for rank in (self.dense_rank, self.lexical_rank))


def reciprocal(rank: int | None) -> float:
    """What a place in one list adds to the fused score: 1 for the first, 0 for none."""
    return 0.0 if rank is None else K / (K + rank)


def fuse(candidates: Iterable[Candidate]) -> list[Candidate]:
    """By reciprocal rank fusion, best first; of equals the one with the higher cosine."""
    return sorted(candidates, key=lambda each: (-each.fused, -each.cosine, each.card.entry))


def features(question: Question, candidates: Sequence[Candidate]) -> Features:
    """Shape (candidates, len(FEATURES)), each between about -1 and 1."""
    best_bm25 = max((each.bm25 for each in candidates), default=0.0) or 1.0
    words = _Words(question)
    # Pages have no depth and shall neither gain nor lose by it, however deep a package is.
    depths = [_depth(each.card) for each in candidates if each.card.symbol]
    usual = sum(depths) / (len(depths) or 1)
    rows = [_row(words, each, best_bm25, usual) for each in candidates]
    return np.asarray(rows, dtype=np.float64).reshape(len(candidates), len(FEATURES))


def fusion(candidates: Sequence[Candidate]) -> Scores:
    """What reciprocal rank fusion gives each, from 0 to 2."""
    return np.array([each.fused for each in candidates])


def members(candidates: Sequence[Candidate]) -> Scores:
    """For each the fused score of its best member that was found, too: of a class its methods.

    Nothing for modules: nearly all that is found is a member of one.
    """
    best: dict[str, float] = {}
    for each in candidates:
        owner = each.card.symbol.rpartition(".")[0]
        best[owner] = max(best.get(owner, 0.0), each.fused)
    best.pop("", None)  # pages have no symbol, and what no dot precedes has no owner
    cards = [each.card for each in candidates]
    return np.array([best.get(card.symbol, 0.0) * (card.kind != "module") for card in cards])


def given(candidates: Sequence[Candidate]) -> Scores:
    """What is added to the learned score of each."""
    return FUSED * fusion(candidates) + MEMBERS * members(candidates)


class _Words:
    """The words of a question, as they are looked for in candidates."""

    def __init__(self, question: Question) -> None:
        self.terms = question.terms
        roots = [root(term) for term in self.terms]
        self.roots = frozenset(roots)
        self.neighbours = frozenset(pairwise(roots))
        # Texts are long: looking for a few words in one is cheaper than taking it apart.
        self._sought = {
            term: f" {root(term)}" if len(term) > _SHORT else f" {term} " for term in self.terms
        }
        self._idf = question.idf
        self._total = sum(question.idf.values()) or 1.0

    def within(self, text: str) -> set[str]:
        """The terms that a text, terms with blanks between them, has itself or relatives of."""
        padded = f" {text} "
        return {term for term, sought in self._sought.items() if sought in padded}

    def share(self, found: Iterable[str]) -> float:
        return sum(self._idf[term] for term in found) / self._total


def _depth(card: Card) -> float:
    return min(card.symbol.count("."), _DEEPEST) / _DEEPEST


def _row(words: _Words, each: Candidate, best_bm25: float, usual_depth: float) -> tuple[float, ...]:
    card = each.card
    headline = [root(word) for word in card.headline.split()]
    text = words.within(card.text)
    entry = text.union(*(words.within(other.text) for other in each.others))
    said = set(spelled(card.symbol.rpartition(".")[2], words.terms))
    phrases = words.neighbours & set(pairwise(headline))
    return (
        each.cosine,
        reciprocal(each.dense_rank),
        each.bm25 / best_bm25,
        words.share(text),
        words.share(entry),
        words.share(entry | said | words.within(card.name) | words.within(card.headline)),
        words.share(said),
        sum(word in words.roots for word in headline) / (len(headline) or 1),
        len(phrases) / (len(words.neighbours) or 1),
        _depth(card) if card.symbol else usual_depth,
        float(card.kind == "module"),
        float(card.deprecated),
    )


def in_scope(card: Card, scope: Scope) -> bool:
    """Whether the code imports the package that the entry is of."""
    return bool(card.symbol) and card.symbol.partition(".")[0] in scope.packages


def hint(card: Card, scope: Scope, *, at_cursor: bool = False) -> float:
    """What the code around a question adds to an entry's score."""
    return IN_SCOPE * in_scope(card, scope) + AT_CURSOR * at_cursor


class LinearRanker:
    """A weight per feature; a higher score is better, and means nothing outside one question."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        """Raises ``ValueError`` when the weights are of other features."""
        if set(weights) != set(FEATURES):
            raise ValueError("the weights are not of these features: train the ranker again")
        self._weights = np.array([weights[name] for name in FEATURES])

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Self:
        return cls(json.loads(path.read_text("utf-8"))["weights"])

    def rank(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        hints: Mapping[str, float] = NO_HINTS,
    ) -> list[Candidate]:
        """Best first; equals keep their order. ``hints`` add to the scores of entries."""
        scores = features(question, candidates) @ self._weights + given(candidates)
        scores += np.array([hints.get(each.card.entry, 0.0) for each in candidates])
        return [candidates[i] for i in np.argsort(-scores, kind="stable")]
