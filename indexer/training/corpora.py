"""The packages that everything is trained on, which no evaluation uses, and how a training runs."""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from indexer.embedder import SentenceTransformerEmbedder
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.sources import open_source

CORPORA = (
    "package:scipy.ndimage",
    "package:scipy.spatial",
    "package:scipy.integrate",
    "package:scipy.interpolate",
    "package:scipy.linalg",
    "package:scipy.signal",
    "package:sklearn.cluster",
    "package:sklearn.linear_model",
    "package:sklearn.metrics",
    "package:sklearn.preprocessing",
    "package:jinja2",
    "package:websockets",
)


def folders(about: str | None, weights: Path) -> tuple[Path, Path]:
    """What a training is told on the command line: where its index is, and where weights go."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, required=True, help="folder for the index; kept")
    parser.add_argument("--out", type=Path, default=weights, help="where the weights go")
    arguments = parser.parse_args()
    return arguments.data, arguments.out


@contextmanager
def indexed(
    data: Path, embedder: SentenceTransformerEmbedder, *, ranked: bool
) -> Iterator[HybridIndex]:
    """An index of all corpora."""
    with HybridIndex.open(
        data,
        embedder_name=embedder.name,
        dimension=embedder.dimension,
        ranked=ranked,
        tokens=embedder.tokens,
    ) as opened:
        for corpus in CORPORA:
            index(open_source(corpus), embedder, opened)
        yield opened


def write(out: Path, questions: int, weights: Mapping[str, object]) -> None:
    text = json.dumps({"trained_on": CORPORA, "questions": questions, "weights": weights}, indent=1)
    out.write_text(text + "\n", "utf-8")
