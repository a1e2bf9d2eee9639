"""Finds the code in an answer while it streams: fenced blocks and inline code. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"\s{0,3}(?:[-*+]\s|\d{1,2}[.)]\s)?\s*(`{3,}|~{3,})")
_INLINE = re.compile(r"`([^`\n]{1,500})`")
_PROMPT = re.compile(r"\s*(?:>>>|\.\.\.)(?: |$)")
_LONGEST = 20_000  # characters of one block; a longer one is no example, and is left alone


def closes(line: str, fence: str) -> bool:
    """Whether a line ends the block that these marks have opened."""
    marks = FENCE.match(line)
    return bool(marks and marks[1].startswith(fence) and not line.strip().strip(fence[0]))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code, and where it begins in the answer, in characters."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Code:
    """A whole block, or what stands between two backticks in a line of prose."""

    lines: tuple[Line, ...]
    language: str = ""
    block: bool = False

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


class CodeSpans:
    """``feed`` what the reader sees; it returns the code that is now complete."""

    def __init__(self) -> None:
        self._seen = 0  # characters of the answer in lines that are complete
        self._line: list[str] = []
        self._fence = ""  # its marks, inside of a block
        self._language = ""
        self._lines: list[Line] = []
        self._size = 0

    def feed(self, text: str) -> Iterator[Code]:
        *whole, rest = text.split("\n")
        for part in whole:
            self._line.append(part)
            line, self._line = "".join(self._line), []
            yield from self._take(line)
            self._seen += len(line) + 1
        self._line.append(rest)

    def flush(self) -> Iterator[Code]:
        """The end of the answer, which may have cut a block off."""
        line, self._line = "".join(self._line), []
        if line:
            yield from self._take(line)
        if self._fence:
            yield self._closed()

    def _take(self, line: str) -> Iterator[Code]:
        if self._fence:
            if closes(line, self._fence):
                yield self._closed()
            else:
                self._size += len(line) + 1
                if self._size < _LONGEST:
                    self._lines.append(Line(line, self._seen))
        elif marks := FENCE.match(line):
            self._fence, self._size = marks[1], 0
            self._language = line[marks.end() :].strip().partition(" ")[0].lower()
        else:
            for found in _INLINE.finditer(line):
                yield Code((Line(found[1], self._seen + found.start(1)),))

    def _closed(self) -> Code:
        lines, self._lines, self._fence = self._lines, [], ""
        if self._size >= _LONGEST:
            lines = []
        return Code(tuple(_bare(lines)), self._language, block=True)


def _bare(lines: list[Line]) -> Iterator[Line]:
    """Without the prompts of a session and its output, and without a common indentation."""
    if any(line.text.lstrip().startswith(">>>") for line in lines):
        for line in lines:
            if prompt := _PROMPT.match(line.text):
                yield Line(line.text[prompt.end() :], line.start + prompt.end())
        return
    indents = [len(each.text) - len(each.text.lstrip()) for each in lines if each.text.strip()]
    common = min(indents, default=0)
    for line in lines:
        yield Line(line.text[common:], line.start + min(common, len(line.text)))
