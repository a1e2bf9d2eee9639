"""Keeps what the backend redacts out of files: no placeholder is ever written over a secret. Pure.

The backend takes secrets out of the code before the model reads it, so that a rewrite may hold
``<GITHUB_TOKEN_1>`` where the document has a token, or ``[email removed]`` where the model wrote an
address. The document still has the line that was meant, and that line goes back unchanged.
"""

import re
from collections.abc import Sequence

# backend.rails.placeholders and backend.rails.redaction write these.
_MARK = re.compile(r"<[A-Z0-9_]+_[0-9]+>|\[[A-Za-z0-9][\w ./-]{0,60} removed\]")


def marks(code: str, old: str) -> list[str]:
    """The marks of redaction in ``code`` that ``old`` did not have itself, each once."""
    return [mark for mark in dict.fromkeys(_MARK.findall(code)) if mark not in old]


def restored(old: str, code: str) -> tuple[str, list[str]]:
    """The code with the lines of ``old`` that its marks stand in, and why it cannot be applied.

    A line is taken from ``old`` where exactly one of its lines differs by the marks alone. It keeps
    the indentation of the code, which may be deeper than before.
    """
    found = marks(code, old)
    if not found:
        return code, []
    originals = list(dict.fromkeys(line.strip() for line in old.splitlines()))
    lines = code.splitlines(keepends=True)
    for row, line in enumerate(lines):
        if any(mark in line for mark in found):
            original = _original(line.strip(), found, originals)
            if original:
                lines[row] = line.replace(line.strip(), original)
    code = "".join(lines)
    return code, [
        f"The rewrite has {mark} where a value was kept back, and nobody can tell which line it "
        "was. Leave that line out of the selection."
        for mark in marks(code, old)
    ]


def _original(line: str, found: Sequence[str], originals: Sequence[str]) -> str:
    """The only line that ``line`` can have been before its marks were put in; "" for none."""
    for mark in found:
        line = line.replace(mark, "\n")
    parts = line.split("\n")
    fitting = [each for each in originals if _fits(parts, each)]
    return fitting[0] if len(fitting) == 1 else ""


def _fits(parts: Sequence[str], line: str) -> bool:
    """Whether the line has these parts in order, with something between each two, and no more.

    The first way to find them is as good as any. An expression would try them all.
    """
    first, *middle, last = parts
    if not line.startswith(first):
        return False
    at = len(first)
    for part in middle:
        at = line.find(part, at + 1)
        if at < 0:
            return False
        at += len(part)
    return line.endswith(last) and at < len(line) - len(last)
