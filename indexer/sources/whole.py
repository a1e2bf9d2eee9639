"""Reads all documents of a source, entry by entry."""

from collections.abc import Iterator
from typing import Protocol

from indexer.types import Document, Skipped, SourceError, StampedSource


class ReportingSource(StampedSource, Protocol):
    """A stamped source that says what it left out, and why."""

    skipped: list[Skipped]


def every_document(source: ReportingSource) -> Iterator[Document]:
    """``read`` of all ``entries``. Raises ``SourceError`` when there is no document at all."""
    found = False
    for entry in source.entries():
        for document in source.read(entry):
            found = True
            yield document
    if not found:
        raise SourceError(f"{source.name} holds nothing to index.{_left_out(source)}")


def _left_out(source: ReportingSource) -> str:
    if not source.skipped:
        return ""
    entry, why = source.skipped[0]
    return f" {len(source.skipped)} entries were left out. The first is {entry}: {why}."
