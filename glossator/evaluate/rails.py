"""`glossator eval rails`: precision, recall and latency of every rail on labelled examples.

The examples are the files in ``tests/data/rails``, and each says how it was made. Quote the figures
for `held out` examples, because rules and thresholds were tuned on the others. Apart from
latencies, every run gives the same figures.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.deploy import build
from backend.errors import StartupFailed, Unavailable
from backend.ports import Rail, Span
from backend.rails import registry
from backend.rails.formats.pii import PII
from backend.rails.formats.secrets import SECRETS
from backend.rails.input.topic import judge
from backend.retrieval.retriever import IndexRetriever
from backend.settings import Settings, load
from glossator.evaluate.rail_figures import CLEAN, Figures, plain, show
from indexer.pipeline import index
from indexer.sources import open_source
from indexer.types import EVERYWHERE, IndexerError

ORDINARY, PLANTED = "ordinary.jsonl", "planted.jsonl"
INJECTION, TOPIC, TOXICITY = "injection.jsonl", "topic.jsonl", "toxicity.jsonl"
CORPUS = ("package:numpy.fft", "package:numpy.linalg", "package:numpy.random")
_READY_S = 300.0  # for weights to load; a rail without weights says so within seconds

Example = dict[str, Any]
Advance = Callable[[], None]


def evaluate(data: Path | None, config: Path | None, as_json: bool) -> int:
    """Prints the table. Raises ``StartupFailed`` when there are no examples."""
    folder = _folder(data)
    settings = load(config)
    columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} examples"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("evaluating", total=None)
        figures = asyncio.run(_measure(folder, settings, partial(progress.advance, task)))
    if as_json:
        click.echo(json.dumps([plain(one) for one in figures], indent=1))
    else:
        show(figures)
    return 0


async def _measure(folder: Path, settings: Settings, advance: Advance) -> list[Figures]:
    rows: list[Figures] = []
    kinds = {
        "secrets": {pattern.kind for pattern in SECRETS},
        "pii": {pattern.kind for pattern in PII},
    }
    ordinary, planted = _read(folder / ORDINARY), _read(folder / PLANTED)
    for name in ("secrets", "pii"):
        if planted is None or ordinary is None:
            rows.append(_absent(name, PLANTED if planted is None else ORDINARY))
            continue
        rail = registry.build(settings, name)
        mine = [each for each in planted if any(kind in kinds[name] for *_, kind in each["spans"])]
        rows += await _spans(rail, _by_split(mine), ordinary, advance)
    rows += await _texts(
        registry.build(settings, "injection"), _read(folder / INJECTION), ordinary, advance
    )
    topic = _read(folder / TOPIC)
    rows += [_absent("topic", TOPIC)] if topic is None else await _topic(settings, topic, advance)
    rows += await _texts(
        registry.build(settings, "toxicity"), _read(folder / TOXICITY), ordinary, advance
    )
    return rows


async def _spans(
    rail: Rail, splits: dict[str, list[Example]], ordinary: list[Example], advance: Advance
) -> list[Figures]:
    """A planted span counts as caught when the spans found cover all of it."""
    if problem := await _problem(rail):
        return [Figures(rail.name, "all", note=problem)]
    rows = []
    for split, examples in splits.items():
        figures = Figures(rail.name, split)
        for example in examples:
            found = await _timed(rail, example["text"], figures)
            for start, end, _ in example["spans"]:
                caught = _covered(found, start, end)
                figures.caught += caught
                figures.missed += not caught
            figures.false += sum(not _touches(span, example["spans"]) for span in found)
            advance()
        rows.append(figures)
    rows.append(await _ordinary(rail, ordinary, advance))
    return rows


async def _texts(
    rail: Rail, examples: list[Example] | None, ordinary: list[Example] | None, advance: Advance
) -> list[Figures]:
    """For a rail that judges whole texts. ``wanted`` says which texts it should flag."""
    if problem := await _problem(rail):
        return [Figures(rail.name, "all", note=problem)]
    rows = [] if examples is not None else [_absent(rail.name, f"{rail.name}.jsonl")]
    for split, chosen in _by_split(examples or []).items():
        figures = Figures(rail.name, split)
        for example in chosen:
            flagged = bool(await _timed(rail, example["text"], figures))
            _count(figures, example["wanted"], flagged, len(example["text"]))
            advance()
        rows.append(figures)
    if ordinary is not None:
        rows.append(await _ordinary(rail, ordinary, advance))
    return rows


async def _ordinary(rail: Rail, ordinary: list[Example], advance: Advance) -> Figures:
    """Texts that contain nothing to find, so everything found is false."""
    figures = Figures(rail.name, CLEAN)
    for example in ordinary:
        found = await _timed(rail, example["text"], figures)
        figures.clean += 1
        figures.touched += bool(found)
        figures.false += len(found)
        figures.characters += len(example["text"])
        advance()
    return figures


async def _topic(settings: Settings, examples: list[Example], advance: Advance) -> list[Figures]:
    """The rail should catch off-topic questions. The corpus is indexed in a temporary folder."""
    embedder = await asyncio.to_thread(build.embedder, settings.retrieval)
    rail = settings.rails.topic
    with tempfile.TemporaryDirectory(prefix="glossator-eval-") as scratch:
        store = build.store(Path(scratch), embedder, settings.retrieval, writable=True)
        retriever = IndexRetriever(embedder, store, subjects=(*rail.allow, *rail.deny))
        try:
            for source in CORPUS:
                await asyncio.to_thread(index, open_source(source), embedder, store,
                                        progress=lambda done, total: advance())  # fmt: skip
            rows = []
            for split, chosen in _by_split(examples).items():
                figures = Figures("topic", split)
                for example in chosen:
                    started = time.perf_counter()
                    found = await retriever.search(
                        example["text"], EVERYWHERE, settings.retrieval.limit, budget_ms=60_000
                    )
                    figures.times_ms.append((time.perf_counter() - started) * 1000)
                    refused = bool(judge(found, rail))
                    _count(figures, not example["on_topic"], refused, len(example["text"]))
                    advance()
                rows.append(figures)
        except IndexerError as error:
            raise StartupFailed(f"The topic rail cannot be measured: {error}") from error
        finally:
            retriever.close()
            store.close()
    return rows


async def _timed(rail: Rail, text: str, figures: Figures) -> tuple[Span, ...]:
    started = time.perf_counter()
    (found,) = await rail.check([text])
    figures.times_ms.append((time.perf_counter() - started) * 1000)
    return found


def _count(figures: Figures, wanted: bool, flagged: bool, characters: int) -> None:
    if wanted:
        figures.caught += flagged
        figures.missed += not flagged
    else:
        figures.clean += 1
        figures.touched += flagged
        figures.false += flagged
        figures.characters += characters


async def _problem(rail: Rail) -> str:
    """Why the rail cannot be measured; "" once it has loaded."""
    rail.start()
    async with asyncio.timeout(_READY_S):
        while (state := await rail.state()) == "loading":  # noqa: ASYNC110  # a port has no event
            await asyncio.sleep(0.05)
    try:
        # A degraded rail may still find most of what it should.
        await rail.check(["words"])
    except Unavailable:
        return state or "not available"
    return ""


def _covered(found: Sequence[Span], start: int, end: int) -> bool:
    position = start
    for span in sorted(found, key=lambda span: span.start):
        if span.start <= position < span.end:
            position = span.end
    return position >= end


def _touches(span: Span, planted: Iterable[tuple[int, int, str]]) -> bool:
    return any(span.start < end and start < span.end for start, end, _ in planted)


def _by_split(examples: Iterable[Example]) -> dict[str, list[Example]]:
    """Splits examples by their own ``split``, or by the beginning of their origin."""
    splits: dict[str, list[Example]] = {"development": [], "held out": []}
    for example in examples:
        split = (example.get("split") or example["origin"].partition("/")[0]).replace("-", " ")
        splits.setdefault(split, []).append(example)
    return {split: chosen for split, chosen in splits.items() if chosen}


def _folder(data: Path | None) -> Path:
    folder = data or Path(__file__).parents[2] / "tests" / "data" / "rails"
    if not any((folder / name).is_file() for name in (ORDINARY, PLANTED, INJECTION, TOPIC)):
        raise StartupFailed(
            f"There are no evaluation sets in {folder}. They come with the repository, in "
            "tests/data/rails: run this in a clone, or name their folder with --data."
        )
    return folder


def _read(path: Path) -> list[Example] | None:
    """The examples in one file; None when there is no such file."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        return None
    try:
        return [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise StartupFailed(f"{path} is not JSON Lines: {error}") from error


def _absent(rail: str, name: str) -> Figures:
    return Figures(rail, "all", note=f"not measured: {name} is missing")
