"""Cuts documents by their structure: API entries by docstring sections, pages by headings, code
by its syntax.
"""

from collections.abc import Iterator

from indexer.chunkers.api import ApiChunker
from indexer.chunkers.blocks import CHARACTERS
from indexer.chunkers.code import CodeChunker
from indexer.chunkers.headings import HeadingChunker
from indexer.types import Chunk, Chunker, Document, Ruler

__all__ = ["ApiChunker", "CodeChunker", "HeadingChunker", "StructureChunker"]


class StructureChunker:
    """Cuts any document, by the chunker for its kind. The ruler measures sizes."""

    def __init__(self, ruler: Ruler = CHARACTERS) -> None:
        self._pages = HeadingChunker(ruler)
        self._entries = ApiChunker(ruler)
        self._code = CodeChunker(ruler)

    def chunks(self, document: Document) -> Iterator[Chunk]:
        chunker: Chunker = self._entries
        if document.kind in {"page", "code"}:
            chunker = self._pages if document.kind == "page" else self._code
        return chunker.chunks(document)
