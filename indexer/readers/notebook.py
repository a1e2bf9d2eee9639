"""Reads Jupyter notebooks: Markdown cells as they are, code cells with their output. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from indexer.readers.page import Page, Unreadable, decoded

_HEADING = re.compile(r"^(#{1,6} .*\S)[ \t]*$", re.M)
_FENCED = re.compile(r"(^```.*?^```[^\n]*$|^~~~.*?^~~~[^\n]*$)", re.M | re.S)
_PRINTED = 1000  # characters of an output that are kept


def read(data: bytes) -> Iterator[Page]:
    """One page, whose headings carry the line of their cell in the file. Raises ``Unreadable``."""
    raw = decoded(data)
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
        if not text.strip():
            continue
        if cell.get("cell_type") == "markdown":
            parts.append(_placed(text, line))
        elif cell.get("cell_type") == "code":
            parts.append(f"```{language}\n{text.rstrip()}\n```")
            parts += [f"```\n{printed}\n```" for printed in _printed(cell.get("outputs"))]
    if parts:
        yield Page("\n\n".join(parts))


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
    """Adds the cell's line to each heading; a ``#`` in fenced code is no heading."""
    parts = _FENCED.split(text)
    parts[::2] = [_HEADING.sub(rf"\1 {{line={line}}}", part) for part in parts[::2]]
    return "".join(parts)


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
        data = output.get("data")
        shown = output.get("text") or (data.get("text/plain") if isinstance(data, dict) else None)
        text = _text(shown).strip("\n")
        if text.strip():
            yield text if len(text) <= _PRINTED else f"{text[:_PRINTED]}\n…"
