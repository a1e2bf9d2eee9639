"""Reads Jupyter notebooks as a reader sees them: Markdown, code, and what it printed. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from indexer.readers.page import Page, Unreadable
from indexer.readers.written import markdown
from indexer.readers.written.encoding import decoded
from indexer.screening.markdown import fenced
from indexer.screening.outline import outline
from indexer.screening.terminal import printable

_PRINTED = 1000  # characters of an output that are kept
_TAGS = re.compile(r"<[^<>]{0,500}>")


def read(data: bytes) -> Iterator[Page]:
    """One page, whose headings carry the line of their cell in the file. Raises ``Unreadable``."""
    raw, notes = decoded(data)
    try:
        notebook = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not a notebook: {error}") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("not a notebook of version 4: jupyter nbconvert --to notebook mends it")
    language = _language(notebook.get("metadata"))
    parts = []
    for cell, line in zip(cells, _lines(raw, len(cells)), strict=True):
        text = _text(cell.get("source")) if isinstance(cell, dict) else ""
        kind = cell.get("cell_type") if isinstance(cell, dict) else ""
        if kind == "code":
            parts += [fenced(text, language)] if text.strip() else []
            parts += _printed(cell.get("outputs"))
        elif text.strip() and kind in {"markdown", "raw"}:
            parts.append(_placed(text, line))
    if parts:
        yield Page("\n\n".join(parts), notes=notes)


def _lines(raw: str, cells: int) -> Iterator[int]:
    """The 1-based line where each cell begins, found by a key that every cell has."""
    at, line = 0, 1
    for _ in range(cells):
        found = raw.find('"cell_type"', at)
        if found >= 0:
            line += raw.count("\n", at, found)
            at = found + 1
        yield line


def _placed(text: str, line: int) -> str:
    """The text of a cell in which each heading carries the cell's line, and fences are closed."""
    _, text = markdown.prepared(text)
    found = outline(text)
    lines = text.split("\n")
    result: list[str] = []
    row = 0
    while row < len(lines):
        heading = found.headings.get(row)
        if heading is not None:
            result.append(f"{'#' * heading.level} {heading.text} {{line={line}}}")
            row = heading.end
            continue
        end = found.code.get(row, row + 1)
        result += lines[row:end]
        if row in found.unclosed:
            mark = lines[row].strip()
            result.append(mark[: len(mark) - len(mark.lstrip(mark[0]))])
        row = end
    return "\n".join(result)


def _language(metadata: Any) -> str:
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    return str(info.get("name") or "python") if isinstance(info, dict) else "python"


def _text(lines: Any) -> str:
    """The text of a cell: a string, or a list of lines with their ends."""
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")


def _printed(outputs: Any) -> Iterator[str]:
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        if output.get("output_type") == "error":
            shown = f"{output.get('ename', 'Error')}: {_text(output.get('evalue'))}"
        else:
            shown = _text(output.get("text")) or _of_data(output.get("data"))
        text = _visible(shown).strip("\n")
        if text.strip():
            yield fenced(text if len(text) <= _PRINTED else f"{text[:_PRINTED]}\n…")


def _of_data(data: Any) -> str:
    """The words of a result, in the first form that has any."""
    if not isinstance(data, dict):
        return ""
    for kind in ("text/plain", "text/markdown", "text/latex"):
        if text := _text(data.get(kind)):
            return text
    return _TAGS.sub(" ", _text(data.get("text/html")))


def _visible(text: str) -> str:
    """What a terminal would show: no colours, and a bar of progress only in its last state."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return printable("\n".join(lines))
