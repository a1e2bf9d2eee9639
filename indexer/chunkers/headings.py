"""Cuts pages by their headings: Markdown and reStructuredText, which plain text resembles. Pure.

When a page is cited by line, each chunk knows the line of its first block. Other formats are read
as Markdown, in which headings say where a citation opens, in the notation of MkDocs and Pandoc:
``## Install {#install}`` for an anchor, ``{line=12}`` for a line of the original.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from indexer.chunkers.blocks import (
    CHARACTERS,
    Block,
    blocks,
    first_example,
    first_paragraph,
    pack,
)
from indexer.screening.fences import fenced
from indexer.types import Chunk, Document, Ruler

_ATX = re.compile(r"#{1,6}(?=\s)")
_PLACE = re.compile(r"(?:#([^\s{}]+)|line=(\d{1,9}))\}")
_SETEXT = re.compile(r"(=+|-{2,})\s*$")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")


@dataclass(slots=True)
class Section:
    """The text under a heading. ``line`` is 1-based: the first line after the heading."""

    path: tuple[str, ...]  # headings from the first of the page down to this one
    line: int
    lines: list[str] = field(default_factory=list)
    anchor: str = ""
    original: int | None = None  # 1-based line of the heading in the original

    def blocks(self, *, markdown: bool) -> list[Block]:
        return blocks("\n".join(self.lines), markdown=markdown)


class HeadingChunker:
    """Makes chunks that fit the ruler together with their heading. Only code may be longer, up to
    ``limit.LONGEST``.
    """

    def __init__(self, ruler: Ruler = CHARACTERS) -> None:
        self._ruler = ruler

    def chunks(self, document: Document) -> Iterator[Chunk]:
        everything = list(_sections(document))
        markdown = document.language == "markdown"
        parts = [part for section in everything for part in section.blocks(markdown=markdown)]
        summary, example = first_paragraph(parts), first_example(parts)
        for section in everything:
            path = section.path
            if path and path[0] == document.title:  # the title of the page is no section of its own
                path = path[1:]
            breadcrumb = " › ".join((*document.breadcrumb, *path[:-1]))
            limit = self._ruler.room(" › ".join((breadcrumb or document.title, *path[-1:])))
            uri, line = _cited(document, section)
            for piece in pack(_placed(section, markdown=markdown), limit, self._ruler):
                yield Chunk(
                    source=document.source,
                    uri=uri,
                    title=document.title,
                    text=piece.text,
                    kind=document.kind,
                    breadcrumb=breadcrumb,
                    version=document.version,
                    summary=summary,
                    example=example,
                    section=path[-1] if path else "",
                    line=line or (document.line and piece.line),
                )


def title(text: str, language: str) -> str:
    """The first heading of a page; empty when it has none."""
    read = markdown_sections if language == "markdown" else restructured_sections
    return next((section.path[0] for section in read(text) if section.path), "")


def markdown_sections(text: str) -> list[Section]:
    """The sections of a Markdown page, without front matter. It finds no
    headings in fenced code.
    """
    lines = text.split("\n")
    at = _end_of_front_matter(lines)
    headings: list[tuple[int, str]] = []
    found = [Section((), at + 1)]
    fences = {at + first: at + after for first, after in fenced("\n".join(lines[at:]))}
    while at < len(lines):
        if at in fences:
            found[-1].lines += lines[at : fences[at]]
            at = fences[at]
            continue
        line = lines[at]
        atx = _ATX.match(line)
        setext = None if at + 1 == len(lines) else _SETEXT.match(lines[at + 1])
        alone = at == 0 or not lines[at - 1].strip()
        if atx:
            _enter(found, headings, atx.end(), _heading(line[atx.end() :]), at + 2)
        elif setext and alone and line.strip() and not line.startswith((" ", "|", "-", ">", "#")):
            _enter(found, headings, 1 if lines[at + 1][0] == "=" else 2, line.strip(), at + 3)
            at += 1
        else:
            found[-1].lines.append(line)
        at += 1
    return found


def restructured_sections(text: str) -> list[Section]:
    """The sections of a reStructuredText page. The first adornment to
    appear has the highest rank.
    """
    lines = [*text.split("\n"), "", ""]
    headings: list[tuple[int, str]] = []
    styles: list[str] = []
    found = [Section((), 1)]
    at = 0
    while at < len(lines) - 2:
        over = bool(
            _ADORNMENT.match(lines[at])
            and lines[at + 1].strip()
            and lines[at + 2].rstrip() == lines[at].rstrip()
        )
        line, under = (lines[at + 1], lines[at + 2]) if over else (lines[at], lines[at + 1])
        alone = at == 0 or not lines[at - 1].strip()
        if over or (alone and _is_underlined(line, under)):
            style = under[0] * (2 if over else 1)
            if style not in styles:
                styles.append(style)
            size = 3 if over else 2
            _enter(found, headings, styles.index(style), line.strip(), at + size + 1)
            at += size
        else:
            found[-1].lines.append(lines[at])
            at += 1
    return found


def _sections(document: Document) -> list[Section]:
    read = markdown_sections if document.language == "markdown" else restructured_sections
    return read(document.text)


def _cited(document: Document, section: Section) -> tuple[str, int | None]:
    """Where a citation opens, and the line when it is the same for the whole section."""
    if document.line is None and section.anchor:
        return f"{document.uri}#{section.anchor}", None
    return document.uri, section.original


def _placed(section: Section, *, markdown: bool) -> Iterator[Block]:
    for part in section.blocks(markdown=markdown):
        yield replace(part, line=section.line + part.line)


def _enter(
    found: list[Section], headings: list[tuple[int, str]], level: int, name: str, line: int
) -> None:
    """Opens a section below the headings above ``level``, and removes the place from its name."""
    while headings and headings[-1][0] >= level:
        headings.pop()
    words, brace, attribute = name.rpartition("{")
    place = _PLACE.fullmatch(attribute) if brace else None
    headings.append((level, words.rstrip() if place else name))
    section = Section(tuple(heading for _, heading in headings), line)
    if place:
        section.anchor = place[1] or ""
        section.original = int(place[2]) if place[2] else None
    found.append(section)


def _heading(text: str) -> str:
    """The heading without closing marks; those of ``C#`` belong to the name."""
    name = text.strip()
    open_end = name.rstrip("#")
    return open_end.rstrip() if not open_end or open_end[-1].isspace() else name


def _is_underlined(line: str, under: str) -> bool:
    return bool(
        line.strip()
        and not line.startswith(" ")
        and _ADORNMENT.match(under)
        and not _ADORNMENT.match(line)
        and len(under.rstrip()) >= len(line.rstrip())
    )


def _end_of_front_matter(lines: list[str]) -> int:
    if lines[0].rstrip() != "---":
        return 0
    return next((i + 1 for i in range(1, len(lines)) if lines[i].rstrip() == "---"), 0)
