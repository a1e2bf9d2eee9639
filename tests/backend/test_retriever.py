"""The retriever keeps its budget and maps what goes wrong."""

import threading

import numpy as np
import pytest

from backend.errors import Unavailable
from backend.retriever import IndexRetriever
from indexer.types import Chunk, Passage

PASSAGE = Passage(Chunk(source="s", uri="u", title="t", text="x"), 0.5)


class Embedder:
    name = "one"
    dimension = 1

    def embed(self, texts):
        return np.ones((len(texts), 1), dtype=np.float32)


class Index:
    """The part of an index that a search touches."""

    dataset = "v1"

    def __init__(self, search):
        self._search = search

    def search(self, vector, limit, sources=None, **more):
        return self._search()


@pytest.fixture
def retriever():
    made = []

    def make(search):
        made.append(IndexRetriever(Embedder(), Index(search)))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def test_what_is_found_carries_the_version_of_the_index(retriever):
    found = await retriever(lambda: [PASSAGE]).search("q", None, limit=3, budget_ms=5000)
    assert (found.passages, found.dataset, found.late) == ((PASSAGE,), "v1", False)


async def test_a_search_over_its_budget_returns_nothing_and_says_so(retriever):
    release = threading.Event()
    found = await retriever(lambda: release.wait(10) and [PASSAGE]).search(
        "q", None, limit=3, budget_ms=20
    )
    release.set()
    assert (found.passages, found.late) == ((), True)


async def test_a_broken_index_is_unavailable(retriever):
    def broken():
        raise OSError("disk gone")

    with pytest.raises(Unavailable, match="disk gone"):
        await retriever(broken).search("q", None, limit=3, budget_ms=5000)
