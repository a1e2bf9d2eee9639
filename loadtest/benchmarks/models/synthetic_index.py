"""An index of any size with synthetic chunks, to measure what size costs and nothing else.

Vectors are clusters of unit vectors, and texts and questions are drawn from one vocabulary by
Zipf's law, so they say nothing about quality. Batches depend on their position alone. So every
index of a size is the same, and a fill that was stopped continues where it ended.
"""

import sys
import time
from collections.abc import Collection, Iterator

import numpy as np

from indexer.index.search import HybridIndex
from indexer.types import Change, Chunk, Held, Vectors

NAME = "synthetic"  # of an embedder that does not exist
DIMENSION = 384
_CLUSTERS = 500
_VOCABULARY = 30_000
_WORDS = 80  # in a chunk: what is left of 256 tokens without the commonest words
_ASKED = 5  # words in a question
_BATCH = 10_000  # chunks made at once
_RUN = 50_000  # chunks that one run adds, and that a stopped fill loses at most
_SEED = 7
_QUESTIONS = -1 % 2**32


class Corpus:
    """Chunks, vectors and questions, the same in every run."""

    def __init__(self) -> None:
        chance = np.random.default_rng(_SEED)
        self._centres = chance.normal(size=(_CLUSTERS, DIMENSION)).astype(np.float32)
        weights = 1 / np.arange(10, _VOCABULARY + 10)
        self._weights = weights / weights.sum()
        self._vocabulary = np.array([_word(number) for number in range(_VOCABULARY)])
        self._asking = np.random.default_rng([_SEED, _QUESTIONS])

    def chunks(self, source: str, first: int, count: int) -> list[Chunk]:
        chance = np.random.default_rng([_SEED, first, 0])
        words = chance.choice(_VOCABULARY, size=(count, _WORDS), p=self._weights)
        return [
            Chunk(source, f"file:///{first + i}", f"Entry {first + i}",
                  " ".join(self._vocabulary[row]), "function", symbol=f"p.m.f{first + i}",
                  summary=" ".join(self._vocabulary[row[:8]]))
            for i, row in enumerate(words)
        ]  # fmt: skip

    def vectors(self, first: int, count: int) -> Vectors:
        return self._drawn(np.random.default_rng([_SEED, first, 1]), count)

    def question(self) -> tuple[str, Vectors]:
        words = self._asking.choice(_VOCABULARY, size=_ASKED, p=self._weights)
        return " ".join(self._vocabulary[words]), self._drawn(self._asking, 1)

    def _drawn(self, chance: np.random.Generator, count: int) -> Vectors:
        centres = self._centres[chance.integers(0, _CLUSTERS, count)]
        vectors = centres + 0.7 * chance.standard_normal(centres.shape, dtype=np.float32)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def fill(index: HybridIndex, corpus: Corpus, size: int, sources: int) -> float | None:
    """Adds up to ``size`` chunks, spread over the sources. Returns seconds, or None if some chunks
    were there before. As in practice, each source gets its chunks in a few runs of up to 50,000.
    """
    have = index.count()
    started = time.perf_counter()
    done = have
    share = -(-size // sources)
    for number in range(sources):
        source, end = f"package:p{number}", min((number + 1) * share, size)
        held = index.held(source)
        for first in range(number * share, end, _RUN):
            if str(first) in held:
                continue
            spans = [(at, min(_BATCH, min(first + _RUN, end) - at))
                      for at in range(first, min(first + _RUN, end), _BATCH)]  # fmt: skip
            done = _add(index, corpus, source, spans, (done, have, size), started)
    sys.stderr.write("\r" + " " * 60 + "\r")
    return None if have else time.perf_counter() - started


def _add(
    index: HybridIndex, corpus: Corpus, source: str, spans: list[tuple[int, int]],
    counts: tuple[int, int, int], started: float,
) -> int:  # fmt: skip
    done, before, size = counts

    def batches(wanted: Collection[str]) -> Iterator[tuple[list[Chunk], Vectors]]:
        nonlocal done
        for first, count in spans:
            yield corpus.chunks(source, first, count), corpus.vectors(first, count)
            done += count
            rate = (done - before) / (time.perf_counter() - started)
            left = (size - done) / rate / 60
            sys.stderr.write(f"\r{done:,} of {size:,} chunks, {rate:,.0f}/s, {left:.0f} min left  ")
            sys.stderr.flush()

    ids = tuple(chunk.id for span in spans for chunk in corpus.chunks(source, *span))
    held = {str(spans[0][0]): Held("", len(ids), ids)}
    index.apply(Change(source, held, frozenset(), batches))
    return done


def _word(number: int) -> str:
    """A word of letters alone, because what looks like an identifier is split into parts."""
    letters = ""
    for _ in range(4):
        number, letter = divmod(number, 20)
        letters += "bcdfghjklmnpqrtvwxyz"[letter]
    return letters
