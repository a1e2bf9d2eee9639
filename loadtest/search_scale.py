"""How a search grows with the index: `python -m loadtest.search_scale --chunks 10000 100000`.

Fills one embedded index up to each size in turn and times whole searches on it: nearest chunks,
words, ranking, reading the passages; not the embedding of the question. Limits: vectors are
synthetic (clusters of unit vectors) and texts are drawn from a vocabulary by Zipf's law, so that
nothing is said about quality; questions come one at a time, and with the index warm.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.search import HybridIndex
from indexer.types import Change, Chunk, Held, Vectors
from loadtest import markdown
from loadtest.machine import resident_mib

DIMENSION = 384
_CLUSTERS = 500
_VOCABULARY = 30_000
_WORDS = 80  # of a chunk
_ASKED = 5  # words of a question
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One size, its searches, and what it costs to be there."""

    chunks: int
    p50_ms: float
    p95_ms: float
    added_per_s: float
    resident_mib: float
    on_disk_mib: float


class Corpus:
    """Chunks, vectors and questions, the same in every run."""

    def __init__(self, sources: int, seed: int = 7) -> None:
        self._chance = np.random.default_rng(seed)
        self._centres = self._chance.normal(size=(_CLUSTERS, DIMENSION)).astype(np.float32)
        weights = 1 / np.arange(10, _VOCABULARY + 10)
        self._weights = weights / weights.sum()
        self._vocabulary = np.array([f"w{i:x}" for i in range(_VOCABULARY)])
        self.sources = sources

    def batch(self, first: int, count: int) -> tuple[list[Chunk], Vectors]:
        words = self._chance.choice(_VOCABULARY, size=(count, _WORDS), p=self._weights)
        source = f"package:p{first // max(count, 1) % self.sources}"
        chunks = [
            Chunk(source, f"file:///{first + i}", f"Entry {first + i}",
                  " ".join(self._vocabulary[row]), "function", symbol=f"p.m.f{first + i}",
                  summary=" ".join(self._vocabulary[row[:8]]))
            for i, row in enumerate(words)
        ]  # fmt: skip
        return chunks, self._vectors(count)

    def question(self) -> tuple[str, Vectors]:
        words = self._chance.choice(_VOCABULARY, size=_ASKED, p=self._weights)
        return " ".join(self._vocabulary[words]), self._vectors(1)

    def _vectors(self, count: int) -> Vectors:
        centres = self._centres[self._chance.integers(0, _CLUSTERS, count)]
        vectors = centres + 0.7 * self._chance.normal(size=centres.shape).astype(np.float32)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def fill(index: HybridIndex, corpus: Corpus, have: int, want: int) -> float:
    """Seconds."""
    started = time.perf_counter()
    step = max(min(_AT_ONCE, (want - have) // corpus.sources), 1)
    for first in range(have, want, step):
        chunks, vectors = corpus.batch(first, min(step, want - first))

        def batches(
            wanted: Collection[str], chunks: list[Chunk] = chunks, vectors: Vectors = vectors
        ) -> Iterator[tuple[list[Chunk], Vectors]]:
            yield chunks, vectors

        held = {str(first): Held("", len(chunks), tuple(chunk.id for chunk in chunks))}
        index.apply(Change(chunks[0].source, held, frozenset(), batches))
        print(f"\r{first + len(chunks):,} of {want:,} chunks", end="", flush=True)
    print("\r", end="")
    return time.perf_counter() - started


def measure(index: HybridIndex, corpus: Corpus, searches: int) -> tuple[float, float]:
    """Median and 95th percentile in ms, after a tenth as many that do not count."""
    times = []
    for number in range(searches + searches // 10):
        question, vector = corpus.question()
        started = time.perf_counter()
        index.search(question, vector, 6)
        if number >= searches // 10:
            times.append((time.perf_counter() - started) * 1000)
    return float(np.percentile(times, 50)), float(np.percentile(times, 95))


def run(folder: Path, sizes: Sequence[int], sources: int, searches: int) -> list[Row]:
    rows = []
    corpus = Corpus(sources)
    have = 0
    with HybridIndex.open(folder, embedder_name="synthetic", dimension=DIMENSION) as index:
        for size in sizes:
            seconds = fill(index, corpus, have, size)
            middle, slow = measure(index, corpus, searches)
            on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            rows.append(
                Row(size, middle, slow, (size - have) / seconds, resident_mib(), on_disk / 2**20)
            )
            have = size
    return rows


def table(rows: Sequence[Row]) -> str:
    header = ["chunks", "search p50", "p95", "p95 to first", "added/s", "resident", "on disk"]
    cells = [
        [f"{row.chunks:,}", f"{row.p50_ms:.1f} ms", f"{row.p95_ms:.1f} ms",
         f"{row.p95_ms / rows[0].p95_ms:.2f}", f"{row.added_per_s:,.0f}",
         f"{row.resident_mib:,.0f} MiB", f"{row.on_disk_mib:,.0f} MiB"]
        for row in rows
    ]  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{markdown.table(header, cells)}\n\nPeak while filling: {peak:,.0f} MiB resident."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--sources", type=int, default=1, help="that the chunks are spread over")
    parser.add_argument("--searches", type=int, default=300)
    parser.add_argument("--data", type=Path, help="folder for the index  [default: temporary]")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="glossator-scale-", dir=arguments.data) as folder:
        rows = run(Path(folder), sorted(arguments.chunks), arguments.sources, arguments.searches)
    print(table(rows))


if __name__ == "__main__":
    main()
