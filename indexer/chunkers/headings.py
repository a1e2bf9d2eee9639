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
from indexer.screening.outline import outline
from indexer.types import Chunk, Document, Ruler

_PLACE = re.compile(r"(?:#([^\s{}]+)|line=(\d{1,9}))\}")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")


@dataclass(slots=True)
class Section:
    """The text under a heading. ``line`` is 1-based: the first line after the heading."""

    path: tuple[str, ...]  # headings from the first of the page down to this one
    line: int
    lines: list[str] = field(default_factory=list)
    anchor: str = ""
    original: int | None = None  # 1-based line of the heading in the original
    # In Markdown: first rows of code within ``lines``, with the rows after it, and those of fences
    # that nothing closes.
    code: dict[int, int] | None = None
    unclosed: set[int] = field(default_factory=set)

    def blocks(self) -> list[Block]:
        return blocks("\n".join(self.lines), self.code, self.unclosed)


class HeadingChunker:
    """Makes chunks that fit the ruler together with their heading. Only code may be longer, up to
    ``limit.LONGEST``.
    """

    def __init__(self, ruler: Ruler = CHARACTERS) -> None:
        self._ruler = ruler

    def chunks(self, document: Document) -> Iterator[Chunk]:
        everything = sections(document.text, document.language)
        parts = [part for section in everything for part in section.blocks()]
        summary, example = first_paragraph(parts), first_example(parts)
        for section in everything:
            path = section.path
            if path and path[0] == document.title:  # the title of the page is no section of its own
                path = path[1:]
            breadcrumb = " › ".join((*document.breadcrumb, *path[:-1]))
            limit = self._ruler.room(" › ".join((breadcrumb or document.title, *path[-1:])))
            uri, line = _cited(document, section)
            for piece in pack(_placed(section), limit, self._ruler):
                if not piece.text.strip():
                    continue  # a part of a line of blanks
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
    return next((section.path[0] for section in sections(text, language) if section.path), "")


def sections(text: str, language: str) -> list[Section]:
    """The sections of a page; see ``Document.language``."""
    if language in {"markdown", "rendered"}:
        return markdown_sections(text, made=language == "rendered")
    return restructured_sections(text)


def markdown_sections(text: str, *, made: bool = False) -> list[Section]:
    """The sections of a Markdown page. ``made`` is as for ``outline``."""
    lines = text.split("\n")
    found_in = outline(text, made=made)
    headings: list[tuple[int, str]] = []
    at = 0
    found = [Section((), 1, code={})]
    while at < len(lines):
        heading = found_in.headings.get(at)
        end = found_in.code.get(at, at + 1)
        if heading is not None:
            _enter(found, headings, heading.level, heading.text, heading.end + 1)
            found[-1].code = {}
            at = heading.end
            continue
        if at in found_in.code:
            row = len(found[-1].lines)
            code = found[-1].code
            assert code is not None
            code[row] = row + end - at
            if at in found_in.unclosed:
                found[-1].unclosed.add(row)
        found[-1].lines += lines[at:end]
        at = end
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


def _cited(document: Document, section: Section) -> tuple[str, int | None]:
    """Where a citation opens, and the line when it is the same for the whole section."""
    if document.line is None and section.anchor:
        return f"{document.uri}#{section.anchor}", None
    return document.uri, section.original


def _placed(section: Section) -> Iterator[Block]:
    for part in section.blocks():
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


def _is_underlined(line: str, under: str) -> bool:
    return bool(
        line.strip()
        and not line.startswith(" ")
        and _ADORNMENT.match(under)
        and not _ADORNMENT.match(line)
        and len(under.rstrip()) >= len(line.rstrip())
    )
