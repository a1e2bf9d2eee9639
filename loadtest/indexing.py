"""How fast indexing is: `python -m loadtest.indexing`.

Two measurements. *Throughput*: the texts of a source's chunks, embedded by the bare embedder in one
call, and the source indexed as `glossator index` does (read, cut, judged, embedded, stored, made
searchable), in turns; the ratio is what indexing reaches of the embedder's speed. *Many files*: a
folder of files indexed again without a change, and after one change until a search finds it.

Limits: a package is read by a process of its own, whose start (a second or two) counts as indexing
and weighs the more the fewer chunks there are. The many files are short, and their vectors are
random, for nothing but their number matters there.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexer.chunkers import StructureChunker
from indexer.embedder import SentenceTransformerEmbedder
from indexer.pipeline import index
from indexer.search import HybridIndex
from indexer.sources import open_source
from indexer.types import Vectors

_FEW = 64  # texts that are embedded in earnest while files are many


class Fast:
    """A real embedder for a few texts, random directions for many."""

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


def throughput(embedder: SentenceTransformerEmbedder, source: str, passes: int) -> str:
    chunker = StructureChunker(embedder.ruler)
    chunks = [
        chunk for document in open_source(source).documents() for chunk in chunker.chunks(document)
    ]
    texts = [chunk.embedded_text for chunk in chunks]
    # An entry's headline is embedded once and drawn into the vectors of all its chunks.
    texts += sorted({chunk.headline for chunk in chunks} - {""})
    lines = [
        f"{source}: {len(chunks)} chunks, {len(texts)} texts to embed",
        "",
        "| pass | bare embedder | indexing | share of its speed |",
        "|---|---|---|---|",
    ]
    for number in range(1, passes + 1):
        started = time.perf_counter()
        embedder.embed(texts)
        bare = time.perf_counter() - started
        with (
            tempfile.TemporaryDirectory(prefix="glossator-indexing-") as folder,
            HybridIndex.open(
                folder, embedder_name=embedder.name, dimension=embedder.dimension
            ) as opened,
        ):
            whole = index(open_source(source), embedder, opened).seconds
        lines.append(
            f"| {number} | {len(texts) / bare:.1f} texts/s | {len(texts) / whole:.1f} texts/s "
            f"| {bare / whole:.0%} |"
        )
    return "\n".join(lines)


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="package:networkx")
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--files", type=int, default=10_000)
    arguments = parser.parse_args()
    embedder = SentenceTransformerEmbedder()
    embedder.embed(["warm up"] * 32)
    print(throughput(embedder, arguments.source, arguments.passes))
    print()
    print(many_files(embedder, arguments.files))


if __name__ == "__main__":
    main()
