"""Splits text into blocks that may stand alone: paragraphs and whole code blocks. Pure.

It knows what Markdown, reStructuredText and docstrings share: fences, doctests, indented literal
blocks, blank lines.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.chunkers.tables import Table, indent, table
from indexer.screening.fences import fenced
from indexer.types import Ruler

# The bundled embedder sees 256 tokens, which is about 800 characters of text with code in it.
LIMIT = 800

FENCE = re.compile(r"\s*(```+|~~~+)")
_INTRODUCES_CODE = re.compile(r"(^\s*\.\. (code|code-block|sourcecode|ipython|doctest)::.*|::)\s*$")


@dataclass(frozen=True, slots=True)
class Characters:
    """A ``Ruler`` that needs no tokenizer. ``limit`` leaves room for a heading of usual length."""

    limit: int = LIMIT

    def size(self, text: str) -> int:
        return len(text)

    def room(self, heading: str) -> int:
        return self.limit


CHARACTERS = Characters()


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together; ``line`` is the 0-based number of the first one."""

    text: str
    line: int
    code: bool = False


def blocks(
    page: str, fences: Mapping[int, int] | None = None, unclosed: Collection[int] = ()
) -> list[Block]:
    """The blocks of a page, in order, without the blank lines between them.

    ``fences`` gives the first row of each block of code and the row after it, where that is known.
    Those that are ``unclosed`` are closed here.
    """
    lines = page.split("\n")
    if fences is None:
        fences = dict(fenced(page, markdown=False))
    found: list[Block] = []
    texts: list[str] = []  # paragraphs of the last block, which are joined once it is complete
    at = 0
    literal_indent: int | None = None  # indentation of the paragraph that announced a literal block
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        if at in fences:
            end = fences[at]
        elif literal_indent is not None and indent(lines[at]) > literal_indent:
            end = _end_of_indented(lines, at, literal_indent)
        else:
            end = _end_of_paragraph(lines, at, fences)
        code = (
            at in fences
            or (literal_indent is not None and indent(lines[at]) > literal_indent)
            or lines[at].lstrip().startswith(">>>")
        )
        text = "\n".join(lines[at:end]).rstrip()
        if at in unclosed and (mark := FENCE.match(lines[at])):
            text = f"{text}\n{mark[1]}"
        if found and not code and not found[-1].code and indent(lines[at]):
            texts.append(text)  # a further paragraph of the same list item or parameter
        else:
            if found:
                found[-1] = Block("\n\n".join(texts), found[-1].line, found[-1].code)
            found.append(Block(text, at, code))
            texts = [text]
        last = lines[end - 1]
        announces = not code and _INTRODUCES_CODE.search(last)
        literal_indent = indent(last) if announces else None
        at = end
    if found:
        found[-1] = Block("\n\n".join(texts), found[-1].line, found[-1].code)
    return found


def pack(parts: Iterable[Block], limit: int = LIMIT, ruler: Ruler = CHARACTERS) -> Iterator[Block]:
    """Joins neighbours while they fit ``limit``, as the ruler measures, and cuts prose that does
    not.

    Code is never cut here; ``limit`` does that.
    """
    held: list[Block] = []
    size = 0
    for part in parts:
        for piece in [part] if part.code else _cut_prose(part, limit, ruler):
            length = ruler.size(f"{piece.text}\n\n")
            if held and size + length > limit:
                yield _join(held)
                held, size = [], 0
            held.append(piece)
            size += length
    if held:
        yield _join(held)


def first_example(parts: Sequence[Block], limit: int = LIMIT) -> str:
    """The first code of a document and the code that directly continues it, in whole statements."""
    at = next((i for i, part in enumerate(parts) if part.code), None)
    if at is None:
        return ""
    example = _cut_code(_without_fence(parts[at].text), limit)
    for part in parts[at + 1 :]:
        if not part.code or not _only_prepares(example):
            break
        joined = f"{example}\n{_without_fence(part.text)}"
        if len(joined) > limit:
            break
        example = joined
    return example


def first_paragraph(parts: Sequence[Block], limit: int = 400) -> str:
    """The first prose on one line, cut at a word."""
    prose = (part.text for part in parts if not part.code and not part.text.startswith(".. "))
    text = " ".join(next(prose, "").split())
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0] + " …"


def _join(parts: list[Block]) -> Block:
    return Block(
        "\n\n".join(part.text for part in parts), parts[0].line, all(part.code for part in parts)
    )


def _end_of_indented(lines: list[str], at: int, outer: int) -> int:
    end = at
    for i in range(at, len(lines)):
        if lines[i].strip():
            if indent(lines[i]) <= outer:
                break
            end = i + 1
    return end


def _end_of_paragraph(lines: list[str], at: int, fences: Collection[int]) -> int:
    for end in range(at + 1, len(lines)):
        if not lines[end].strip() or end in fences:
            return end
    return len(lines)


def _cut_prose(part: Block, limit: int, ruler: Ruler) -> Iterator[Block]:
    """Cuts prose to the limit; where it can, a list entry keeps its indented lines."""
    if ruler.size(part.text) <= limit:
        yield part
        return
    rows = table(part.text)
    if rows is not None and ruler.size("\n".join((*rows.head, *rows.foot))) <= limit // 2:
        yield from _cut_table(rows, part.line, limit, ruler)
        return
    lines = [
        Block(piece, part.line + i)
        for i, line in enumerate(part.text.split("\n"))
        for piece in _cut_line(line, limit, ruler)
    ]
    outer = min(indent(line.text) for line in lines if line.text.strip())
    entries: list[list[Block]] = []
    for line in lines:
        if not entries or (line.text.strip() and indent(line.text) == outer):
            entries.append([])
        entries[-1].append(line)
    held: list[Block] = []
    size = 0
    for entry in entries:
        whole = _size(entry, ruler)
        for piece in [entry] if whole <= limit else [[line] for line in entry]:
            length = whole if piece is entry else _size(piece, ruler)
            if held and size + length > limit:
                yield Block("\n".join(line.text for line in held), held[0].line)
                held, size = [], 0
            held += piece
            size += length
    if held:
        yield Block("\n".join(line.text for line in held), held[0].line)


def _cut_table(whole: Table, first: int, limit: int, ruler: Ruler) -> Iterator[Block]:
    """Pieces of whole rows, below the header rows; only a row that does not fit alone is cut."""
    around = ruler.size("\n".join((*whole.head, *whole.foot, "")))
    held: list[str] = []
    at = size = 0
    begun = False
    for number, row in whole.rows:
        length = ruler.size("\n".join((*row, "")))
        if held and around + size + length > limit:
            yield _piece_of_table(whole, held, first + at)
            held, size = [], 0
        if not held:  # the first piece is cited at the head of the table
            at, begun = number if begun else 0, True
        if around + length > limit:
            for line in row:
                for piece in _cut_line(line, limit - around, ruler):
                    yield _piece_of_table(whole, [piece], first + at)
            continue
        held += row
        size += length
    if held:
        yield _piece_of_table(whole, held, first + at)


def _piece_of_table(whole: Table, rows: Sequence[str], line: int) -> Block:
    return Block("\n".join((*whole.head, *rows, *whole.foot)).rstrip(), line)


def _cut_line(line: str, limit: int, ruler: Ruler) -> Iterator[str]:
    """Halves a line until each piece fits, at a blank where there is one."""
    waiting = [line]
    while waiting:
        piece = waiting.pop()
        if len(piece) < 2 or ruler.size(piece) <= limit:
            yield piece
            continue
        middle = len(piece) // 2
        at = piece.find(" ", middle, middle + middle // 2) + 1 or middle
        waiting += [piece[at:], piece[:at]]


def _size(lines: Iterable[Block], ruler: Ruler) -> int:
    return sum(ruler.size(f"{line.text}\n") for line in lines)


def _cut_code(text: str, limit: int) -> str:
    """The whole lines within the limit; of a doctest, the whole statements."""
    if len(text) <= limit:
        return text
    lines = text[: limit + 1].split("\n")[:-1]
    if lines and lines[0].lstrip().startswith(">>>"):
        starts = [i for i, line in enumerate(lines) if line.lstrip().startswith(">>>")]
        if len(starts) > 1:
            lines = lines[: starts[-1]]
    return "\n".join(lines)


def _without_fence(text: str) -> str:
    lines = text.split("\n")
    if not FENCE.match(lines[0]):
        return text
    closed = len(lines) > 1 and FENCE.match(lines[-1]) is not None
    return "\n".join(lines[1:-1] if closed else lines[1:])


def _only_prepares(example: str) -> bool:
    """Whether a doctest has shown no result yet, such as one that only imports."""
    lines = [line.lstrip() for line in example.split("\n")]
    return lines[0].startswith(">>>") and all(line.startswith((">>>", "...")) for line in lines)
