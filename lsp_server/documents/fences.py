"""Separates code from prose while an answer streams: the first fenced block is the code. Pure."""

import re
from collections.abc import Iterator
from typing import Literal

Kind = Literal["code", "prose"]

_OPENING = re.compile(r" {0,3}(?:(`{3,}+)[^`\r\n]*+|(~{3,}+)[^\r\n]*+)\r?\n")


class Fences:
    """Takes pieces of text and says for each part whether it is code or prose.

    It holds back at most the current line, while that could still become a fence. A block that is
    never closed is code as well, because the answer stopped at its length limit.
    """

    def __init__(self) -> None:
        self.code = ""
        self.prose = ""
        self.closed = False
        self._fence = ""  # the fence that opened the current block
        self._line = ""  # the part of the current line that is held back
        self._passed = False  # whether the beginning of the current line was passed on

    def feed(self, text: str) -> Iterator[tuple[Kind, str]]:
        for line in text.splitlines(keepends=True):
            self._line += line
            if self._line.endswith("\n"):
                whole, self._line = self._line, ""
                yield from self._take(whole)
            elif not self._may_be_fence(self._line):
                passed, self._line = self._line, ""
                yield from self._pass(passed)

    def end(self) -> Iterator[tuple[Kind, str]]:
        """Returns what was still held back."""
        rest, self._line = self._line, ""
        if rest:
            yield from self._take(rest)

    def _take(self, line: str) -> Iterator[tuple[Kind, str]]:
        if not self._may_be_fence(line):
            pass
        elif self._fence:
            stripped = line.strip()
            if len(stripped) >= len(self._fence) and set(stripped) == {self._fence[0]}:
                self._fence, self.closed = "", True
                return
        elif opening := _OPENING.fullmatch(line):
            self._fence = opening[1] or opening[2]
            return
        yield from self._pass(line)

    def _pass(self, text: str) -> Iterator[tuple[Kind, str]]:
        self._passed = not text.endswith("\n")
        if self._fence:
            self.code += text
            yield "code", text
        else:
            self.prose += text
            yield "prose", text

    def _may_be_fence(self, line: str) -> bool:
        """Whether a line may be a fence: indented by at most three blanks (CommonMark 4.5)."""
        if self.closed or self._passed:
            return False
        start = line[:4].lstrip(" ")  # only the beginning, because the line may grow long
        return start[:1] in ("", "`", "~") and not line.startswith("    ")
