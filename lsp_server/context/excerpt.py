"""Makes the context of a question from a document and a place in it. Pure."""

import re
from collections.abc import Mapping, Sequence

from lsprotocol.types import Diagnostic, Range

from backend.protocol import wire
from lsp_server.documents import syntax
from lsp_server.documents.imports import imported_names, imported_packages, resolve
from lsp_server.documents.text import Encoding, Place, between, clean, last_line, span

EXCERPT_CHARACTERS = 6000
_SYMBOLS = 8
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def context_at(
    uri: str,
    language: str,
    lines: Sequence[str],
    place: Range,
    encoding: Encoding = "utf-16",
    budget: int = EXCERPT_CHARACTERS,
    before: wire.Context | None = None,
) -> wire.Context:
    """The context for ``place``: a selection, or a cursor when it is empty.

    The excerpt holds whole lines around the place, at most ``budget`` characters; of a single
    longer line, it holds the part around the cursor. The selection is never cut. A position outside
    the document means its nearest end. ``before`` is the context of the previous question. Its
    excerpt is reused while it still matches the document and contains the place, because a prompt
    with the same beginning is answered sooner.
    """
    start, end = span(lines, place, encoding)
    last = last_line(start, end)
    if before is not None and before.uri == uri and _holds(before, lines, start[0], last):
        first, text = before.first_line - 1, before.text
    else:
        first, text = _excerpt(lines, start, last, budget)
    selected = between(lines, start, end)
    selection = None
    if selected.strip():
        selection = wire.Selection(
            text=clean(selected), first_line=start[0] + 1, last_line=last + 1
        )
    source = "".join(lines)
    python = language == "python"
    return wire.Context(
        uri=uri,
        language=language,
        text=clean(text),
        first_line=first + 1,
        selection=selection,
        packages=imported_packages(source) if python else (),
        symbols=symbols_in(lines[start[0] : last + 1], imported_names(source)) if python else (),
        scope=clean(
            " › ".join(each.header for each in syntax.enclosing(language, source, start[0]))
        ),
    )


def symbols_in(lines: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """What the lines use of what is imported, the imports resolved."""
    used = (found[0] for line in lines for found in _DOTTED.finditer(line))
    imported = (resolve(name, names) for name in used if name.partition(".")[0] in names)
    return tuple(dict.fromkeys(imported))[:_SYMBOLS]


def remarks(diagnostics: Sequence[Diagnostic]) -> tuple[wire.Remark, ...]:
    """The editor's diagnostics as remarks, with lines counted from 1."""
    return tuple(
        wire.Remark(
            message=clean(each.message),
            first_line=each.range.start.line + 1,
            last_line=max(each.range.end.line, each.range.start.line) + 1,
            source=each.source or "",
            code="" if each.code is None else str(each.code),
        )
        for each in diagnostics
    )


def _holds(before: wire.Context, lines: Sequence[str], first: int, last: int) -> bool:
    """Whether an earlier excerpt is still in the document and contains these rows."""
    at = before.first_line - 1
    count = before.text.count("\n") + 1
    text = clean("".join(lines[at : at + count]))
    length = len(before.text)
    whole = text[:length] == before.text and (length == len(text) or before.text.endswith("\n"))
    return bool(before.text) and whole and at <= first and last < at + before.text.count("\n")


def _excerpt(lines: Sequence[str], start: Place, last: int, budget: int) -> tuple[int, str]:
    """The first line (from 0) and the text: the selected lines, then lines
    above and below in turn.
    """
    first, after = start[0], last + 1
    used = sum(map(len, lines[first:after]))
    # the selection travels whole beside the excerpt, so its first line is enough here
    if used > budget:
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
