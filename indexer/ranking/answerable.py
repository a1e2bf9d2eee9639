"""How likely something indexed answers a question, from what a search knows anyway. Pure.

It is a logistic model over a few signals of the question and its best candidates.
``python -m indexer.training.train_answerable`` learns its weights from questions that packages
answer and the same kinds of questions that they do not, and writes them to ``answerable.json``.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from indexer.ranking.ranker import FEATURES, Candidate, Question, features
from indexer.types import IndexerError

WEIGHTS = Path(__file__).with_name("answerable.json")
_SHOWN = 5  # candidates that a reader sees first
_BEHIND = slice(10, 40)  # candidates that are there for comparison

SIGNALS = (
    "cosine",  # the best among the first candidates
    "cosine_margin",  # by how much that is better than what comes further behind
    "late",  # the best score by late interaction; 0 without it
    "late_margin",
    "covered",  # idf-weighted share of the question's words that one candidate has
    "headline",  # share of a headline's words that the question has
    "spelled",  # share of the question's words that spell a name
    "rarest",  # whether some candidate has the question's rarest word
    "unknown",  # share of the question's words, by idf, that are nowhere in the index
    "agreed",  # how far up both searches have the same entry
    "named",  # whether the question asks for an entry by name that there is
    "words",  # how long the question is
)
_COLUMN = {name: FEATURES.index(name) for name in FEATURES}

Signals = npt.NDArray[np.float64]  # shape (len(SIGNALS),)


def signals(question: Question, order: Sequence[Candidate], *, named: bool) -> Signals:
    """The signals of a search; ``order`` has its candidates, best first."""
    if not order:
        return np.zeros(len(SIGNALS))
    looked_at = order[: _BEHIND.stop]
    rows = features(question, looked_at)
    first = rows[:_SHOWN]
    late = np.array([each.late or 0.0 for each in looked_at])
    cosine = rows[:, _COLUMN["cosine"]]
    rarest = max(question.terms, key=lambda term: question.idf[term], default="")
    texts = (
        f" {card.text} {card.headline} {card.name} "
        for each in looked_at[:_SHOWN]
        for card in (each.card, *each.others)
    )
    return np.array(
        [
            cosine[:_SHOWN].max(),
            cosine[:_SHOWN].max() - _mean(cosine[_BEHIND]),
            late[:_SHOWN].max(),
            late[:_SHOWN].max() - _mean(late[_BEHIND]),
            first[:, _COLUMN["any_coverage"]].max(),
            first[:, _COLUMN["headline_precision"]].max(),
            first[:, _COLUMN["name_spelled"]].max(),
            float(bool(rarest) and any(f" {rarest} " in text for text in texts)),
            question.unknown,
            max(each.fused for each in looked_at) / 2,
            float(named),
            math.log1p(len(question.terms)),
        ]
    )


def _mean(values: Signals) -> float:
    return float(values.mean()) if len(values) else 0.0


class Answerable:
    """Turns signals into a probability. There are weights for a search with late interaction, and
    others for one without.
    """

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        """Raises ``IndexerError`` when the weights belong to other signals."""
        names = ("bias", *SIGNALS)
        if any(set(each) != set(names) for each in weights.values()):
            raise IndexerError("The weights are not of these signals: train them again.")
        self._with, self._without = (
            np.array([weights[which][name] for name in names])
            for which in ("with_late", "without_late")
        )

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Self:
        return cls(json.loads(path.read_text("utf-8"))["weights"])

    def probability(self, found: Signals) -> float:
        weights = self._with if found[SIGNALS.index("late")] else self._without
        return 1 / (1 + math.exp(-float(weights[0] + weights[1:] @ found)))
