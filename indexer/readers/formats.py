"""Chooses the reader for a file by its name."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple

from indexer.readers import apart, described, man, notebook, pdf
from indexer.readers.page import Page, Unreadable, inflated
from indexer.readers.written import asciidoc, info, markdown, org
from indexer.readers.written.encoding import decoded
from indexer.readers.written.includes import included
from indexer.screening.outline import outline

Rewrite = Callable[[str], tuple[str, str]]  # gives the title and the text as Markdown
Symbols = Mapping[str, str]  # symbols of a page, by anchor
Reader = Callable[[bytes, Symbols], Iterator[Page]]
CHARACTERS = 2_000_000  # of a page; the longest of CPython's documentation has 1.6 million
HTML_BYTES = 16_000_000  # a tree of tiny elements takes fifty times as much memory
# A parser needs up to three thousand times as much memory for code that was made to be hard.
CODE_CHARACTERS = 400_000

CODE = {
    ".py": "python", ".pyi": "python",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
    ".go": "go", ".rs": "rust", ".java": "java", ".c": "c", ".h": "c",
    ".cs": "csharp", ".kt": "kotlin", ".kts": "kotlin", ".rb": "ruby", ".php": "php",
    ".swift": "swift", ".sh": "bash", ".bash": "bash", ".sql": "sql", ".lua": "lua",
    ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".hh": "cpp", ".hpp": "cpp", ".hxx": "cpp",
}  # fmt: skip
_INFO = re.compile(r".+\.info(-\d{1,3})?(\.gz)?")
_MANUAL = re.compile(r".+\.[1-9][a-z]{0,10}(\.gz)?")


class _Format(NamedTuple):
    name: str  # for reports
    read: Reader


def is_documentation(name: str) -> bool:
    return not is_code(name) and _format(name) is not None


def is_code(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in CODE


def called(name: str) -> str:
    """What a report calls the format of a file or an address."""
    place = name.partition("?")[0]
    suffix = PurePosixPath(place).suffix.lower()
    if suffix not in _BY_SUFFIX:
        if "://" in name:
            return "HTML"  # a page of a site rarely has a suffix
        if not name:
            return "API entries"
    found = _format(place)
    return found.name if found else suffix or "other"


def read(name: str, data: bytes, symbols: Symbols | None = None) -> list[Page]:
    """The pages of a file, at least one. Raises ``Unreadable`` with the reason.

    ``symbols`` are those that an inventory lists for the page's anchors.
    """
    found = _format(name)
    if found is None:
        raise Unreadable("of no format that is known")
    pages = [page for page in found.read(data, symbols or {}) if page.text.strip()]
    if not pages:
        raise Unreadable("holds no text")
    if sum(len(page.text) for page in pages) > CHARACTERS:
        raise Unreadable(f"longer than {CHARACTERS:,} characters")
    return pages


def _format(name: str) -> _Format | None:
    file = PurePosixPath(name)
    if found := _BY_SUFFIX.get(file.suffix.lower()):
        return found
    if _INFO.fullmatch(file.name):
        return _Format("Info", _info)
    if _MANUAL.fullmatch(file.name):
        return _Format("manual pages", lambda data, _: man.read(data))
    return None


def _html(data: bytes, symbols: Symbols) -> Iterator[Page]:
    if len(data) > HTML_BYTES:
        raise Unreadable(f"larger than {HTML_BYTES:,} bytes")
    yield from apart.read(data, symbols)


def _plain(data: bytes, _: Symbols) -> Iterator[Page]:
    text, notes = decoded(data)
    includes = tuple(included(text))
    yield Page(text, language="rst", by_line=True, notes=notes, includes=includes)


def _markdown(data: bytes, _: Symbols, *, suffix: str) -> Iterator[Page]:
    raw, notes = decoded(data)
    if len(raw) > CHARACTERS:
        raise Unreadable(f"longer than {CHARACTERS:,} characters")
    title, text = markdown.prepared(raw, suffix)
    unclosed = outline(text).unclosed if "```" in text or "~~~" in text else ()
    if unclosed:
        notes = (*notes, f"nothing closes the fence of line {min(unclosed) + 1}")
    includes = tuple(included(raw))
    yield Page(text, title, language="markdown", by_line=True, notes=notes, includes=includes)


def _rewritten(data: bytes, _: Symbols, *, rewrite: Rewrite) -> Iterator[Page]:
    raw, notes = decoded(data)
    if len(raw) > CHARACTERS:
        raise Unreadable(f"longer than {CHARACTERS:,} characters")
    title, text = rewrite(raw)
    yield Page(text, title, by_line=True, notes=notes, includes=tuple(included(raw)))


def _described(data: bytes, _: Symbols) -> Iterator[Page]:
    if not described.may_be(data):
        raise Unreadable(described.NEITHER)
    # JSON has no aliases that multiply, and there may be thousands of small files.
    if len(data) < apart.FROM_BYTES and data.lstrip()[:1] == b"{":
        yield from described.read(data)
    else:
        yield from apart.read_as("described", data)


def _info(data: bytes, _: Symbols) -> Iterator[Page]:
    if data[:2] == b"\x1f\x8b":
        data = inflated(data, HTML_BYTES)
    raw, notes = decoded(data.replace(b"\0\b", b""))  # a mark that only an Info browser reads
    title, text = info.markdown(raw)
    yield Page(text, title, notes=notes)


def _code(data: bytes, _: Symbols, *, language: str) -> Iterator[Page]:
    text, notes = decoded(data)
    if len(text) > CODE_CHARACTERS:
        raise Unreadable(f"generated: code of more than {CODE_CHARACTERS:,} characters")
    if len(text) > 10_000 and len(text) > 300 * (text.count("\n") + 1):
        raise Unreadable("minified or generated: its lines are too long to be read by people")
    yield Page(text, language=language, kind="code", by_line=True, notes=notes)


def _apart(data: bytes, _: Symbols, *, kind: str) -> Iterator[Page]:
    yield from apart.read_as(kind, data)


_FORMATS: tuple[tuple[str, str, Reader], ...] = (
    ("HTML", ".html .htm .xhtml", _html),
    ("Markdown", ".md .markdown .mdown .mkd", partial(_markdown, suffix=".md")),
    ("MDX", ".mdx", partial(_markdown, suffix=".mdx")),
    ("Quarto", ".qmd", partial(_markdown, suffix=".qmd")),
    ("R Markdown", ".rmd", partial(_markdown, suffix=".rmd")),
    ("reStructuredText", ".rst .rest", _plain),
    ("text", ".txt", _plain),
    ("AsciiDoc", ".adoc .asciidoc", partial(_rewritten, rewrite=asciidoc.markdown)),
    ("Org", ".org", partial(_rewritten, rewrite=org.markdown)),
    ("notebooks", ".ipynb", lambda data, _: notebook.read(data)),
    ("PDF", ".pdf", lambda data, _: pdf.read(data)),
    ("Word", ".docx .docm", partial(_apart, kind="docx")),
    ("PowerPoint", ".pptx .pptm", partial(_apart, kind="pptx")),
    ("Excel", ".xlsx .xlsm", partial(_apart, kind="xlsx")),
    ("EPUB", ".epub", partial(_apart, kind="epub")),
    ("OpenAPI and JSON Schema", ".json .yaml .yml", _described),
    *((language, suffix, partial(_code, language=language)) for suffix, language in CODE.items()),
)
_BY_SUFFIX = {
    suffix: _Format(name, reader) for name, suffixes, reader in _FORMATS
    for suffix in suffixes.split()
}  # fmt: skip
