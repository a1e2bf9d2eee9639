"""The measurement of indexing, on few files."""

import pytest

from indexer.embedder import SentenceTransformerEmbedder
from loadtest.benchmarks.retrieval.indexing import many_files, throughput


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


def test_a_change_is_found_and_what_did_not_change_is_counted(
    embedder: SentenceTransformerEmbedder,
) -> None:
    said = many_files(embedder, 250)
    assert said.startswith("250 files, 250 chunks.")


def test_both_speeds_stand_side_by_side(embedder: SentenceTransformerEmbedder) -> None:
    said = throughput(embedder, "package:websockets.exceptions", passes=1)
    assert "| 1 |" in said.splitlines()[-1]
    assert said.splitlines()[-1].count("texts/s") == 2
