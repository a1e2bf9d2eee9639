"""The index that measurements of size fill is a real one, and always the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.index.search import HybridIndex
from loadtest.benchmarks.models import synthetic_index
from loadtest.benchmarks.models.synthetic_index import DIMENSION, NAME, Corpus, fill


@pytest.fixture
def index(tmp_path: Path) -> Iterator[HybridIndex]:
    with HybridIndex.open(tmp_path, embedder_name=NAME, dimension=DIMENSION) as opened:
        yield opened


def test_the_corpus_is_the_same_in_every_run() -> None:
    one, two = Corpus(), Corpus()
    assert one.chunks("p", 20, 3) == two.chunks("p", 20, 3)
    assert (one.vectors(20, 3) == two.vectors(20, 3)).all()
    assert one.question()[0] == two.question()[0]


def test_chunks_are_spread_over_the_sources(index: HybridIndex) -> None:
    assert fill(index, Corpus(), 38, 4) is not None
    counts = {source: len(index.ids(source)) for source in index.sources()}
    assert counts == {"package:p0": 10, "package:p1": 10, "package:p2": 10, "package:p3": 8}


def test_a_stopped_fill_goes_on(index: HybridIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was added by complete runs stays, and is not added again."""
    monkeypatch.setattr(synthetic_index, "_RUN", 10)
    corpus, made = Corpus(), 0
    vectors = corpus.vectors

    def stopping(first: int, count: int) -> object:
        nonlocal made
        made += 1
        if made == 3:
            raise KeyboardInterrupt
        return vectors(first, count)

    monkeypatch.setattr(corpus, "vectors", stopping)
    with pytest.raises(KeyboardInterrupt):
        fill(index, corpus, 40, 1)
    assert index.count() == 20
    assert fill(index, corpus, 40, 1) is None
    assert (index.count(), made) == (40, 5)


def test_a_question_finds_the_chunk_that_has_its_words(index: HybridIndex) -> None:
    corpus = Corpus()
    fill(index, corpus, 30, 1)
    chunk = corpus.chunks("package:p0", 0, 30)[17]
    found = index.search(chunk.text, corpus.vectors(0, 30)[17], 1)
    assert [passage.chunk for passage in found] == [chunk]
