"""How likely something indexed answers: more where search found more, always a probability."""

import pytest

from indexer.ranking.answerable import SIGNALS, Answerable, signals
from indexer.ranking.ranker import Candidate, Question
from indexer.types import IndexerError
from tests.indexer.ranking.test_ranker import card

QUESTION = Question.of("invert a matrix", {"invert": 2, "matrix": 5}, 100)
RIGHT = card("p.inv", "Invert a matrix", "invert a square matrix")
WRONG = card("p.read", "Read a file", "read lines of a file")


@pytest.mark.parametrize("late", [None, 0.8])
def test_what_was_found_decides(late: float | None) -> None:
    """A good match is likely to answer and a bad one is not, also without late interaction."""
    model = Answerable.load()
    good = signals(QUESTION, [Candidate(RIGHT, 0.7, late=late)])
    bad = signals(QUESTION, [Candidate(WRONG, 0.1, late=late and 0.45)])
    assert 0 < model.probability(bad) < 0.02 < 0.5 < model.probability(good) < 1


def test_the_best_of_the_first_candidates_counts() -> None:
    both = signals(QUESTION, [Candidate(WRONG, 0.1), Candidate(RIGHT, 0.7)])
    assert both.tolist() == signals(QUESTION, [Candidate(RIGHT, 0.7)]).tolist()
    assert signals(QUESTION, []).tolist() == [0.0, 0.0, 0.0]


def test_weights_of_other_signals_are_refused() -> None:
    weights = {"bias": 0.0, **dict.fromkeys(SIGNALS[1:], 1.0)}
    with pytest.raises(IndexerError, match="train them again"):
        Answerable({"with_late": weights, "without_late": weights})
