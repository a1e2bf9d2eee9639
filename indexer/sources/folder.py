"""The documentation in a folder: Markdown, reStructuredText and plain text, however large it is.

Reads files and nothing else; what cannot be read is reported and left out.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from indexer.chunkers.headings import title
from indexer.types import Document, SourceError

SUFFIXES = {".md", ".rst", ".txt"}
MAX_BYTES = 2_000_000
_LEFT_OUT = {"node_modules", "__pycache__", "venv", "site-packages"}


class FolderSource:
    """Pages below a folder, in the order of their paths.

    ``skipped`` fills while documents are read: files that are too large, not text, or unreadable.
    Hidden folders, environments and dependencies are not documentation and not mentioned. Links
    to folders are not followed, so that a loop of them ends.
    """

    def __init__(self, path: str | Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.name = str(path)
        self.skipped: list[tuple[str, str]] = []
        self._root = Path(path).expanduser().resolve()
        self._max_bytes = max_bytes
        if not self._root.is_dir():
            raise SourceError(f"There is no folder {path}.")

    def documents(self) -> Iterator[Document]:
        """One per page. Raises ``SourceError`` when the folder itself cannot be read."""
        self.skipped = []
        for path in self._pages():
            text = self._read(path)
            if text is None or not text.strip():
                continue
            relative = path.relative_to(self._root)
            name = title(text, path.suffix.lower()) or path.stem
            yield Document(
                source=self.name,
                uri=path.as_uri(),
                title=name,
                text=text,
                breadcrumb=(self._root.name, *relative.parts[:-1], name),
                line=1,
            )

    def _pages(self) -> Iterator[Path]:
        def unreadable(error: OSError) -> None:
            if Path(error.filename) == self._root:
                raise SourceError(f"The folder {self._root} cannot be read: {error}") from error
            self.skipped.append((str(error.filename), f"unreadable: {error.strerror}"))

        for folder, folders, files in os.walk(self._root, onerror=unreadable):
            folders[:] = sorted(
                name for name in folders if not name.startswith(".") and name not in _LEFT_OUT
            )
            for name in sorted(files):
                path = Path(folder, name)
                if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                    yield path

    def _read(self, path: Path) -> str | None:
        try:
            if not path.is_file():  # a pipe would never end, a broken link has nothing
                self.skipped.append((str(path), "not a file"))
                return None
            with path.open("rb") as file:
                data = file.read(self._max_bytes + 1)
        except OSError as error:
            self.skipped.append((str(path), f"unreadable: {error.strerror}"))
            return None
        if len(data) > self._max_bytes:
            self.skipped.append((str(path), f"larger than {self._max_bytes:,} bytes"))
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.skipped.append((str(path), "not UTF-8 text"))
            return None
        if "\0" in text:
            self.skipped.append((str(path), "binary"))
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")
