"""The retriever keeps its budget and maps what goes wrong."""

import asyncio
import threading

import numpy as np
import pytest

from backend.errors import Unavailable
from backend.retrieval.retriever import IndexRetriever
from indexer.types import EVERYWHERE, Chunk, Passage, Results

PASSAGE = Passage(Chunk(source="s", uri="u", title="t", text="x"), 0.5)


class Embedder:
    name = "one"
    dimension = 1

    def embed(self, texts):
        return np.ones((len(texts), 1), dtype=np.float32)


class Index:
    """The part of an index that a search touches."""

    dataset = "v1"

    def sources(self):
        return ("s",)

    def __init__(self, search):
        self._search = search

    def results(self, question, query, limit, scope):
        return Results(tuple(self._search()), 0.7)

    def lookup(self, symbol, limit, scope):
        return [PASSAGE] if symbol == "known" else 1 / 0


@pytest.fixture
def retriever():
    made = []

    def make(search, **more):
        made.append(IndexRetriever(Embedder(), Index(search), **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def test_what_is_found_carries_the_version_of_the_index(retriever):
    found = await retriever(lambda: [PASSAGE]).search("q", EVERYWHERE, limit=3, budget_ms=5000)
    assert (found.passages, found.dataset, found.late) == ((PASSAGE,), "v1", False)
    assert found.answerable == 0.7


async def test_what_the_topic_rail_needs_comes_with_the_passages(retriever):
    """The best cosine, the cosine to every subject, and what could have been asked."""
    searching = retriever(lambda: [PASSAGE], subjects=["cooking", "cooking", "numpy"])
    found = await searching.search("q", EVERYWHERE, limit=3, budget_ms=5000)
    assert (found.similarity, found.subjects) == (0.5, {"cooking": 1.0, "numpy": 1.0})
    assert found.sources == ("s",)


async def test_an_empty_index_has_no_similarity(retriever):
    found = await retriever(list).search("q", EVERYWHERE, limit=3, budget_ms=5000)
    assert (found.similarity, found.subjects) == (None, {})


async def test_a_search_over_its_budget_returns_nothing_and_says_so(retriever):
    release = threading.Event()
    found = await retriever(lambda: release.wait(120) and [PASSAGE]).search(
        "q", EVERYWHERE, limit=3, budget_ms=20
    )
    release.set()
    assert (found.passages, found.late) == ((), True)


async def test_a_broken_index_is_unavailable(retriever):
    def broken():
        raise OSError("disk gone")

    with pytest.raises(Unavailable, match="disk gone"):
        await retriever(broken).search("q", EVERYWHERE, limit=3, budget_ms=5000)


async def test_a_lookup_does_not_wait_for_a_search(retriever):
    """Inline help has a few hundred milliseconds; an embedding before it may take them all."""
    release = threading.Event()

    def search():
        release.wait(120)
        return []

    slow = retriever(search)
    searching = asyncio.create_task(slow.search("q", EVERYWHERE, limit=3, budget_ms=9000))
    try:
        async with asyncio.timeout(30):
            assert await slow.lookup("known", EVERYWHERE, 3) == [PASSAGE]
        with pytest.raises(Unavailable, match="could not be searched"):
            await slow.lookup("unknown", EVERYWHERE, 3)
    finally:
        release.set()
        await searching
