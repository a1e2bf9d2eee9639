"""Which errors of Chroma a search waits for, and which ones it raises."""

import pytest

from indexer.index.chroma import asked
from indexer.types import IndexerError

# `chroma run` 1.5 gives this answer for 60% of collections that are searched during the first
# write.
NO_GRAPH_YET = "Error creating hnsw segment reader: Nothing found on disk"


def failing(times: int, message: str):
    left = [message] * times

    def question(**terms: object) -> object:
        if left:
            raise RuntimeError(left.pop())
        return terms

    return question


def test_a_graph_that_is_just_being_written_is_waited_for():
    assert asked(failing(3, NO_GRAPH_YET), ids=["a"]) == {"ids": ["a"]}


def test_a_graph_that_never_comes_is_an_error():
    with pytest.raises(IndexerError, match="Nothing found on disk"):
        asked(failing(99, NO_GRAPH_YET))


def test_any_other_failure_is_one_at_once():
    with pytest.raises(IndexerError, match="no such thing"):
        asked(failing(1, "no such thing"))


def test_a_collection_that_is_gone_holds_nothing():
    assert asked(failing(1, "Collection x does not exist")) is None
