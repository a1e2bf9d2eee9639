"""Passages are ordered anew by what reads them with the question, as far as time allows."""

import time
from collections.abc import Sequence

from backend.retrieval.reranking import DEPTH, Reranking
from indexer.types import Chunk, Passage


class Longest:
    """A ``Reranker`` that likes the longest text, and remembers what it read."""

    def __init__(self, each_s: float = 0.0) -> None:
        self.read: list[int] = []
        self._each_s = each_s

    def scores(self, question: str, texts: Sequence[str]) -> list[int]:
        self.read.append(len(texts))
        until = time.perf_counter() + self._each_s * len(texts)
        while time.perf_counter() < until:
            pass
        return [len(text) for text in texts]


def passages(count: int) -> list[Passage]:
    return [Passage(Chunk("s", f"u{i}", "t", "x" * (i + 1)), 1 - i / 100) for i in range(count)]


def test_a_passage_that_both_like_comes_first_and_none_is_lost() -> None:
    found = [Passage(Chunk("s", name, "t", "x" * size), 0.5)
             for name, size in (("a", 1), ("b", 3), ("c", 2))]  # fmt: skip
    ordered = Reranking(Longest()).order("q", found, left_ms=1000)
    assert [passage.chunk.uri for passage in ordered] == ["b", "a", "c"]


def test_only_the_best_are_read_and_the_rest_keeps_its_order() -> None:
    reranker = Longest()
    found = passages(DEPTH + 5)
    ordered = Reranking(reranker).order("q", found, left_ms=10_000)
    assert reranker.read == [DEPTH]
    assert ordered[DEPTH:] == found[DEPTH:]
    assert sorted(ordered, key=found.index) == found


def test_without_time_the_order_is_the_search_s() -> None:
    reranker = Longest()
    found = passages(5)
    for left_ms in (-1.0, 0.0, 5.0):
        assert Reranking(reranker).order("q", found, left_ms) == found
    assert Reranking(reranker).order("q", found[:1], 1000) == found[:1]
    assert reranker.read == []


def test_a_slow_reranker_is_asked_for_less_and_never_given_up() -> None:
    reranker = Longest(each_s=0.02)
    reranking = Reranking(reranker, first_guess_ms=1)
    for _ in range(3):
        reranking.order("q", passages(20), left_ms=100)
    assert reranker.read[0] == 20
    assert reranker.read[-1] < 20
    hopeless = Reranking(Longest(), first_guess_ms=200)
    while not hopeless._reranker.read:  # type: ignore[attr-defined]
        hopeless.order("q", passages(20), left_ms=100)
