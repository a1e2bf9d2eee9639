"""Ranking must not get worse unnoticed: these are floors under the figures in docs/retrieval.md.

It runs the smallest corpus, the questions about requests, which takes seconds. A change of chunks,
words, features or weights needs an evaluation of all sets, and then higher floors.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from glossator.evaluate.retrieval import ask, read
from glossator.evaluate.retrieval_figures import SYSTEMS, Outcome, measures
from indexer.embedder import SentenceTransformerEmbedder
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.sources import open_source

QUESTIONS = Path(__file__).parents[2] / "data" / "retrieval" / "requests.jsonl"
RECALL_AT_5 = 0.96
MRR = 0.88


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Outcome]]:
    embedder = SentenceTransformerEmbedder()
    with HybridIndex.open(
        tmp_path_factory.mktemp("index"),
        embedder_name=embedder.name,
        dimension=embedder.dimension,
    ) as opened:
        index(open_source("package:requests"), embedder, opened)
        yield [ask(question, embedder, opened) for question in read(QUESTIONS)]


def test_ranking_is_as_good_as_reported(outcomes: list[Outcome]) -> None:
    _, five, _, mrr, _ = measures([outcome.ranks["ranked"] for outcome in outcomes])
    assert five >= RECALL_AT_5
    assert mrr >= MRR


def test_ranking_loses_nothing_that_a_part_of_it_finds(outcomes: list[Outcome]) -> None:
    """Nothing is lost among the first five, and hardly anything in mean reciprocal rank, on sixty
    questions.
    """
    found = {
        system: measures([outcome.ranks[system] for outcome in outcomes]) for system in SYSTEMS
    }
    for part in ("dense", "lexical", "fused"):
        assert found["ranked"][1] >= found[part][1]
        assert found["ranked"][3] >= found[part][3] - 0.01


def test_names_come_first(outcomes: list[Outcome]) -> None:
    """An entry that is looked up by its exact name comes first."""
    named = [outcome for outcome in outcomes if outcome.asked.origin == "name"]
    assert measures([outcome.ranks["ranked"] for outcome in named])[0] == 1
