"""Orders passages anew by a reranker, as many of the best as the time allows. Pure but for it."""

import time
from collections.abc import Sequence

from indexer.ranking.ranker import reciprocal
from indexer.types import Passage, Reranker

DEPTH = 30  # passages worth reading together with the question
_SMOOTHING = 0.3  # of what one passage is known to cost
_SHARE = 0.8  # of the time that is left; the rest is for being wrong about it


class Reranking:
    """Knows from experience how long the reranker takes. Used by one thread at a time.

    What search and reranker say is fused (reciprocal ranks): a passage that a question names
    stays in front of one that merely reads well, and a poor reranker cannot do much harm.
    """

    def __init__(self, reranker: Reranker, first_guess_ms: float = 10.0) -> None:
        self._reranker = reranker
        self._each_ms = first_guess_ms  # per passage

    def order(self, question: str, found: Sequence[Passage], left_ms: float) -> list[Passage]:
        """All that was found; unchanged when there is no time for at least two."""
        count = min(len(found), DEPTH, int(left_ms * _SHARE / self._each_ms))
        if count < 2:
            # Slowly more hopeful: one slow moment must not switch it off for good.
            self._each_ms *= 1 - _SMOOTHING / 10
            return list(found)
        started = time.perf_counter()
        texts = [f"{passage.chunk.title}\n{passage.chunk.text}" for passage in found[:count]]
        scores = self._reranker.scores(question, texts)
        each_ms = (time.perf_counter() - started) * 1000 / count
        self._each_ms += _SMOOTHING * (each_ms - self._each_ms)
        by_score = sorted(range(count), key=lambda i: -scores[i])
        place = {i: rank for rank, i in enumerate(by_score)}
        fused = sorted(range(count), key=lambda i: -(reciprocal(i) + reciprocal(place[i])))
        return [*(found[i] for i in fused), *found[count:]]
