"""Citations: numbered by first appearance, one for each place."""

from backend.retrieval.citing import cite
from indexer.types import Chunk, Passage


def passage(title, line=1):
    return Passage(Chunk(source="s", uri="file:///a", title=title, text="text", line=line), 0.5)


def test_passages_of_one_place_share_a_citation():
    citations, numbers = cite([passage("a"), passage("b", line=2), passage("a")])

    assert [citation.title for citation in citations] == ["a", "b"]
    assert numbers == (1, 2, 1)
