"""Finds a source by its name in the settings, or by what the user typed."""

from collections.abc import Collection
from pathlib import Path

from backend.settings import Settings, SourceSettings
from indexer.sources import Declaration, Limits, open_source, parse
from indexer.types import Source, SourceError


def declaration(spec: str, settings: Settings) -> Declaration:
    """The declaration under ``[sources]``, or else of what was typed. Raises ``SourceError``."""
    source = settings.sources.get(spec)
    if source is not None:
        return _declaration(spec, source)
    try:
        return parse(spec)
    except SourceError as error:
        declared = ", ".join(settings.sources)
        raise SourceError(
            f"{error} Declared are: {declared}." if declared else str(error)
        ) from None


def named(spec: str, listed: Collection[str], settings: Settings) -> str:
    """The name under which an index that lists its sources has one; a folder may be written in
    several ways. What nobody knows stays as it is.
    """
    if spec in listed:
        return spec
    try:
        return declaration(spec, settings).name
    except SourceError:
        return spec


def opened(spec: str, settings: Settings, data: Path) -> Source:
    """The source, which keeps downloads in the data folder. Raises ``SourceError``."""
    return open_source(declaration(spec, settings), data / "sources")


def _declaration(name: str, source: SourceSettings) -> Declaration:
    return Declaration(
        kind=source.kind,
        uri=source.uri,
        name=name,
        include=source.include,
        exclude=source.exclude,
        limits=Limits(
            documents=source.max_documents,
            file_bytes=source.max_file_bytes,
            total_bytes=source.max_total_bytes,
            seconds=source.max_seconds,
        ),
        depth=source.depth,
        delay_s=source.delay_s,
        private_addresses=source.private_addresses,
        python=source.python,
    )
