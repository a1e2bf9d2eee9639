"""The whole indexer on real documentation with the real model: questions find their entries."""

from collections.abc import Iterator

import pytest

from indexer.embedder import SentenceTransformerEmbedder
from indexer.pipeline import index
from indexer.sources import open_source
from indexer.store import ChromaStore


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture(scope="module")
def store(
    tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder
) -> Iterator[ChromaStore]:
    with ChromaStore.open(
        tmp_path_factory.mktemp("index"),
        embedder_name=embedder.name,
        dimension=embedder.dimension,
    ) as opened:
        for spec in ("package:numpy.fft", "package:numpy.linalg"):
            index(open_source(spec), embedder, opened)
        yield opened


@pytest.mark.parametrize(
    ("question", "symbol", "within"),
    [
        ("how do I run an FFT on my data?", "numpy.fft.fft", 3),
        ("how do I compute the inverse FFT of a real signal?", "numpy.fft.irfft", 2),
        ("frequency bins of an FFT", "numpy.fft.fftfreq", 2),
        ("shift zero frequency to the center", "numpy.fft.fftshift", 2),
        ("solve a linear system", "numpy.linalg.solve", 1),
        ("invert a matrix", "numpy.linalg.inv", 1),
        ("least squares solution", "numpy.linalg.lstsq", 1),
    ],
)
def test_question_finds_its_entry(
    store: ChromaStore,
    embedder: SentenceTransformerEmbedder,
    question: str,
    symbol: str,
    within: int,
) -> None:
    """Within the first passages stands the entry a NumPy user would point at."""
    passages = store.search(embedder.embed([question]), within)
    assert symbol in [passage.chunk.symbol for passage in passages]
