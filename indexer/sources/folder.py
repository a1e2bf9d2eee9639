"""The documentation or source code in a folder, of any size.

It only reads files. What cannot be read is reported and left out.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from pathspec import PathSpec

from indexer.chunkers.headings import title
from indexer.readers import inventory
from indexer.readers.formats import is_code, is_documentation, read
from indexer.readers.inventory import Inventory
from indexer.readers.page import Page, Unreadable
from indexer.screening.secret_files import is_secret
from indexer.sources.ignored import Ignored
from indexer.sources.including import examples
from indexer.sources.limits import Limits
from indexer.sources.places import telling
from indexer.sources.whole import every_document
from indexer.types import Document, Entry, Skipped, SourceError

INVENTORY = "objects.inv"
_NAMED = 3  # files of a kind that a report names
# Folders of dependencies and build tools, and pages of Sphinx that only link to others.
_LEFT_OUT = ["node_modules", "__pycache__", "venv", "site-packages", ".*", "_static", "_sources",
             "_images", "_downloads", "_modules", "genindex*.html", "search.html",
             "py-modindex.html", "404.html", "*.min.js"]  # fmt: skip


def documentation_or_code(name: str) -> bool:
    return is_documentation(name) or is_code(name)


class FolderSource:
    """The pages below a folder in the order of their paths: a ``StampedSource``.

    When nothing is included by name, ``takes`` decides by its name whether a file is read.
    ``include`` and ``exclude`` are patterns as in ``.gitignore``. ``cite`` makes the uri of a file,
    by default that of the file itself. ``version`` is for documents whose version no inventory
    lists. ``gitignore`` leaves out what a work tree ignores, unless files are included by name.

    ``skipped`` fills while documents are read, with files that are too large, not text, or
    unreadable, and ``noted`` with what was guessed or mended. Links to folders are not followed,
    because they may form a loop. Links to files are followed only inside the folder.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        name: str = "",
        takes: Callable[[str], bool] = is_documentation,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        limits: Limits = Limits(),  # noqa: B008  # frozen
        cite: Callable[[PurePosixPath], str] | None = None,
        version: str = "",
        gitignore: bool = False,
    ) -> None:
        self.name = name or str(path)
        self.skipped: list[Skipped] = []
        self.noted: list[Skipped] = []
        self._root = Path(path).expanduser().resolve()
        self._takes = takes
        self._include = PathSpec.from_lines("gitignore", include) if include else None
        self._exclude = PathSpec.from_lines("gitignore", [*_LEFT_OUT, *exclude])
        self._limits = limits
        self._cite = cite or (lambda relative: (self._root / relative).as_uri())
        self._version = version
        self._inventories: dict[Path, Inventory] = {}
        self._ignored = Ignored(self._root) if gitignore and not include else None
        self._others = _Others()
        if not self._root.is_dir():
            raise SourceError(f"There is no folder {path}.")

    def documents(self) -> Iterator[Document]:
        """One document per page and API entry. Raises ``SourceError`` when there is none at all."""
        return every_document(self)

    def entries(self) -> Iterator[Entry]:
        """Files by their path below the folder. Raises ``SourceError`` when the folder cannot be
        listed.
        """
        self.skipped, self.noted = [], []
        self._inventories = {}
        self._others = _Others()
        count = size = 0
        for relative in self._files():
            try:
                stat = (self._root / relative).stat()
            except OSError as error:
                why = (
                    "a link that leads nowhere"
                    if (self._root / relative).is_symlink()
                    else (f"unreadable: {error.strerror}")
                )
                self._skip(relative, why)
                continue
            if stat.st_size > self._limits.file_bytes:
                self._skip(relative, f"larger than {self._limits.file_bytes:,} bytes")
                continue
            count, size = count + 1, size + stat.st_size
            if count > self._limits.documents or size > self._limits.total_bytes:
                self._skip(
                    relative,
                    "this and all after it: the source has more than "
                    f"{self._limits.documents:,} files or {self._limits.total_bytes:,} bytes",
                )
                return
            yield Entry(relative.as_posix(), f"{stat.st_mtime_ns}:{stat.st_size}")
        self.skipped += self._others.told()

    def read(self, entry: Entry) -> Iterator[Document]:
        """Yields nothing, and adds to ``skipped``, when the file cannot be read (any more)."""
        relative = PurePosixPath(entry.key)
        path = self._root / relative
        home = self._home(path)
        known = self._inventory(home)
        try:
            place = path.relative_to(home).as_posix() if home else ""
            pages = read(relative.name, self._bytes(path), known.of(place))
        except OSError as error:
            self._skip(relative, f"unreadable: {error.strerror}")
        except Unreadable as error:
            self._skip(relative, str(error))
        else:
            self.noted += [(str(path), note) for note in pages[0].notes]
            version = known.version or self._version
            for page in pages:
                document = self._document(page, relative, version, pages[0])
                yield document
                for each in examples(page, document, relative, self._root):
                    if isinstance(each, Document):
                        yield each
                    else:
                        self.noted.append((str(path), each))

    def _document(self, page: Page, relative: PurePosixPath, version: str, first: Page) -> Document:
        uri = self._cite(relative)
        name = _title(page, relative)
        around = ("" if page is first else first.title, page.section)
        within = [each for each in dict.fromkeys(around) if each]
        folders = (self._root.name, *relative.parts[:-1])
        return Document(
            source=self.name,
            uri=f"{uri}#{page.anchor}" if page.anchor else uri,
            title=name,
            text=page.text,
            kind=page.kind,
            # The folders of code are its module.
            breadcrumb=(
                *(folders if is_code(relative.name) else telling(folders)),
                *within,
                name,
            ),
            version=version,
            symbol=page.symbol,
            signature=page.signature,
            line=1 if page.by_line else page.line,
            language=page.language,
        )

    def _files(self) -> Iterator[PurePosixPath]:
        def unreadable(error: OSError) -> None:
            if Path(error.filename) == self._root:
                raise SourceError(f"The folder {self._root} cannot be read: {error}") from error
            self.skipped.append((str(error.filename), f"unreadable: {error.strerror}"))

        for folder, folders, files in os.walk(self._root, onerror=unreadable):
            here = PurePosixPath(Path(folder).relative_to(self._root).as_posix())
            folders[:] = sorted(
                each
                for each in folders
                if not self._exclude.match_file(f"{here / each}/")
                and not self._is_ignored(here / each, folder=True)
            )
            for each in sorted(files):
                relative = here / each
                if not self._wanted(relative):
                    if self._include is None and not self._exclude.match_file(str(relative)):
                        self._others.add(relative)
                    continue
                if self._is_ignored(relative):
                    continue
                if is_secret(str(relative)):
                    self._skip(relative, "its name tells of a secret")
                    continue
                yield relative

    def _wanted(self, relative: PurePosixPath) -> bool:
        if self._exclude.match_file(str(relative)):
            return False
        if self._include is not None:
            return self._include.match_file(str(relative)) and documentation_or_code(relative.name)
        return self._takes(relative.name)

    def _is_ignored(self, relative: PurePosixPath, *, folder: bool = False) -> bool:
        if self._ignored is None or not self._ignored.has(self._root / relative, folder=folder):
            return False
        self.skipped.append((f"{self._root / relative}{'/' * folder}", "ignored by .gitignore"))
        return True

    def _bytes(self, path: Path) -> bytes:
        if not path.is_file():  # a pipe would never end
            raise Unreadable("not a file" if path.exists() else "gone since it was listed")
        if path.is_symlink() and not path.resolve().is_relative_to(self._root):
            raise Unreadable("a link that leads out of the folder")
        with path.open("rb") as file:
            data = file.read(self._limits.file_bytes + 1)
        if len(data) > self._limits.file_bytes:
            raise Unreadable(f"larger than {self._limits.file_bytes:,} bytes")
        return data

    def _home(self, path: Path) -> Path | None:
        """The nearest folder, at or above the page, that has an inventory."""
        if path.suffix != ".html":
            return None
        for folder in path.parents:
            if folder in self._inventories or (folder / INVENTORY).is_file():
                return folder
            if folder == self._root:
                break
        return None

    def _inventory(self, home: Path | None) -> Inventory:
        if home is None:
            return Inventory()
        if home not in self._inventories:
            try:
                known = inventory.read(self._bytes(home / INVENTORY))
            except (Unreadable, OSError) as error:
                self.skipped.append((str(home / INVENTORY), str(error)))
                known = Inventory()
            self._inventories[home] = known
        return self._inventories[home]

    def _skip(self, relative: PurePosixPath, why: str) -> None:
        self.skipped.append((str(self._root / relative), why))


class _Others:
    """Counts the files of kinds that are not read."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], list[str]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, relative: PurePosixPath) -> None:
        if relative.name == INVENTORY:
            return
        why = "of a kind that is not read"
        if documentation_or_code(relative.name):
            kind = "code" if is_code(relative.name) else "folder"
            why = f"not of this kind of source: kind = {kind!r} reads it"
        of = (why, f"*{relative.suffix.lower()}" if relative.suffix else "without a suffix")
        self._counts[of] += 1
        if len(names := self._names.setdefault(of, [])) < _NAMED:
            names.append(str(relative))

    def told(self) -> Iterator[Skipped]:
        for (why, kind), count in self._counts.most_common():
            more = ", …" if count > _NAMED else ""
            files = "file" if count == 1 else "files"
            yield f"{count} {files} {kind} ({', '.join(self._names[why, kind])}{more})", why


_NAMED_BY_READER = {".html", ".htm", ".xhtml"}


def _title(page: Page, relative: PurePosixPath) -> str:
    if page.title:
        return page.title
    if page.kind == "code":
        return relative.name
    if relative.suffix in _NAMED_BY_READER:  # what comes first in it may be any section
        return relative.stem
    return title(page.text, page.language) or relative.stem
