"""Cuts documents by their structure: API entries by docstring sections, pages by headings."""

from collections.abc import Iterator

from indexer.chunkers.api import ApiChunker
from indexer.chunkers.headings import HeadingChunker
from indexer.types import Chunk, Document

__all__ = ["ApiChunker", "HeadingChunker", "StructureChunker"]


class StructureChunker:
    """The chunker for any document: its kind decides."""

    def __init__(self) -> None:
        self._pages = HeadingChunker()
        self._entries = ApiChunker()

    def chunks(self, document: Document) -> Iterator[Chunk]:
        chunker = self._pages if document.kind == "page" else self._entries
        return chunker.chunks(document)
