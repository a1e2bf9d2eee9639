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
_CONTINUATION = bytes(range(0x80, 0xC0))  # bytes that continue a character in UTF-8


def split_lines(source: str) -> list[str]:
    """Lines with their ends; after a final line end comes an empty line, as in an editor."""
    # The search stops at the last line end; behind it, it would start again at every character.
    after = max(source.rfind("\n"), source.rfind("\r")) + 1
    return [*_LINE.findall(source, 0, after), source[after:]]


def clean(text: str) -> str:
    """Replaces lone surrogates, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def locate(lines: Sequence[str], position: Position, encoding: Encoding) -> Place:
    """The place of a position; a position outside the document means its nearest end."""
    if position.line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    content = lines[position.line].rstrip("\r\n")
    if content.isascii():
        return position.line, min(position.character, len(content))
    return position.line, _column(content, position.character, encoding)


def span(lines: Sequence[str], place: Range, encoding: Encoding) -> tuple[Place, Place]:
    """Start and end of a range, in order."""
    start, end = sorted(locate(lines, p, encoding) for p in (place.start, place.end))
    return start, end


def position(lines: Sequence[str], place: Place, encoding: Encoding) -> Position:
    """The position of a place: the inverse of ``locate``."""
    line, column = place
    before = lines[line][:column] if line < len(lines) else ""
    return Position(line, _units(before, encoding))


def between(lines: Sequence[str], start: Place, end: Place) -> str:
    text = "".join(lines[start[0] : end[0] + 1])
    return text[start[1] : len(text) - (len(lines[end[0]]) - end[1])]


def last_line(start: Place, end: Place) -> int:
    """The last line that a range touches. An end at column 0 does not touch its line."""
    return end[0] - 1 if end[1] == 0 and end[0] > start[0] else end[0]


def _column(content: str, units: int, encoding: Encoding) -> int:
    """The character that contains unit ``units``, or the end. It does not walk long lines in
    Python.
    """
    if encoding == PositionEncodingKind.Utf32:
        return min(units, len(content))
    content = content[: units + 1]  # every character is at least one unit
    if encoding == PositionEncodingKind.Utf8:
        encoded = content.encode("utf-8", "surrogatepass")
        if units >= len(encoded):
            return len(content)
        return len(encoded[: units + 1].translate(None, _CONTINUATION)) - 1
    encoded = content.encode("utf-16-le", "surrogatepass")
    if units * 2 >= len(encoded):
        return len(content)
    column = len(encoded[: units * 2].decode("utf-16-le", "surrogatepass"))
    inside = len(encoded[: units * 2 + 2].decode("utf-16-le", "surrogatepass")) == column
    return column - 1 if inside else column


def _units(text: str, encoding: Encoding) -> int:
    if encoding == PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    if encoding == PositionEncodingKind.Utf32 or text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
