"""Collects rewritten lines, one for each line of the original, and fences code in them. Pure."""

import re
from collections.abc import Sequence

_TICKS = re.compile(r"`{3,}")


class Fencing:
    """``begin`` and ``close`` take the place of the lines that mark a block of code."""

    def __init__(self, original: Sequence[str]) -> None:
        longest = max((len(run) for line in original for run in _TICKS.findall(line)), default=2)
        self.open = False
        self._fence = "`" * (longest + 1)
        self._lines: list[str] = []

    def put(self, line: str) -> None:
        """Adds a line; outside code, a line that would be a fence becomes text."""
        if not self.open and line.lstrip().startswith(("```", "~~~")):
            line = f"\\{line.lstrip()}"
        self._lines.append(line)

    def begin(self, language: str, row: int) -> None:
        """Row ``row`` begins code. Nothing happens to the rows before it."""
        del self._lines[row:]
        word = re.match(r"[\w+#.-]{0,30}", language)
        self._lines.append(f"{self._fence}{word[0] if word else ''}")
        self.open = True

    def close(self) -> None:
        self._lines.append(self._fence)
        self.open = False

    def text(self) -> str:
        """A block that is still open ends with the text."""
        if self.open:
            self.close()
        return "\n".join(self._lines)
