"""`glossator eval retrieval`: how well questions find their answers, by which part of the search.

A file has one JSON object a line: ``question``, ``expected`` (symbols or uris, any of which
answers), and optionally ``corpus`` (the source to search; all of them without it) and ``origin``.
The table is Markdown, sorted, and without the date: two of them can be compared line by line.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from backend.deploy import build
from backend.errors import StartupFailed
from backend.settings import load
from glossator.declaring import opened
from indexer.finding import Found
from indexer.pipeline import index
from indexer.ranking import Candidate, fuse
from indexer.search import HybridIndex
from indexer.types import EVERYWHERE, Embedder, IndexerError, Scope

SYSTEMS = ("dense", "lexical", "fused", "ranked")
DEEPEST = 10  # passages that are looked at


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a question set."""

    question: str
    expected: frozenset[str]
    corpus: str
    origin: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the first answer stands in each system's list, from 1; 0 when not in the first ten."""

    asked: Asked
    places: dict[str, int]
    embed_ms: float
    search_ms: float


def evaluate(files: Sequence[Path], config: Path | None, data: Path) -> int:
    """Prints the tables. Corpora that are not in the index are indexed first."""
    settings = load(config)
    asked = [question for file in files for question in read(file)]
    embedder = build.embedder(settings.retrieval)
    try:
        with build.store(data, embedder, settings.retrieval, writable=True) as store:
            for corpus in sorted({each.corpus for each in asked} - set(store.sources()) - {""}):
                click.echo(f"indexing {corpus}", err=True)
                index(opened(corpus, settings, data), embedder, store)
            outcomes = [ask(each, embedder, store) for each in asked]
            click.echo(report(outcomes, store))
    except IndexerError as error:
        raise StartupFailed(str(error)) from error
    return 0


def read(file: Path) -> list[Asked]:
    """Raises ``StartupFailed`` with the line that is not a question."""
    found = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            expected = frozenset(row["expected"])
            found.append(
                Asked(row["question"], expected, row.get("corpus", ""), row.get("origin", ""))
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StartupFailed(
                f'{file}:{number} is not a question: {{"question": "…", "expected": ["…"]}} '
                f"is the least of it ({error!r})."
            ) from error
    if not found:
        raise StartupFailed(f"{file} holds no questions.")
    return found


def ask(asked: Asked, embedder: Embedder, store: HybridIndex) -> Outcome:
    """Ask all systems; the time is that of the whole search, its passages read."""
    scope = Scope((asked.corpus,)) if asked.corpus else EVERYWHERE
    started = time.perf_counter()
    vector = embedder.embed([asked.question])
    embedded = time.perf_counter()
    store.search(asked.question, vector, DEEPEST, scope)
    ended = time.perf_counter()
    found = store.find(asked.question, vector, scope)
    places = {
        system: place(order, asked.expected) for system, order in orders(found, store).items()
    }
    return Outcome(asked, places, (embedded - started) * 1000, (ended - embedded) * 1000)


def orders(found: Found, store: HybridIndex) -> dict[str, list[Candidate]]:
    """What each system alone would show, best first; a search that found nothing shows none."""
    dense = [each for each in found.candidates if each.dense_rank is not None]
    lexical = [each for each in found.candidates if each.lexical_rank is not None]
    return {
        "dense": sorted(dense, key=lambda each: each.dense_rank or 0),
        "lexical": sorted(lexical, key=lambda each: each.lexical_rank or 0),
        "fused": fuse(found.candidates),
        "ranked": store.ordered(found),
    }


def place(order: Sequence[Candidate], expected: frozenset[str]) -> int:
    for number, each in enumerate(order[:DEEPEST], 1):
        if expected & {each.card.symbol, each.card.uri}:
            return number
    return 0


def report(outcomes: Sequence[Outcome], store: HybridIndex) -> str:
    """Tables by corpus and by origin, and the latency."""
    lines = [f"{len(outcomes)} questions, {store.count()} chunks, index {store.dataset}", ""]
    keys: tuple[tuple[str, Callable[[Outcome], str]], ...] = (
        ("all", lambda outcome: "all"),
        ("corpus", lambda outcome: outcome.asked.corpus or "all sources"),
        ("origin", lambda outcome: outcome.asked.origin or "unnamed"),
    )
    for title, key in keys:
        lines += _table(title, outcomes, key)
    for what, times in (
        ("embedding the question", [each.embed_ms for each in outcomes]),
        ("search", [each.search_ms for each in outcomes]),
        ("both", [each.embed_ms + each.search_ms for each in outcomes]),
    ):
        middle, slow = percentile(times, 0.5), percentile(times, 0.95)
        lines.append(f"{what}: p50 {middle:.1f} ms, p95 {slow:.1f} ms")
    return "\n".join(lines)


def _table(title: str, outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> Iterable[str]:
    yield f"| {title} | questions | system | recall@1 | recall@5 | recall@10 | MRR | nDCG@10 |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in sorted({key(outcome) for outcome in outcomes}):
        chosen = [outcome for outcome in outcomes if key(outcome) == name]
        for system in SYSTEMS:
            places = [outcome.places[system] for outcome in chosen]
            figures = " | ".join(f"{value:.3f}" for value in measures(places))
            yield f"| {name} | {len(chosen)} | {system} | {figures} |"
    yield ""


def measures(places: Sequence[int]) -> tuple[float, float, float, float, float]:
    """Recall at 1, 5 and 10, mean reciprocal rank and nDCG, all of the first right passage.

    Any of the expected answers will do, so a question has one answer to find: recall is hit rate.
    """

    def mean(value: Callable[[int], float]) -> float:
        return sum(value(place) if place else 0.0 for place in places) / len(places)

    return (
        mean(lambda place: place <= 1),
        mean(lambda place: place <= 5),
        mean(lambda place: place <= 10),
        mean(lambda place: 1 / place),
        mean(lambda place: 1 / math.log2(1 + place)),
    )


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
