"""Reads PowerPoint presentations (pptx): each slide is a section, with its notes."""

import io
from collections.abc import Iterator
from typing import Any

from pptx import Presentation

from indexer.readers.packed.archive import opened
from indexer.readers.packed.tables import rows
from indexer.readers.page import Page

_DEPTH = 10  # of groups in groups


def read(data: bytes) -> Iterator[Page]:
    """One page. Raises ``Unreadable``."""
    opened(data).close()
    presentation = Presentation(io.BytesIO(data))
    parts: list[str] = []
    for number, slide in enumerate(presentation.slides, 1):
        title = slide.shapes.title
        heading = " ".join(title.text_frame.text.split()) if title is not None else ""
        parts.append(f"## {heading or f'Slide {number}'}")
        parts += [text for shape in slide.shapes if shape != title for text in _texts(shape, 0)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            parts += [_harmless(notes)] if notes else []
    title = " ".join(str(presentation.core_properties.title or "").split())
    if any(not part.startswith("## ") for part in parts):
        yield Page("\n\n".join(parts), title)


def _texts(shape: Any, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        return
    if hasattr(shape, "shapes"):
        for each in shape.shapes:
            yield from _texts(each, depth + 1)
    elif getattr(shape, "has_table", False) and shape.has_table:
        cells = ([cell.text for cell in row.cells] for row in shape.table.rows)
        yield "\n".join(rows(cells))
    elif shape.has_text_frame:
        lines = [
            f"{'  ' * paragraph.level}- {text}"
            for paragraph in shape.text_frame.paragraphs
            if (text := " ".join(paragraph.text.split()))
        ]
        if lines:
            yield "\n".join(lines) if len(lines) > 1 else lines[0].lstrip("- ")


def _harmless(text: str) -> str:
    return "\n".join(
        f"\\{line}" if line.startswith(("#", "```", "~~~")) else line for line in text.split("\n")
    )
