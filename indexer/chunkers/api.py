"""Cuts API entries by the sections of their docstring: numpydoc and Google style. Pure.

The first chunk of an entry holds its signature, summary and description, because most questions are
about them. Short sections share a chunk, because every chunk costs an embedding.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.chunkers.blocks import (
    CHARACTERS,
    Block,
    blocks,
    first_example,
    first_paragraph,
    pack,
)
from indexer.types import Chunk, Document, Ruler

_UNDERLINE = re.compile(r"([-=~^])\1{2,}\s*$")
_GOOGLE = re.compile(
    r"(Args|Arguments|Attributes|Examples?|Keyword Args|Notes?|Other Parameters|Parameters|Raises|"
    r"Returns?|Todo|Warns|Warnings?|Yields?):\s*$"
)
# These sections name other entries with one-line summaries. A chunk of them would be found in place
# of those entries.
_LEFT_OUT = {"see also", "references"}


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    text: str


class ApiChunker:
    """Makes chunks that fit the ruler together with their heading. Only code may be longer, up to
    ``limit.LONGEST``.
    """

    def __init__(self, ruler: Ruler = CHARACTERS) -> None:
        self._ruler = ruler

    def chunks(self, document: Document) -> Iterator[Chunk]:
        head, *rest = _sections(document.text)
        description = blocks(head.text)
        examples = [section for section in rest if section.title.startswith("Example")]
        example = first_example([part for section in examples for part in blocks(section.text)])
        summary = first_paragraph(description) or next((section.title for section in rest), "")
        breadcrumb = " › ".join(document.breadcrumb)
        limit = self._ruler.room(breadcrumb or document.title)
        for titles, text in self._pieces(document.signature, description, rest, limit):
            yield Chunk(
                source=document.source,
                uri=document.uri,
                title=document.title,
                text=text,
                kind=document.kind,
                breadcrumb=breadcrumb,
                version=document.version,
                symbol=document.symbol,
                signature=document.signature,
                summary=summary,
                example=example or first_example(description),
                section=", ".join(titles),
                line=document.line,
            )

    def _pieces(
        self, signature: str, description: list[Block], sections: list[_Section], limit: int
    ) -> Iterator[tuple[list[str], str]]:
        """Section titles and text of each chunk; the first one is untitled."""
        start = [Block(signature, 0)] if signature else []
        for piece in pack([*start, *description], limit, self._ruler):
            yield [], piece.text
        titles: list[str] = []
        texts: list[str] = []
        for section in sections:
            if section.title.lower() in _LEFT_OUT:
                continue
            for piece in pack(blocks(section.text), limit, self._ruler):
                size = sum(map(self._ruler.size, (*texts, piece.text)))
                if texts and size > limit:
                    yield titles, "\n\n".join(texts)
                    titles, texts = [], []
                heading = f"{section.title}:\n" if texts and section.title not in titles else ""
                if section.title not in titles:
                    titles.append(section.title)
                texts.append(heading + piece.text)
        if texts:
            yield titles, "\n\n".join(texts)


def _sections(text: str) -> list[_Section]:
    """The untitled beginning, then every section; titles come without underline or colon."""
    lines = text.split("\n")
    found: list[tuple[str, list[str]]] = [("", [])]
    at = 0
    while at < len(lines):
        line = lines[at]
        following = lines[at + 1] if at + 1 < len(lines) else ""
        google = _GOOGLE.match(line)
        if _UNDERLINE.match(line) and _is_title(following):
            at += 1  # skips the line above a title
            continue
        if _is_title(line) and _UNDERLINE.match(following):
            found.append((line.strip(), []))
            at += 1
        elif google and following.startswith(" "):
            found.append((google.group(1), []))
        else:
            found[-1][1].append(line)
        at += 1
    return [_Section(title, "\n".join(body).strip("\n")) for title, body in found]


def _is_title(line: str) -> bool:
    return bool(line.strip()) and not line.startswith((" ", ">>>", "|", "+", "=", "-"))
