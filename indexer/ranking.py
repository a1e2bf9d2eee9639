"""Orders what dense and lexical search found: reciprocal rank fusion, then a linear ranker. Pure.

The ranker is a weighted sum of cheap features of question and candidate. Its weights stand in
``ranker.json`` and come from ``python -m indexer.rank_training``.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from indexer.lexical import Card
from indexer.spelling import spelled
from indexer.words import terms

WEIGHTS = Path(__file__).with_name("ranker.json")
K = 10  # of reciprocal rank fusion: .85 hit@5 on 1,723 questions about Python, k=60 .84
_USUAL_DEPTH = 2  # of symbols; pages have none and shall neither gain nor lose by it

Features = npt.NDArray[np.float64]  # shape (candidates, len(FEATURES))

FEATURES = (
    "cosine",  # of the nearest chunk
    "dense_rrf",  # K / (K + rank), 0 when not found
    "bm25_share",  # of the best candidate's
    "lexical_rrf",
    "in_both",
    "name_coverage",  # idf-weighted share of the question's terms that the symbol has
    "headline_coverage",
    "text_coverage",
    "any_coverage",  # of symbol, headline and text together
    "headline_precision",  # share of the headline's terms that the question has
    "own_name_precision",  # share of the terms of the symbol's last part that the question has
    "spelled",  # the last part of the symbol abbreviates words of the question
    "spelled_share",  # of the question's terms, when it does so completely
    "depth",  # parts of the symbol
    "mentions",  # log of how many chunks mention the symbol's last part
    "callable",  # a function or method with a signature
    "class",
    "module",
    "page",
    "section",  # not the beginning of its document
    "deprecated",
)


@dataclass(frozen=True, slots=True)
class Question:
    """The terms of a question, and how rare each is among ``size`` chunks."""

    terms: tuple[str, ...]
    idf: Mapping[str, float]
    mentions: Mapping[str, int]  # chunks that have the term, also of candidates' own names

    @classmethod
    def of(cls, text: str, frequencies: Mapping[str, int], size: int) -> Self:
        """``frequencies``: in how many of ``size`` chunks each term stands."""
        found = tuple(dict.fromkeys(terms(text)))
        return cls(
            found,
            {term: math.log(1 + (size + 1) / (frequencies.get(term, 0) + 1)) for term in found},
            frequencies,
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a search found; ranks count from 0, None where it was not found."""

    card: Card
    cosine: float
    dense_rank: int | None = None
    bm25: float = 0.0
    lexical_rank: int | None = None

    @property
    def fused(self) -> float:
        return sum(reciprocal(rank) for rank in (self.dense_rank, self.lexical_rank))


def reciprocal(rank: int | None) -> float:
    """What a place in one list adds to the fused score: 1 for the first, 0 for none."""
    return 0.0 if rank is None else K / (K + rank)


def fuse(candidates: Iterable[Candidate]) -> list[Candidate]:
    """By reciprocal rank fusion, best first; of equals the one with the higher cosine."""
    return sorted(candidates, key=lambda each: (-each.fused, -each.cosine, each.card.entry))


def own_name(card: Card) -> str:
    """The last part of the symbol, lower case."""
    return card.symbol.rpartition(".")[2].lower()


def features(question: Question, candidates: Sequence[Candidate]) -> Features:
    """Shape (candidates, len(FEATURES)), each between about -1 and 1."""
    best_bm25 = max((each.bm25 for each in candidates), default=0.0) or 1.0
    total = sum(question.idf.values()) or 1.0
    rows = [_row(question, each, best_bm25, total) for each in candidates]
    return np.asarray(rows, dtype=np.float64).reshape(len(candidates), len(FEATURES))


def _row(question: Question, each: Candidate, best_bm25: float, total: float) -> tuple[float, ...]:
    card = each.card
    name, headline = set(card.name.split()), set(card.headline.split())
    text = set(card.text.split())
    asked = question.idf.keys()

    def coverage(present: set[str]) -> float:
        return sum(question.idf[term] for term in asked & present) / total

    last = own_name(card)
    parts = set(terms(last)) or {last}
    piece = spelled(last, question.terms) if last else 0
    return (
        each.cosine,
        reciprocal(each.dense_rank),
        each.bm25 / best_bm25,
        reciprocal(each.lexical_rank),
        float(each.dense_rank is not None and each.lexical_rank is not None),
        coverage(name),
        coverage(headline),
        coverage(text),
        coverage(name | headline | text),
        len(asked & headline) / (len(headline) or 1),
        len(asked & parts) / len(parts) if last else 0.0,
        float(piece > 0),
        piece / (len(question.terms) or 1),
        (min(card.symbol.count("."), 6) if card.symbol else _USUAL_DEPTH) / 6,
        math.log1p(question.mentions.get(last, 0)) / 10,
        float(card.callable and card.kind == "function"),
        float(card.kind == "class"),
        float(card.kind == "module"),
        float(card.kind == "page"),
        float(card.section),
        float(card.deprecated),
    )


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

    def rank(self, question: Question, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Best first; equals keep their order."""
        scores = features(question, candidates) @ self._weights
        return [candidates[i] for i in np.argsort(-scores, kind="stable")]
