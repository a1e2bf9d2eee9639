"""Late interaction: the best token for each token of a question, fused with the order there was."""

import numpy as np
import numpy.typing as npt

from indexer.embedder import BUNDLED
from indexer.ranking.late import SCALE, Projection, maxsim
from indexer.ranking.ranker import Candidate, with_late
from tests.indexer.ranking.test_ranker import card


def unit(*rows: tuple[float, ...]) -> npt.NDArray[np.int8]:
    array = np.array(rows, np.float32)
    return np.round(array / np.linalg.norm(array, axis=1, keepdims=True) * SCALE).astype(np.int8)


def test_each_token_of_the_question_counts_with_its_best_match() -> None:
    """Passages differ in length, and what else a passage says costs it nothing."""
    question = unit((1, 0, 0), (0, 1, 0))
    both, first, none = unit((0, 1, 0), (0, 0, 1), (1, 0, 0)), unit((1, 0, 0)), unit((0, 0, 1))
    scores = maxsim(question, [both, none, first])
    np.testing.assert_allclose(scores, [1, 0, 0.5], atol=0.01)
    assert maxsim(question, []) == []
    assert maxsim(question[:0], [both]) == [0.0]


def test_the_order_is_fused_and_who_was_not_compared_keeps_its_rank() -> None:
    def names(*scores: float | None) -> list[str]:
        order = [Candidate(card(f"c{i}"), 0.5, late=score) for i, score in enumerate(scores)]
        return [each.card.symbol for each in with_late(order)]

    assert names(None, None, None) == ["c0", "c1", "c2"]
    assert names(0.1, 0.2, 0.9) == ["c0", "c2", "c1"]
    assert names(0.5, 0.5, 0.5) == ["c0", "c1", "c2"]
    assert names(None, 0.2, 0.9) == ["c0", "c2", "c1"]


def test_a_projection_ships_for_the_bundled_model() -> None:
    """It keeps 64 of 384 directions, and a hash names it."""
    projection = Projection.of(BUNDLED)
    assert projection is not None
    assert projection.matrix.shape == (384, 64)
    assert projection.form.made_by.startswith(f"{BUNDLED}@")
    assert Projection.of("another-model") is None
