"""Checks whether a rewrite may be applied: it parses, and keeps what other code relies on. Pure."""

import textwrap
from collections.abc import Sequence

from lsp_server.documents import syntax

_LARGEST_GROWTH = 4  # times the length of the selected code, plus a page
_PAGE = 4000  # characters


def problems(
    language: str, lines: Sequence[str], first: int, last: int, code: str, *, complete: bool
) -> list[str]:
    """Why the rows ``first`` to ``last`` must not become ``code``, in words for the user.

    ``complete`` means that the answer was not cut off.
    """
    if not code.strip():
        return ["The answer holds no code."]
    found = []
    if not complete:
        found.append("The answer was cut off before its end.")
    old = "".join(lines[first : last + 1])
    if len(code) > _LARGEST_GROWTH * len(old) + _PAGE:
        found.append("The rewrite is far larger than the selected code.")
    before = "".join(lines)
    after = "".join(lines[:first]) + code + "".join(lines[last + 1 :])
    if syntax.parses(language, before):
        if not syntax.parses(language, after):
            found.append("The rewritten code does not parse.")
    elif not syntax.parses(language, textwrap.dedent(code)):
        found.append("The rewritten code does not parse.")
    around = syntax.enclosing(language, before, first)
    repeated = {each.name for each in syntax.definitions(language, textwrap.dedent(code))}
    repeated -= {each.name for each in syntax.definitions(language, textwrap.dedent(old))}
    found.extend(
        f"The rewrite repeats `{each.name}`, which is around the selected code."
        for each in around
        if each.name in repeated
    )
    return found


def lost(language: str, lines: Sequence[str], first: int, last: int, code: str) -> list[str]:
    """Public definitions that the rewrite removes, or that are called differently now."""
    before = "".join(lines)
    after = "".join(lines[:first]) + code + "".join(lines[last + 1 :])
    kept = _public(language, after)
    return [
        f"`{name}` is gone." if name not in kept else f"The signature of `{name}` is changed."
        for name, (header, rows) in _public(language, before).items()
        if first <= rows[0] and rows[1] <= last and kept.get(name, ("", ()))[0] != header
    ]


def _public(language: str, source: str) -> dict[str, tuple[str, tuple[int, int]]]:
    """Headers and rows of the definitions that other code may use, by qualified name."""
    found: dict[str, tuple[str, tuple[int, int]]] = {}
    outer: list[syntax.Definition] = []
    for each in syntax.definitions(language, source):
        while outer and outer[-1].last_row < each.first_row:
            outer.pop()
        path = [*(part.name for part in outer), each.name]
        outer.append(each)
        private = language == "python" and any(_is_private(name) for name in path)
        if each.name and not private:
            header = "".join(each.header.split())
            found.setdefault(".".join(path), (header, (each.first_row, each.last_row)))
    return found


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))
