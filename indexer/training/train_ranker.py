"""Trains the ranker: ``python -m indexer.training.train_ranker`` writes ``ranker.json``.

It indexes installed packages that no evaluation uses, and makes questions from their documentation
(``indexer.training.questions``). Then it fits the weights, so that the entry a question was made
from comes first among the results of both searches. For every package it prints how a ranker that
never saw the package does, compared with plain fusion.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.embedder import SentenceTransformerEmbedder
from indexer.index.search import HybridIndex
from indexer.ranking.ranker import (
    FEATURES,
    FUSED,
    WEIGHTS,
    Features,
    Scores,
    features,
    fuse,
    fusion,
    given,
)
from indexer.ranking.words import terms
from indexer.sources import open_source
from indexer.training.corpora import CORPORA, folders, indexed, write
from indexer.training.questions import Question, questions
from indexer.types import Embedder, ask

WRITTEN = Path(__file__).with_name("written.jsonl")
# Questions of a package per origin. Few of them repeat indexed text, because such questions teach
# that an answer contains all words of its question.
_PER_ORIGIN = {"listed": 200, "see_also": 200, "summary": 50, "body": 20}
_REPEATED = {"summary", "body"}
# How much a question counts. What users might type counts most; questions without the entry's name
# count least.
_WORTH = {"written": 10.0, "listed": 5.0, "see_also": 5.0, "summary": 1.0, "body": 1.0}
_MASKED_WORTH = 0.5
_DECAY = 1e-3  # weight decay: a factor on the squared weights, per question
_STEPS = 600


@dataclass(frozen=True, slots=True)
class Example:
    """The candidates of one question in the order of fusion, and which of them answer it."""

    corpus: str
    rows: Features
    fused: Scores
    given: Scores
    right: npt.NDArray[np.bool_]
    worth: float = 1.0


def train(examples: Sequence[Example]) -> npt.NDArray[np.float64]:
    """The weights that make right candidates most likely to come first (a softmax per question).

    The share of fusion is fixed during the fit, and that of members is left out. Fitting around
    members would rank entries lower when the question repeats their description.
    """
    rows = np.concatenate([example.rows for example in examples])
    fused = FUSED * np.concatenate([example.fused for example in examples])
    right = np.concatenate([example.right for example in examples])
    starts = np.cumsum([0, *(len(example.right) for example in examples[:-1])])
    of = np.repeat(np.arange(len(examples)), [len(example.right) for example in examples])
    worth = np.array([example.worth for example in examples])
    worth = (worth / worth.sum())[of]
    scale = rows.std(axis=0) + 1e-9
    scaled = rows / scale

    weights = np.zeros(len(FEATURES))
    momentum, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, _STEPS + 1):
        scores = scaled @ weights + fused
        scores = np.exp(scores - np.maximum.reduceat(scores, starts)[of])
        share = scores / np.add.reduceat(scores, starts)[of]
        good = np.where(right, scores, 0.0)
        wanted = good / np.add.reduceat(good, starts)[of]
        gradient = (worth * (share - wanted)) @ scaled + 2 * _DECAY * weights
        momentum = 0.9 * momentum + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        bias = np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights -= 0.05 * bias * momentum / (np.sqrt(square) + 1e-9)
    fitted: npt.NDArray[np.float64] = weights / scale
    return fitted


def reciprocal_rank(example: Example, weights: npt.NDArray[np.float64] | None) -> float:
    """The reciprocal rank of the first right candidate; without weights, in the order of fusion."""
    places = example.right
    if weights is not None:
        scores = example.rows @ weights + example.given
        places = places[np.argsort(-scores, kind="stable")]
    return 1.0 / (1 + int(np.argmax(places)))


def asked(corpus: str) -> list[tuple[Question, float]]:
    """The questions on a package with their weights, the same ones in every run.

    Where a question repeats indexed text, only some of its words are used. Of the descriptions in
    other words, half are used unchanged.
    """
    chance = random.Random(corpus)
    documents = list(open_source(corpus).documents())
    found: list[tuple[Question, float]] = []
    for mask in (False, True):
        made = questions(documents, mask=mask)
        for origin, count in _PER_ORIGIN.items():
            if mask and origin not in _REPEATED:
                continue
            some = [each for each in made if each.origin == origin]
            for question in chance.sample(some, min(len(some), count)):
                if origin in _REPEATED or chance.random() < 0.5:
                    question = shortened(question, chance)
                found.append((question, _MASKED_WORTH if mask else _WORTH[origin]))
    return found + [(each, _WORTH["written"]) for each in written(corpus)]


def written(corpus: str) -> list[Question]:
    """The hand-written questions whose first answer is in the package."""
    rows = [json.loads(line) for line in WRITTEN.read_text("utf-8").splitlines()]
    package = corpus.partition(":")[2]
    return [
        Question(row["question"], tuple(row["expected"]), "written")
        for row in rows
        if row["expected"][0].startswith(f"{package}.")
    ]


def shortened(question: Question, chance: random.Random) -> Question:
    """Three to six content words of a question, because people ask in fewer words than authors
    write.
    """
    words = [word for word in question.text.split() if terms(word)]
    chosen = sorted(chance.sample(range(len(words)), min(len(words), chance.randint(3, 6))))
    return replace(question, text=" ".join(words[i] for i in chosen))


def examples(corpora: Sequence[str], opened: HybridIndex, embedder: Embedder) -> Iterator[Example]:
    """The questions whose answer was found at all."""
    for corpus in corpora:
        for question, worth in asked(corpus):
            found = opened.find(question.text, ask(embedder, question.text))
            candidates = fuse(found.candidates)
            right = np.array([each.card.symbol in question.expected for each in candidates])
            if right.any():
                rows = features(found.question, candidates)
                yield Example(corpus, rows, fusion(candidates), given(candidates), right, worth)


def main() -> None:
    data, out = folders(__doc__, WEIGHTS)
    embedder = SentenceTransformerEmbedder()
    with indexed(data, embedder, ranked=False) as opened:
        found = list(examples(CORPORA, opened, embedder))

    print(f"{'held out':32}{'questions':>10}{'fused MRR':>11}{'ranked MRR':>12}")
    for corpus in CORPORA:
        held = [example for example in found if example.corpus == corpus]
        weights = train([example for example in found if example.corpus != corpus])
        fused = np.mean([reciprocal_rank(example, None) for example in held])
        ranked = np.mean([reciprocal_rank(example, weights) for example in held])
        print(f"{corpus:32}{len(held):10}{fused:11.3f}{ranked:12.3f}")
    weights = train(found)
    rounded = {
        name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)
    }
    write(out, len(found), rounded)


if __name__ == "__main__":
    main()
