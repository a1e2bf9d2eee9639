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

SIGNALS = (
    "cosine",  # the best among the first candidates
    "late",  # the best score by late interaction; 0 without it
    "covered",  # idf-weighted share of the question's words that one candidate has
)
_COVERED = FEATURES.index("any_coverage")

Signals = npt.NDArray[np.float64]  # shape (len(SIGNALS),)


def signals(question: Question, order: Sequence[Candidate]) -> Signals:
    """The signals of a search; ``order`` has its candidates, best first."""
    first = order[:_SHOWN]
    return np.array(
        [
            max((each.cosine for each in first), default=0.0),
            max((each.late or 0.0 for each in first), default=0.0),
            max(features(question, first)[:, _COVERED], default=0.0),
        ]
    )


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
