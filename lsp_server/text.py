"""Lines and positions as LSP counts them. Pure.

A line ends with ``\\n``, ``\\r\\n`` or ``\\r`` and nothing else, a range's end is exclusive, and
columns are in the encoding that client and server agreed on; in here they are code points.
"""

import re
from collections.abc import Sequence

from lsprotocol.types import Position, PositionEncodingKind, Range

Encoding = PositionEncodingKind | str
Place = tuple[int, int]  # line and column, from 0, in code points

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)")


def split_lines(source: str) -> list[str]:
    """Lines with their ends; after a final line end comes an empty line, as in an editor."""
    last_end = max(source.rfind("\n"), source.rfind("\r"))
    return [*_LINE.findall(source), source[last_end + 1 :]]


def clean(text: str) -> str:
    """Without lone surrogates, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def locate(lines: Sequence[str], position: Position, encoding: Encoding) -> Place:
    """The place of a position; one outside the document means its nearest end."""
    if position.line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    content = lines[position.line].rstrip("\r\n")
    if content.isascii():
        return position.line, min(position.character, len(content))
    units = 0
    for column, character in enumerate(content):
        units += _width(character, encoding)
        if units > position.character:
            return position.line, column
    return position.line, len(content)


def span(lines: Sequence[str], place: Range, encoding: Encoding) -> tuple[Place, Place]:
    """Start and end of a range, in order."""
    start, end = sorted(locate(lines, p, encoding) for p in (place.start, place.end))
    return start, end


def position(lines: Sequence[str], place: Place, encoding: Encoding) -> Position:
    """The inverse of ``locate``."""
    line, column = place
    before = lines[line][:column] if line < len(lines) else ""
    return Position(line, sum(_width(character, encoding) for character in before))


def between(lines: Sequence[str], start: Place, end: Place) -> str:
    text = "".join(lines[start[0] : end[0] + 1])
    return text[start[1] : len(text) - (len(lines[end[0]]) - end[1])]


def last_line(start: Place, end: Place) -> int:
    """The last line of which a range holds anything: an end at column 0 is not of its line."""
    return end[0] - 1 if end[1] == 0 and end[0] > start[0] else end[0]


def _width(character: str, encoding: Encoding) -> int:
    if encoding == PositionEncodingKind.Utf8:
        return len(character.encode("utf-8", "surrogatepass"))
    if encoding == PositionEncodingKind.Utf32:
        return 1
    return 2 if character > "\uffff" else 1
