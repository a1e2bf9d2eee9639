"""Fits the projection of token vectors: ``python -m indexer.training.project_tokens``.

It embeds chunks of the packages that the ranker is trained on, and keeps the principal directions
of their tokens. The same packages and model give the same file.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from indexer.chunkers import StructureChunker
from indexer.embedder import SentenceTransformerEmbedder
from indexer.ranking.late import Matrix, at
from indexer.sources import open_source
from indexer.training.corpora import CORPORA

DIRECTIONS = 64
_CHUNKS = 150  # of each package
_TOKENS = 60_000  # more do not change the directions


def fitted(states: Matrix, directions: int) -> Matrix:
    """The directions as columns, and below them the offset; ``states`` has a unit row per token."""
    mean = states.mean(axis=0)
    spread = (states - mean).T @ (states - mean)
    _, vectors = np.linalg.eigh(spread.astype(np.float64))
    chosen = vectors[:, ::-1][:, :directions]
    # The sign of a direction is arbitrary: its largest component is positive here.
    largest = np.abs(chosen).argmax(axis=0)
    chosen = chosen * np.sign(chosen[largest, np.arange(directions)])
    return np.vstack([chosen, mean @ chosen]).astype(np.float32)


def texts(corpora: Sequence[str]) -> Iterator[str]:
    for corpus in corpora:
        chunker = StructureChunker()
        chunks = [
            chunk.embedded_text
            for document in open_source(corpus).documents()
            for chunk in chunker.chunks(document)
        ]
        chance = random.Random(corpus)
        yield from chance.sample(chunks, min(len(chunks), _CHUNKS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="bundled", help="embedding model (%(default)s)")
    parser.add_argument("--directions", type=int, default=DIRECTIONS, help="%(default)s")
    parser.add_argument("--out", type=Path, help="file; by default that of the model")
    arguments = parser.parse_args()
    embedder = SentenceTransformerEmbedder(arguments.model)
    states = np.concatenate([embedder.token_states(text) for text in texts(CORPORA)])
    chosen = np.random.default_rng(1).permutation(len(states))[:_TOKENS]
    rows = fitted(states[chosen], arguments.directions)
    np.save(arguments.out or at(embedder.name), rows.astype(np.float16))
    print(f"{len(states)} tokens, {len(chosen)} of them fitted, {rows.shape[1]} directions")


if __name__ == "__main__":
    main()
