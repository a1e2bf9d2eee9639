"""How fast indexing is: `python -m loadtest.benchmarks.retrieval.indexing`.

There are two measurements.

*Throughput* alternates between the bare embedder, which embeds the texts of a source's chunks in
one call, and indexing the source as `glossator index` does: read, cut, judge, embed, store, and
make searchable. The ratio is how much of the embedder's speed indexing reaches. The CPU time is
given as well and includes the process that reads a package. On a busy machine only the ratio of
CPU times means something. It is the kinder one, because one core is idle while the other cuts and
stores.

*Many files* indexes a folder again without a change, and again after one change, until a search
finds it.

Limits: a separate process reads a package. The time until its first document is shown apart, but
counts as indexing, and matters more the fewer chunks there are. Loading the embedder and opening
the index are not counted. The many files are short and their vectors are random, because only their
number matters there.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from indexer.chunkers import StructureChunker
from indexer.embedder import SentenceTransformerEmbedder
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.sources import open_source
from indexer.types import Vectors
from loadtest.benchmarks.command import Study
from loadtest.experiments.machine import busy_cores
from loadtest.experiments.markdown import table

_FEW = 8  # up to so many texts, `Fast` really embeds them


class Fast:
    """Embeds a few texts for real, and gives many of them random vectors."""

    def __init__(self, real: SentenceTransformerEmbedder) -> None:
        self.name, self.dimension, self.ruler = real.name, real.dimension, real.ruler
        self._real = real
        self._chance = np.random.default_rng(1)

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) <= _FEW:
            return self._real.embed(texts)
        vectors = self._chance.normal(size=(len(texts), self.dimension)).astype(np.float32)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class _Spent:
    """Wall and CPU time from here on, with processes that this one waited for."""

    def __init__(self) -> None:
        self._wall_s = time.perf_counter()
        self._cpu_s = _cpu_s()

    def wall_s(self) -> float:
        return time.perf_counter() - self._wall_s

    def cpu_s(self) -> float:
        return _cpu_s() - self._cpu_s


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def throughput(embedder: SentenceTransformerEmbedder, source: str, passes: int) -> str:
    chunker = StructureChunker(embedder.ruler)
    started = time.perf_counter()
    documents = open_source(source).documents()
    first = next(documents)
    opening = time.perf_counter() - started
    chunks = [chunk for document in chain([first], documents) for chunk in chunker.chunks(document)]
    texts = [chunk.embedded_text for chunk in chunks]
    # An entry's headline is embedded once, and is mixed into the vectors of all its chunks.
    texts += sorted({chunk.headline for chunk in chunks} - {""})
    rows = []
    for number in range(1, passes + 1):
        bare = _Spent()
        embedder.embed(texts)
        bare_s, bare_cpu_s = bare.wall_s(), bare.cpu_s()
        with (
            tempfile.TemporaryDirectory(prefix="glossator-indexing-") as folder,
            HybridIndex.open(
                folder, embedder_name=embedder.name, dimension=embedder.dimension
            ) as opened,
        ):
            whole = _Spent()
            index(open_source(source), embedder, opened)
            whole_s, whole_cpu_s = whole.wall_s(), whole.cpu_s()
        rows.append(
            [
                str(number),
                f"{len(texts) / bare_s:.1f} texts/s",
                f"{len(texts) / whole_s:.1f} texts/s",
                f"{bare_s / whole_s:.0%}",
                f"{bare_cpu_s:.1f} s, {whole_cpu_s:.1f} s",
                f"{bare_cpu_s / whole_cpu_s:.0%}",
            ]
        )
    heads = ["pass", "bare embedder", "indexing", "share of its speed", "CPU: bare, indexing",
             "share"]  # fmt: skip
    return (
        f"{source}: {len(chunks)} chunks, {len(texts)} texts to embed; "
        f"its first document after {opening:.1f} s\n\n{table(heads, rows)}"
    )


def many_files(real: SentenceTransformerEmbedder, count: int) -> str:
    embedder = Fast(real)
    with tempfile.TemporaryDirectory(prefix="glossator-files-") as scratch:
        docs = Path(scratch, "docs")
        for number in range(count):
            folder = docs / f"{number // 100}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}.md").write_text(f"# Page {number}\n\nWords of page {number}.\n")
        with HybridIndex.open(
            Path(scratch, "index"), embedder_name=embedder.name, dimension=embedder.dimension
        ) as opened:
            first = index(open_source(str(docs)), embedder, opened)
            again = index(open_source(str(docs)), embedder, opened)
            changes = []
            for number in range(5):
                last = docs / f"{(count - 1) // 100}" / f"{count - 1}.md"
                last.write_text(f"# Changed\n\nA zebra, number {number}.\n")
                started = time.perf_counter()
                index(open_source(str(docs)), embedder, opened)
                question = f"zebra number {number}"
                found = opened.search(question, embedder.embed([question]), 1)
                changes.append(time.perf_counter() - started)
                assert f"number {number}" in found[0].chunk.text
    return (
        f"{count:,} files, {first.chunks:,} chunks. Indexed again without a change: "
        f"{again.seconds:.2f} s. After a change to one file until a search finds it: "
        f"{np.median(changes):.2f} s (slowest of five {max(changes):.2f} s), to which the watcher "
        "adds 0.2 s."
    )


def main() -> None:
    study = Study(__spec__, __doc__)
    study.add_argument(
        "--source", default="package:networkx", help="source to index (default: %(default)s)"
    )
    study.number("--passes", 2, "passes of each way")
    study.number("--files", 10_000, "how many files many are")
    arguments = study.parse_args()
    busy = busy_cores(2.0)
    embedder = SentenceTransformerEmbedder()
    embedder.embed(["warm up"] * 32)
    print(f"Before the start {busy:.2f} cores were busy.\n")
    print(throughput(embedder, arguments.source, arguments.passes))
    print()
    print(many_files(embedder, arguments.files))


if __name__ == "__main__":
    main()
