"""Trains the answerability: ``python -m indexer.training.train_answerable --data DIR``.

It writes ``answerable.json``. The questions are those that the ranker is trained on. Each is asked
of the package that it is about, where something answers it, and of another package, where nothing
does. It prints how well a model tells them apart that has not seen the project.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.embedder import SentenceTransformerEmbedder
from indexer.index.search import HybridIndex
from indexer.ranking.answerable import SIGNALS, WEIGHTS, Signals, signals
from indexer.training.corpora import CORPORA, folders, indexed, write
from indexer.training.train_ranker import asked
from indexer.types import Embedder, Scope, ask

_MOST = 90  # questions of a package, spread evenly over all of them
_DECAY = 1e-3  # a factor on the squared weights of scaled signals, per question
_STEPS = 400
_LATE = [i for i, name in enumerate(SIGNALS) if name == "late"]


@dataclass(frozen=True, slots=True)
class Example:
    project: str
    signals: Signals
    answered: bool
    worth: float


def project(corpus: str) -> str:
    return corpus.removeprefix("package:").partition(".")[0]


def foreign(corpus: str, number: int) -> str:
    """A package that the question is not about, another one for each question in turn. Parts of the
    same project are among them, so that some of these questions are from the field.
    """
    others = [each for each in CORPORA if each != corpus]
    return others[number % len(others)]


def examples(opened: HybridIndex, embedder: Embedder) -> Iterator[Example]:
    for corpus in CORPORA:
        every = asked(corpus)
        for number, (question, worth) in enumerate(every[:: -(-len(every) // _MOST)]):
            query = ask(embedder, question.text)
            for scope in (corpus, foreign(corpus, number)):
                found = opened.find(question.text, query, Scope((scope,)))
                order = opened.ordered(found)
                answered = any(each.card.symbol in question.expected for each in order[:10])
                if answered or scope != corpus:
                    row = signals(found.question, order)
                    yield Example(project(corpus), row, answered and scope == corpus, worth)


def train(rows: Sequence[Example]) -> npt.NDArray[np.float64]:
    """Bias and weights of a logistic regression; both kinds of question count the same in all."""
    found = np.stack([each.signals for each in rows])
    answered = np.array([each.answered for each in rows])
    worth = np.array([each.worth for each in rows])
    worth = np.where(answered, worth / worth[answered].sum(), worth / worth[~answered].sum()) / 2
    mean, scale = found.mean(axis=0), found.std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(found)), (found - mean) / scale])
    weights = np.zeros(scaled.shape[1])
    for _ in range(_STEPS):  # Newton's method would do in ten, and fails where classes separate
        chance = 1 / (1 + np.exp(-(scaled @ weights)))
        gradient = (worth * (chance - answered)) @ scaled + _DECAY * weights
        weights -= 4.0 * gradient
        weights[1:] = np.maximum(weights[1:], 0.0)  # no signal may speak against an answer
    plain = weights[1:] / scale
    return np.concatenate([[weights[0] - plain @ mean], plain])


def auc(scores: npt.NDArray[np.float64], answered: npt.NDArray[np.bool_]) -> float:
    """How likely an answered question scores higher than one that is not."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(1, len(scores) + 1)
    good = int(answered.sum())
    return float((ranks[answered].sum() - good * (good + 1) / 2) / (good * (len(scores) - good)))


def without_late(rows: Sequence[Example]) -> list[Example]:
    kept = []
    for each in rows:
        row = each.signals.copy()
        row[_LATE] = 0.0
        kept.append(Example(each.project, row, each.answered, each.worth))
    return kept


def main() -> None:
    data, out = folders(__doc__, WEIGHTS)
    embedder = SentenceTransformerEmbedder()
    with indexed(data, embedder, ranked=True) as opened:
        found = list(examples(opened, embedder))
    trained = {}
    for name, rows in (("with_late", found), ("without_late", without_late(found))):
        for held in dict.fromkeys(project(corpus) for corpus in CORPORA):
            weights = train([each for each in rows if each.project != held])
            tried = [each for each in rows if each.project == held]
            scores = np.array([weights[0] + weights[1:] @ each.signals for each in tried])
            figure = auc(scores, np.array([each.answered for each in tried]))
            print(f"{name:14}{held:12}{len(tried):6} questions, AUC {figure:.3f}")
        names = ("bias", *SIGNALS)
        weights = train(rows)
        trained[name] = {
            each: round(float(weight), 4) for each, weight in zip(names, weights, strict=True)
        }
    write(out, len(found), trained)


if __name__ == "__main__":
    main()
