"""Reads the files that a page includes, never outside the folder of its source."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from indexer.chunkers.headings import sections
from indexer.readers.formats import CODE, CODE_CHARACTERS
from indexer.readers.page import Page, Unreadable
from indexer.readers.written.encoding import decoded
from indexer.readers.written.includes import Include
from indexer.screening.markdown import fenced
from indexer.screening.secret_files import is_secret
from indexer.types import Document

_TEXTS = {".md", ".rst", ".adoc", ".asciidoc", ".txt", ".org"}  # documents themselves


def examples(
    page: Page, document: Document, relative: PurePosixPath, root: Path
) -> Iterator[Document | str]:
    """A document for each included file, cited at the line that includes it; or why it is none."""
    for include in page.includes:
        if PurePosixPath(include.path).suffix.lower() in _TEXTS:
            continue
        try:
            name, text = _read(include, relative, root)
        except Unreadable as error:
            yield f"line {include.line} includes {include.path}, which is {error}"
            continue
        if text.strip():
            language = include.options.get("language") or CODE.get(Path(name).suffix.lower(), "")
            heading = _heading(page, include.line) or document.title
            yield replace(
                document,
                text=f"# {heading} {{line={include.line}}}\n\n{fenced(text, language)}",
                breadcrumb=(*document.breadcrumb, name),
                line=None,
                language="rendered",
            )


def _read(include: Include, relative: PurePosixPath, root: Path) -> tuple[str, str]:
    """The name of the file and what of it is shown. Raises ``Unreadable`` with the reason."""
    written = PurePosixPath(include.path.lstrip("/"))
    folders = [relative.parent] if not include.path.startswith("/") else []
    if include.path.startswith("/"):  # from the source, or a folder between it and the page
        folders = [PurePosixPath("."), *reversed(relative.parents[:-1])]
    try:
        places = [(root / folder / written).resolve() for folder in folders]
        path = next((place for place in places if place.is_file()), places[0])
        if not path.is_relative_to(root):
            raise Unreadable("outside the folder of the source")
        if not path.is_file():
            raise Unreadable("not there")
        if is_secret(path.relative_to(root).as_posix()):
            raise Unreadable("left out, because its name tells of a secret")
        if path.stat().st_size > CODE_CHARACTERS:
            raise Unreadable(f"larger than {CODE_CHARACTERS:,} bytes")
        data = path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable(f"unreadable: {error}") from error
    return path.name, include.part(decoded(data)[0])


def _heading(page: Page, line: int) -> str:
    """The heading above a line."""
    above = [each for each in sections(page.text, page.language) if each.line <= line]
    return above[-1].path[-1] if above and above[-1].path else ""
