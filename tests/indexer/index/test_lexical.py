"""What tantivy finds by words."""

from collections.abc import Iterator

import pytest

from indexer.index.lexical import LexicalIndex
from indexer.ranking.words import terms
from indexer.types import Chunk


@pytest.fixture
def lexical() -> Iterator[LexicalIndex]:
    index = LexicalIndex()
    index.add(
        [
            Chunk("s", "u", "dumps", "Serialize it.", symbol="json.dumps", summary="Serialize it.",
                  breadcrumb="library › json — encoder and decoder › json.dumps"),
            Chunk("s", "u", "loads", "Parse it. " + "Much else is said here. " * 20,
                  symbol="json.loads"),
            Chunk("s", "u", "mail", "Loads mail.", symbol="mail.fetch"),
        ]
    )  # fmt: skip
    index.commit("first")
    yield index
    index.close()


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("serialization", "json.dumps"),  # which it says in another form
        ("encoding", "json.dumps"),  # of which only its place speaks
        ("loads", "mail.fetch"),  # as good in a text as in a name, and the text is shorter
    ],
)
def test_words_find_by_their_relatives_wherever_they_stand(
    lexical: LexicalIndex, question: str, first: str
) -> None:
    found = lexical.search(terms(question), 10)
    assert found[0][0].symbol == first
