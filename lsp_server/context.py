"""From a document and a place in it to what the backend is told of them. Pure.

Positions come in the encoding that client and server agreed on, lines end as LSP says
(``\\n``, ``\\r\\n``, ``\\r`` and nothing else), and a range's end is exclusive.
"""

import re

from lsprotocol.types import Position, PositionEncodingKind, Range

from backend import wire

EXCERPT_CHARACTERS = 6000

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)")
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<module>\w[\w.]*)[ \t]+import\b"
    r"|import[ \t]+(?P<modules>\w[^#;\r\n]*))",
    re.MULTILINE,
)


def context_at(
    uri: str,
    language: str,
    source: str,
    place: Range,
    encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16,
    budget: int = EXCERPT_CHARACTERS,
) -> wire.Context:
    """The excerpt around ``place`` (a selection, or a cursor where it is empty), at most
    ``budget`` characters of whole lines; of a longer single line, the part around the cursor.

    The selection itself is never cut. Positions outside the document mean its nearest end.
    """
    lines = split_lines(source)
    start, end = sorted(_locate(lines, p, encoding) for p in (place.start, place.end))
    last_line = end[0]
    if end[1] == 0 and end[0] > start[0]:
        last_line -= 1  # nothing of the line that an exclusive end at column 0 names
    first, text = _excerpt(lines, start, last_line, budget)
    selected = _between(lines, start, end)
    selection = None
    if selected.strip():
        selection = wire.Selection(
            text=clean(selected), first_line=start[0] + 1, last_line=last_line + 1
        )
    return wire.Context(
        uri=uri,
        language=language,
        text=clean(text),
        first_line=first + 1,
        selection=selection,
        packages=imported_packages(source) if language == "python" else (),
    )


def split_lines(source: str) -> list[str]:
    """Lines with their ends; after a final line end comes an empty line, as in an editor."""
    last_end = max(source.rfind("\n"), source.rfind("\r"))
    return [*_LINE.findall(source), source[last_end + 1 :]]


def clean(text: str) -> str:
    """Without lone surrogates, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def imported_packages(source: str) -> tuple[str, ...]:
    """Top-level packages that Python code imports, in order; relative imports are not packages.

    Read line by line: code that is being typed rarely parses, and parsing costs a hundred times
    as much, before the question is even sent. An import quoted in a docstring counts too.
    """
    modules: dict[str, None] = {}
    for found in _IMPORT.finditer(source):
        names = [found["module"]] if found["module"] else found["modules"].split(",")
        modules.update((name.split(".")[0].split()[0], None) for name in names if name.strip())
    return tuple(modules)


def _locate(
    lines: list[str], position: Position, encoding: PositionEncodingKind | str
) -> tuple[int, int]:
    """Line and column in code points, within the document."""
    if position.line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    content = lines[position.line].rstrip("\r\n")
    units = 0
    for column, character in enumerate(content):
        units += _width(character, encoding)
        if units > position.character:
            return position.line, column
    return position.line, len(content)


def _width(character: str, encoding: PositionEncodingKind | str) -> int:
    if encoding == PositionEncodingKind.Utf8:
        return len(character.encode("utf-8", "surrogatepass"))
    if encoding == PositionEncodingKind.Utf32:
        return 1
    return 2 if character > "\uffff" else 1


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    text = "".join(lines[start[0] : end[0] + 1])
    return text[start[1] : len(text) - (len(lines[end[0]]) - end[1])]


def _excerpt(
    lines: list[str], start: tuple[int, int], last_line: int, budget: int
) -> tuple[int, str]:
    """The first line (from 0) and the text: the selected lines and, in turns, those around."""
    first, after = start[0], last_line + 1
    used = sum(map(len, lines[first:after]))
    if used > budget:  # the selection goes whole beside the excerpt: start from its first line
        after = first + 1
        used = len(lines[first])
    if used > budget:
        begin = max(0, min(start[1] - budget // 2, used - budget))
        return first, lines[first][begin : begin + budget]
    above = below = True
    while above or below:
        above = above and first > 0 and used + len(lines[first - 1]) <= budget
        if above:
            first -= 1
            used += len(lines[first])
        below = below and after < len(lines) and used + len(lines[after]) <= budget
        if below:
            used += len(lines[after])
            after += 1
    return first, "".join(lines[first:after])
