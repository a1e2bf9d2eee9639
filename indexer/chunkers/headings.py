"""Cuts pages by their headings: Markdown and reStructuredText (which plain text resembles). Pure.

A chunk knows the line of its own first block, so that a citation opens where it was read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from indexer.chunkers.blocks import LIMIT, Block, blocks, first_example, first_paragraph, pack
from indexer.types import Chunk, Document

_ATX = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_SETEXT = re.compile(r"(=+|-{2,})\s*$")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")


@dataclass(slots=True)
class Section:
    """The text under a heading; ``line`` is 1-based, of the first line after the heading."""

    path: tuple[str, ...]  # headings from the page's first to this one's
    line: int
    lines: list[str] = field(default_factory=list)


class HeadingChunker:
    """Chunks of at most ``limit`` characters, but for code that alone is longer."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def chunks(self, document: Document) -> Iterator[Chunk]:
        everything = list(_sections(document))
        parts = [part for section in everything for part in blocks("\n".join(section.lines))]
        summary, example = first_paragraph(parts), first_example(parts)
        for section in everything:
            path = section.path
            if path and path[0] == document.title:  # the page's title is not its own section
                path = path[1:]
            for piece in pack(_placed(section), self._limit):
                yield Chunk(
                    source=document.source,
                    uri=document.uri,
                    title=document.title,
                    text=piece.text,
                    kind=document.kind,
                    breadcrumb=" › ".join((*document.breadcrumb, *path[:-1])),
                    version=document.version,
                    summary=summary,
                    example=example,
                    section=path[-1] if path else "",
                    line=piece.line,
                )


def title(text: str, suffix: str) -> str:
    """The first heading of a page; empty when it has none."""
    read = markdown if suffix == ".md" else restructured
    return next((section.path[0] for section in read(text) if section.path), "")


def markdown(text: str) -> list[Section]:
    """Sections of a Markdown page; front matter is left out, fenced code is not searched."""
    lines = text.split("\n")
    at = _end_of_front_matter(lines)
    headings: list[tuple[int, str]] = []
    found = [Section((), at + 1)]
    fence = ""
    while at < len(lines):
        line = lines[at]
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        atx = None if fence or mark else _ATX.match(line)
        setext = None if fence or at + 1 == len(lines) else _SETEXT.match(lines[at + 1])
        alone = at == 0 or not lines[at - 1].strip()
        if atx:
            _enter(found, headings, len(atx.group(1)), atx.group(2), at + 2)
        elif setext and alone and line.strip() and not line.startswith((" ", "|", "-", ">", "#")):
            _enter(found, headings, 1 if lines[at + 1][0] == "=" else 2, line.strip(), at + 3)
            at += 1
        else:
            found[-1].lines.append(line)
        at += 1
    return found


def restructured(text: str) -> list[Section]:
    """Sections of a reStructuredText page; the order in which adornments appear ranks them."""
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
    read = markdown if PurePosixPath(document.uri).suffix == ".md" else restructured
    return read(document.text)


def _placed(section: Section) -> Iterator[Block]:
    for part in blocks("\n".join(section.lines)):
        yield replace(part, line=section.line + part.line)


def _enter(
    found: list[Section], headings: list[tuple[int, str]], level: int, name: str, line: int
) -> None:
    """Open a section under the headings that are above ``level``."""
    while headings and headings[-1][0] >= level:
        headings.pop()
    headings.append((level, name))
    found.append(Section(tuple(heading for _, heading in headings), line))


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
