"""Embedding a run: ahead of what is kept, and drawn towards the headline of each entry."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexer.embedding import BATCH, HEADLINE
from indexer.index.journal import Journal
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.types import (
    Document,
    Embedder,
    IndexerError,
    Vectors,
)
from tests.fixtures.index import Pages

PAGES = 4 * BATCH


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HybridIndex]:
    with HybridIndex.open(tmp_path / "index", embedder_name="words", dimension=64) as opened:
        yield opened


def test_searches_do_not_wait_for_a_long_embedding(
    store: HybridIndex, word_embedder: Embedder
) -> None:
    """The store is free while a batch is embedded."""
    searched: list[bool] = []

    class Searching:
        name, dimension = word_embedder.name, word_embedder.dimension

        def embed(self, batch: list[str]) -> Vectors:
            searched.append(bool(store.search("other", word_embedder.embed(["other"]), 1)))
            return word_embedder.embed(batch)

    embedder: Embedder = Searching()  # type: ignore[assignment]
    index(Pages(["other"]), word_embedder, store)
    index(Pages([f"page {i}" for i in range(2 * BATCH)]), embedder, store)
    assert searched == [True, True]


def test_the_embedder_has_the_next_batch_before_one_is_kept(
    store: HybridIndex, word_embedder: Embedder
) -> None:
    """Each of two batches is embedded only once the other one is being embedded, too."""
    both = threading.Barrier(2)

    class Waiting:
        name, dimension = word_embedder.name, word_embedder.dimension

        def embed(self, batch: list[str]) -> Vectors:
            both.wait(60)
            return word_embedder.embed(batch)

    embedder: Embedder = Waiting()  # type: ignore[assignment]
    report = index(Pages([f"page {i}" for i in range(2 * BATCH)]), embedder, store)
    assert report.added == 2 * BATCH


def test_batches_that_fail_end_the_run_with_what_was_kept_before(
    store: HybridIndex, word_embedder: Embedder
) -> None:
    class Failing:
        name, dimension = word_embedder.name, word_embedder.dimension

        def embed(self, batch: list[str]) -> Vectors:
            if any("page 0" in text for text in batch):
                raise IndexerError("the model is gone")
            return word_embedder.embed(batch)

    failing: Embedder = Failing()  # type: ignore[assignment]
    pages = Pages([f"page {i}" for i in range(PAGES)])
    with pytest.raises(IndexerError, match="the model is gone"):
        index(pages, failing, store)
    with closing(Journal.open(store.staging, "pages", "words")) as journal:
        assert 0 < journal.lacking < PAGES
    assert index(pages, word_embedder, store).added == PAGES


@pytest.mark.parametrize("remembered", [20_000, 0])
def test_a_headline_is_drawn_into_all_chunks_of_its_entry(
    store: HybridIndex,
    word_embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
    remembered: int,
) -> None:
    """It does not matter in which batch they are. A headline is embedded once, or again after too
    many.
    """
    monkeypatch.setattr("indexer.embedding._HEADLINES", remembered)
    text = "Transforms.\n\n" + "\n\n".join(f"Paragraph {i}. " + "x " * 450 for i in range(200))

    class One:
        name = "package:p"

        def documents(self) -> Iterator[Document]:
            yield Document(self.name, "file:///p.py", "p.f", text, "function", symbol="p.f")

    index(One(), word_embedder, store)
    kept = list(store.export("package:p"))
    chunks = [chunk for some, _ in kept for chunk in some]
    assert len(chunks) > 2 * BATCH
    (headline,) = word_embedder.embed([chunks[0].headline])
    own = word_embedder.embed([chunk.embedded_text for chunk in chunks])
    drawn = (1 - HEADLINE) * own + HEADLINE * headline
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    vectors = np.concatenate([some for _, some in kept])
    np.testing.assert_allclose(vectors, drawn, atol=1e-5)
    asked = word_embedder.embedded.count(chunks[0].headline) - 1  # type: ignore[attr-defined]
    assert asked == (1 if remembered else -(-len(chunks) // BATCH))


def test_an_entry_is_found_by_what_it_is_for(store: HybridIndex, word_embedder: Embedder) -> None:
    """Its headline weighs more than a long description that shares more words with a question."""
    noise = "fast transform of real data " * 5
    entries = {"p.irfft": f"Inverse transform.\n\n{noise}", "p.other": f"Something.\n\n{noise}"}

    class Entries:
        name = "package:p"

        def documents(self) -> Iterator[Document]:
            for symbol, text in entries.items():
                yield Document(self.name, "file:///p.py", symbol, text, "function", symbol=symbol)

    index(Entries(), word_embedder, store)
    best, other = store.search("inverse transform", word_embedder.embed(["inverse transform"]), 2)
    assert (best.chunk.symbol, other.chunk.symbol) == ("p.irfft", "p.other")
    assert best.score > other.score + 0.2
