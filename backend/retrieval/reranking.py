"""Reorders the best passages by a reranker, as many as the time allows. Pure apart from it."""

import time
from collections.abc import Sequence

from indexer.ranking.ranker import reciprocal
from indexer.types import Passage, Reranker

DEPTH = 30  # passages worth reading together with the question
_SMOOTHING = 0.3  # of the measured cost of one passage
_SHARE = 0.8  # of the time that is left; the rest is a margin for error


class Reranking:
    """Learns how long the reranker takes. Only one thread may use it at a time.

    The ranks of search and reranker are fused (reciprocal ranks). So a passage that the question
    names stays before one that merely reads well, and a poor reranker cannot do much harm.
    """

    def __init__(self, reranker: Reranker, first_guess_ms: float = 10.0) -> None:
        self._reranker = reranker
        self._each_ms = first_guess_ms  # per passage

    def order(self, question: str, found: Sequence[Passage], left_ms: float) -> list[Passage]:
        """All passages, in their old order when there is no time for at least two."""
        count = min(len(found), DEPTH, int(left_ms * _SHARE / self._each_ms))
        if count < 2:
            # The estimate sinks slowly, so that one slow moment does not turn it off for good.
            self._each_ms *= 1 - _SMOOTHING / 10
            return list(found)
        started = time.perf_counter()
        texts = [f"{passage.chunk.title}\n{passage.chunk.text}" for passage in found[:count]]
        scores = self._reranker.scores(question, texts)
        each_ms = (time.perf_counter() - started) * 1000 / count
        self._each_ms += _SMOOTHING * (each_ms - self._each_ms)
        by_score = sorted(range(count), key=lambda i: -scores[i])
        ranks = {i: rank for rank, i in enumerate(by_score)}
        fused = sorted(range(count), key=lambda i: -(reciprocal(i) + reciprocal(ranks[i])))
        return [*(found[i] for i in fused), *found[count:]]
