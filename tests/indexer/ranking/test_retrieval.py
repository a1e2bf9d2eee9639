"""The whole indexer on real documentation with the real model: questions find their entries."""

from collections.abc import Iterator

import pytest

from indexer.embedder import SentenceTransformerEmbedder
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.sources import open_source
from indexer.types import Document

PARTS = ("numpy.fft", "numpy.linalg")
# Answers of the questions below, and what is easily taken for them.
OTHERS = {
    "numpy.argsort", "numpy.argwhere", "numpy.invert", "numpy.lexsort", "numpy.ma.where",
    "numpy.ndarray.sort", "numpy.random.Generator", "numpy.random.Generator.normal",
    "numpy.random.Generator.lognormal", "numpy.random.Generator.standard_normal",
    "numpy.searchsorted", "numpy.sort", "numpy.sort_complex", "numpy.where",
}  # fmt: skip


class PartOfNumPy:
    """A ``Source``: two modules, and some entries of others; all of NumPy takes minutes."""

    name = "package:numpy"

    def documents(self) -> Iterator[Document]:
        found = {document.symbol: document for document in open_source(self.name).documents()}
        assert set(found) >= OTHERS
        for symbol, document in found.items():
            if symbol.rpartition(".")[0] in PARTS or symbol in {*PARTS, *OTHERS}:
                yield document


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture(scope="module")
def opened(
    tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder
) -> Iterator[HybridIndex]:
    with HybridIndex.open(
        tmp_path_factory.mktemp("index"),
        embedder_name=embedder.name,
        dimension=embedder.dimension,
    ) as opened:
        index(PartOfNumPy(), embedder, opened)
        yield opened


@pytest.mark.parametrize(
    ("question", "symbol", "within"),
    [
        ("how do I run an FFT on my data?", "numpy.fft.fft", 1),
        ("how do I compute the inverse FFT of a real signal?", "numpy.fft.irfft", 2),
        ("frequency bins of an FFT", "numpy.fft.fftfreq", 1),
        ("shift zero frequency to the center", "numpy.fft.fftshift", 1),
        ("how do I sort an array?", "numpy.sort", 2),
        ("solve a linear system", "numpy.linalg.solve", 1),
        ("invert a matrix", "numpy.linalg.inv", 2),
        ("least squares solution", "numpy.linalg.lstsq", 1),
        ("draw samples from a normal distribution", "numpy.random.Generator.normal", 2),
        ("what does np.where do", "numpy.where", 1),
        ("np.fft.irfft", "numpy.fft.irfft", 1),
        ("how do I use rfft?", "numpy.fft.rfft", 1),
        ("parameters of ndarray.sort", "numpy.ndarray.sort", 1),
    ],
)
def test_question_finds_its_entry(
    opened: HybridIndex,
    embedder: SentenceTransformerEmbedder,
    question: str,
    symbol: str,
    within: int,
) -> None:
    """Within the first passages stands the entry a NumPy user would point at."""
    passages = opened.search(question, embedder.embed([question]), within)
    assert symbol in [passage.chunk.symbol for passage in passages]
