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
from indexer.ranking.words import possessed, root, sought, stem
from indexer.types import Scope

WEIGHTS = Path(__file__).with_name("ranker.json")
# constant of reciprocal rank fusion: hit@5 is .85 on 1,723 questions about Python, and .84 with 60
K = 10
# Verbs in questions that say nothing about the answer, however rare they are in documentation.
_ASKING = frozenset({"apply", "calculate", "compute", "do", "make", "perform", "run", "use"})
_SHORT = 3  # words up to this length match exactly; too many others begin like them
_DEEPEST = 6  # parts of a symbol that are distinguished

# These two are fixed and not learned. Questions about the training packages hardly need the rank in
# the lexical list, and hardly ever ask for a class by what its methods say. The values were chosen
# by release notes and docstrings of other documentation (docs/retrieval-tried.md).
FUSED = 0.5
MEMBERS = 0.5

_CALLED = ("function", "class")
# What a name is worth, where the first rank is worth 2; times the share of the question that it
# is. Chosen on the develop half of tests/data/questions.
_SAID, _SPELLED = 1.2, 0.4
_SPELLED_SHARE = 0.5  # of the question's words, from which a name is spelled by them

# What the code around a question adds to a score. For comparison, a cosine that is higher by a
# tenth adds 1. So this decides between similar entries of two packages, and no more.
IN_SCOPE = 1.0
AT_CURSOR = 1.0
NO_HINTS: Mapping[str, float] = {}

Features = npt.NDArray[np.float64]  # shape (candidates, len(FEATURES))
Scores = npt.NDArray[np.float64]  # shape (candidates,)

FEATURES = (
    "cosine",  # cosine of the nearest chunk
    "dense_rrf",  # K / (K + rank); 0 when the search did not find it
    "bm25_share",  # BM25 as a share of the best candidate's
    # The next ones are idf-weighted shares of the question's words; relatives of a word count.
    "text_coverage",  # the share that the nearest chunk has
    "entry_coverage",  # the share that all chunks found of the entry have together
    "any_coverage",  # the share in symbol, headline and those chunks together
    "name_spelled",  # the share of words that spell the symbol's last part
    "headline_precision",  # share of the headline's words that occur in the question
    "headline_phrases",  # share of the question's word pairs that occur in the headline
    "depth",  # parts of the symbol; for a page, the mean of the other candidates
    # whether it is a module, which is an overview when a question asks for one of its parts
    "module",
    "deprecated",
)


@dataclass(frozen=True, slots=True)
class Question:
    """The terms of a question, in order, and how rare each of them is."""

    terms: tuple[str, ...]
    idf: Mapping[str, float]
    unknown: float = 0.0  # the share of terms, by idf, that no chunk has

    @classmethod
    def of(cls, text: str, frequencies: Mapping[str, int], size: int) -> Self:
        """``frequencies`` says in how many of ``size`` chunks each term occurs."""
        found = tuple(sought(text))
        idle = _ASKING | possessed(text)
        found = tuple(term for term in found if term not in idle) or found
        idf = {term: math.log(1 + (size + 1) / (frequencies.get(term, 0) + 1)) for term in found}
        nowhere = sum(weight for term, weight in idf.items() if not frequencies.get(term))
        return cls(found, idf, nowhere / (sum(idf.values()) or 1.0))


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a search found. Ranks count from 0; None when that search did not find it."""

    card: Card
    cosine: float
    dense_rank: int | None = None
    bm25: float = 0.0
    lexical_rank: int | None = None
    others: tuple[Card, ...] = ()  # other chunks of the entry that were found
    late: float | None = None  # its score by late interaction; None when it was not compared

    @property
    def fused(self) -> float:
        return sum(reciprocal(rank) for rank in (self.dense_rank, self.lexical_rank))


def reciprocal(rank: int | None) -> float:
    """What a rank in one list adds to the fused score: 1 for the first, 0 when it is not in the
    list.
    """
    return 0.0 if rank is None else K / (K + rank)


def fuse(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Orders by reciprocal rank fusion, best first; the higher cosine decides between equals."""
    return sorted(candidates, key=lambda each: (-each.fused, -each.cosine, each.card.entry))


def with_late(order: Sequence[Candidate]) -> list[Candidate]:
    """Fuses an order with that of late interaction. A candidate that was not compared keeps the
    rank that it has.
    """
    best = sorted((each.late for each in order if each.late is not None), reverse=True)
    ranks = {score: rank for rank, score in reversed(list(enumerate(best)))}
    fused = [
        reciprocal(rank) + reciprocal(rank if each.late is None else ranks[each.late])
        for rank, each in enumerate(order)
    ]
    return [order[i] for i in np.argsort([-score for score in fused], kind="stable")]


def with_names(order: Sequence[Candidate], question: Question) -> list[Candidate]:
    """Moves entries up whose own name the question says ("the roots of a polynomial") or spells
    ("the inverse FFT of a real signal" is ``irfft``). Neither search nor tokens see names so.
    """
    words = _Words(question)
    scores = [2 * reciprocal(rank) + _named(each.card, words) for rank, each in enumerate(order)]
    return [order[i] for i in np.argsort([-score for score in scores], kind="stable")]


def _named(card: Card, words: "_Words") -> float:
    name = card.symbol.rpartition(".")[2].lower()
    share = words.share(set(spelled(name, words.terms)))
    named = share * _SPELLED if share >= _SPELLED_SHARE else 0.0
    if card.kind in _CALLED and len(name) > _SHORT and stem(name) in words.terms:
        named += _SAID * words.share({stem(name)})
    return named


def features(question: Question, candidates: Sequence[Candidate]) -> Features:
    """Features of shape (candidates, len(FEATURES)), each between about -1 and 1."""
    best_bm25 = max((each.bm25 for each in candidates), default=0.0) or 1.0
    words = _Words(question)
    # A page has no depth. It gets the mean, so that deep packages neither help nor hurt it.
    depths = [_depth(each.card) for each in candidates if _is_deep(each.card)]
    usual = sum(depths) / (len(depths) or 1)
    rows = [_row(words, each, best_bm25, usual) for each in candidates]
    return np.asarray(rows, dtype=np.float64).reshape(len(candidates), len(FEATURES))


def fusion(candidates: Sequence[Candidate]) -> Scores:
    """The fused score of each candidate, from 0 to 2."""
    return np.array([each.fused for each in candidates])


def members(candidates: Sequence[Candidate]) -> Scores:
    """For each candidate, the fused score of its best member that was found, such as a method of a
    class.

    Modules get nothing, because almost every other candidate is a member of one.
    """
    best: dict[str, float] = {}
    for each in candidates:
        owner = each.card.symbol.rpartition(".")[0]
        best[owner] = max(best.get(owner, 0.0), each.fused)
    best.pop("", None)  # pages have no symbol, and a name without a dot has no owner
    cards = [each.card for each in candidates]
    return np.array([best.get(card.symbol, 0.0) * (card.kind != "module") for card in cards])


def given(candidates: Sequence[Candidate]) -> Scores:
    """The fixed part of each score, which is added to the learned part."""
    return FUSED * fusion(candidates) + MEMBERS * members(candidates)


class _Words:
    """The words of a question, prepared for looking them up in candidates."""

    def __init__(self, question: Question) -> None:
        self.terms = question.terms
        roots = [root(term) for term in self.terms]
        self.roots = frozenset(roots)
        self.neighbours = frozenset(pairwise(roots))
        # Texts are long, and looking for a few words in one is faster than splitting it.
        self._sought = {
            term: f" {root(term)}" if len(term) > _SHORT else f" {term} " for term in self.terms
        }
        self._idf = question.idf
        self._total = sum(question.idf.values()) or 1.0

    def within(self, text: str) -> set[str]:
        """The question's terms that occur in a text, or whose relatives do. The text is terms with
        blanks between them.
        """
        padded = f" {text} "
        return {term for term, sought in self._sought.items() if sought in padded}

    def share(self, found: Iterable[str]) -> float:
        return sum(self._idf[term] for term in found) / self._total


def _is_deep(card: Card) -> bool:
    """Whether its symbol says where it is in a package: that of an option does not."""
    return bool(card.symbol) and card.kind != "option"


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
        _depth(card) if _is_deep(card) else usual_depth,
        float(card.kind == "module"),
        float(card.deprecated),
    )


def in_scope(card: Card, scope: Scope) -> bool:
    """Whether the code imports the package of the entry."""
    return bool(card.symbol) and card.symbol.partition(".")[0] in scope.packages


def hint(card: Card, scope: Scope, *, at_cursor: bool = False) -> float:
    """What the code around a question adds to an entry's score."""
    return IN_SCOPE * in_scope(card, scope) + AT_CURSOR * at_cursor


class LinearRanker:
    """A weight per feature. A higher score is better, but scores compare
    only within one question.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        """Raises ``ValueError`` when the weights belong to other features."""
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
        """Orders candidates, best first; equals keep their order. ``hints`` are added to the
        scores.
        """
        scores = features(question, candidates) @ self._weights + given(candidates)
        scores += np.array([hints.get(each.card.entry, 0.0) for each in candidates])
        return [candidates[i] for i in np.argsort(-scores, kind="stable")]
