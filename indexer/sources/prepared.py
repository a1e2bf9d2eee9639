"""A folder that must be made before it can be read: by unpacking or cloning."""

from collections.abc import Callable, Iterator

from indexer.sources.folder import FolderSource
from indexer.types import Document, Entry, Skipped

Prepare = Callable[[list[Skipped]], FolderSource]


class PreparedSource:
    """A ``StampedSource``. ``prepare`` makes the folder once per run, and
    reports what it left out.
    """

    def __init__(self, name: str, prepare: Prepare) -> None:
        self.name = name
        self._prepare = prepare
        self._left_out: list[Skipped] = []
        self._folder: FolderSource | None = None

    @property
    def skipped(self) -> list[Skipped]:
        return [*self._left_out, *(self._folder.skipped if self._folder else ())]

    @property
    def noted(self) -> list[Skipped]:
        return self._folder.noted if self._folder else []

    def documents(self) -> Iterator[Document]:
        """Raises ``SourceError`` when the folder cannot be made, or holds nothing."""
        yield from self._made().documents()

    def entries(self) -> Iterator[Entry]:
        """Raises ``SourceError`` when the folder cannot be made."""
        yield from self._made().entries()

    def read(self, entry: Entry) -> Iterator[Document]:
        yield from (self._folder or self._made()).read(entry)

    def _made(self) -> FolderSource:
        self._left_out = []
        self._folder = self._prepare(self._left_out)
        return self._folder
