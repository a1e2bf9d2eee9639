"""`glossator eval retrieval`: measures how well each part of the search answers questions.

What a file holds says ``glossator.evaluate.questions``. A question that expects nothing has no
answer in the corpus, and is not counted.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from backend.deploy import build
from backend.deploy.upkeep.declaring import opened
from backend.errors import StartupFailed
from backend.settings import load
from glossator.evaluate import questions
from glossator.evaluate.expected import Expected, is_place
from glossator.evaluate.retrieval_figures import DEEPEST, Asked, Outcome, report
from indexer.index.finding import Found
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.ranking.ranker import Candidate, fuse
from indexer.types import EVERYWHERE, Embedder, IndexerError, Scope
from indexer.types import ask as read_question


def evaluate(files: Sequence[Path], config: Path | None, data: Path, half: str = "") -> int:
    """Prints the tables. Corpora that are not in the index are indexed first."""
    settings = load(config)
    asked = chosen([question for file in files for question in read(file)], half)
    embedder = build.embedder(settings.retrieval)
    try:
        with build.store(data, embedder, settings.retrieval, writable=True) as store:
            for corpus in sorted({each.corpus for each in asked} - set(store.sources()) - {""}):
                click.echo(f"indexing {corpus}", err=True)
                index(opened(corpus, settings, data), embedder, store)
            outcomes = [ask(each, embedder, store) for each in placed(asked, store)]
            click.echo(
                f"{len(outcomes)} questions, {store.count()} chunks, index {store.dataset}\n"
            )
            click.echo(report(outcomes))
    except IndexerError as error:
        raise StartupFailed(str(error)) from error
    return 0


def read(file: Path) -> list[Asked]:
    """Raises ``StartupFailed``, naming the line that is no question."""
    return [
        Asked(
            question="\n".join(filter(None, (each.question, each.code))),
            expected=frozenset(each.expected),
            corpus=each.corpus,
            origin=each.origin or each.kind,
            half=each.half,
        )
        for each in questions.read(file)
    ]


def chosen(asked: Sequence[Asked], half: str) -> list[Asked]:
    """The questions of one half (by default both) that have an answer. Raises ``StartupFailed``."""
    found = [each for each in asked if each.expected and half in ("", each.half)]
    if not found:
        raise StartupFailed(f"No question with an answer belongs to the half {half!r}.")
    return found


def placed(asked: Sequence[Asked], store: HybridIndex) -> list[Asked]:
    """The questions, each with the ids of the chunks that it expects.

    Symbols and whole uris are compared while ranking. The chunks are read only for the corpora
    whose questions expect the end of a uri or a text.
    """
    found: dict[int, set[str]] = {}
    for corpus in sorted({each.corpus for each in asked if any(map(is_place, each.expected))}):
        places = [
            (number, Expected.read(written))
            for number, each in enumerate(asked)
            for written in each.expected
            if each.corpus == corpus and is_place(written)
        ]
        for source in (corpus,) if corpus else store.sources():
            for chunks, _ in store.export(source):
                for chunk in chunks:
                    for number, place in places:
                        if place.is_in(chunk):
                            found.setdefault(number, set()).add(chunk.id)
    return [
        replace(each, chunks=frozenset(found.get(number, ()))) for number, each in enumerate(asked)
    ]


def ask(asked: Asked, embedder: Embedder, store: HybridIndex) -> Outcome:
    """Asks all systems. The time is that of the whole search, including reading the passages."""
    scope = Scope((asked.corpus,)) if asked.corpus else EVERYWHERE
    started = time.perf_counter()
    query = read_question(embedder, asked.question)
    embedded = time.perf_counter()
    store.search(asked.question, query, DEEPEST, scope)
    ended = time.perf_counter()
    found = store.find(asked.question, query, scope)
    ranks = {system: rank(order, asked) for system, order in orders(found, store).items()}
    return Outcome(asked, ranks, (embedded - started) * 1000, (ended - embedded) * 1000)


def orders(found: Found, store: HybridIndex) -> dict[str, list[Candidate]]:
    """What each system alone would show, best first; nothing when its search found nothing."""
    dense = [each for each in found.candidates if each.dense_rank is not None]
    lexical = [each for each in found.candidates if each.lexical_rank is not None]
    return {
        "dense": sorted(dense, key=lambda each: each.dense_rank or 0),
        "lexical": sorted(lexical, key=lambda each: each.lexical_rank or 0),
        "fused": fuse(found.candidates),
        "ranked": store.ordered(found),
    }


def rank(order: Sequence[Candidate], asked: Asked) -> int:
    for number, each in enumerate(order[:DEEPEST], 1):
        if each.card.id in asked.chunks or asked.expected & {each.card.symbol, each.card.uri}:
            return number
    return 0
