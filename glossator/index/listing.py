"""`glossator index --list`: the sources that are declared or indexed, and their last runs."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from backend.deploy import build
from backend.deploy.upkeep.declaring import declaration
from backend.settings import Settings, load
from indexer.index.catalog import Catalog
from indexer.screening.terminal import line as printable_line
from indexer.types import SourceError

HEAD = ("NAME", "KIND", "WHERE", "EVERY", "LAST RUN", "TOOK", "DOCUMENTS", "CHUNKS", "DATASET")


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    kind: str
    where: str
    every: str
    last_run: str
    took: str
    documents: str
    chunks: str
    dataset: str


def show(config: Path | None, data: Path) -> int:
    """Prints the table and returns 0."""
    settings = load(config)
    path = build.index_folder(data) / "catalog.db"
    chunks: Mapping[str, int] = {}
    runs: dict[str, dict[str, Any]] = {}
    if path.exists():
        # The catalog can be read while a server owns the index.
        with closing(Catalog(path, writable=False)) as catalog:
            chunks = catalog.view().chunks
            runs = {run["source"]: run for run in catalog.runs()}
    listed = rows(settings, chunks, runs)
    if not listed:
        click.echo("No source is declared or indexed. See `glossator index --help`.")
        return 0
    table = [HEAD, *(tuple(map(printable_line, astuple(row))) for row in listed)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
    return 0


def rows(
    settings: Settings, chunks: Mapping[str, int], runs: Mapping[str, Mapping[str, Any]]
) -> list[Row]:
    """Declared sources in their order, then sources that are only indexed."""
    names = dict.fromkeys((*settings.sources, *sorted(chunks)))
    return [_row(name, settings, chunks.get(name, 0), runs.get(name, {})) for name in names]


def _row(name: str, settings: Settings, chunks: int, run: Mapping[str, Any]) -> Row:
    declared = settings.sources.get(name)
    try:
        known = declaration(name, settings)
        kind, where = known.kind, known.uri
    except SourceError:  # it was indexed once, and its place no longer exists
        kind, where = "", name
    return Row(
        name=name,
        kind=kind,
        where=where,
        every=(declared.every if declared else "") or "-",
        last_run=_when(run["ended_s"]) if run else "never",
        took=f"{run['seconds']:.0f} s" if "seconds" in run else "-",
        documents=str(run.get("documents", "-")),
        chunks=str(chunks),
        dataset=str(run.get("dataset", "-")),
    )


def _when(ended_s: float) -> str:
    return f"{datetime.fromtimestamp(ended_s, UTC):%Y-%m-%d %H:%M}Z"
