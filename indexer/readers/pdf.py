"""Reads PDF page by page, under the headings of its outline.

A separate process (``extract_pdf.py``) extracts the text, and is ended when it takes too much time
or memory. A PDF is a graph, and one may be made never to end.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from indexer.readers.page import Page, Unreadable

SECONDS = 60.0
MEMORY_BYTES = 2_000_000_000
_SCRIPT = Path(__file__).with_name("extract_pdf.py")


def read(data: bytes, *, seconds: float = SECONDS) -> Iterator[Page]:
    """One page of text, in which every page of the PDF is a section. Raises ``Unreadable``."""
    records = _extract(data, seconds)
    body = markdown(records)
    if not body:
        raise Unreadable("holds no text: scanned pages need OCR first")
    yield Page(body, next((each["title"] for each in records if each.get("title")), ""))


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """Sections by outline and page; without an outline, by page alone."""
    outline: dict[int, list[tuple[int, str]]] = {}
    for each in records:
        if "heading" in each:
            outline.setdefault(each["page"], []).append((each["level"], each["heading"]))
    parts: list[str] = []
    current: tuple[int, str] | None = None
    for each in records:
        if "text" not in each:
            continue
        number, lines = each["page"], each["text"].split("\n")
        level, heading = current or (1, f"Page {number}")
        before, rest = _up_to(lines, outline.get(number, [(0, "")])[0][1])
        parts += _section(level, heading, number, before)
        entries = outline.get(number, [])
        for i, (level, heading) in enumerate(entries):
            following = entries[i + 1][1] if i + 1 < len(entries) else ""
            before, rest = _up_to(rest[1:], following) if following else (rest, [])
            # A heading without text stays, because the headings below it are its sections.
            parts += _section(level, heading, number, before) or [_heading(level, heading, number)]
            current = (level, heading)
    return "\n\n".join(parts)


def _up_to(lines: list[str], heading: str) -> tuple[list[str], list[str]]:
    """The lines before a heading, and those from it on; all lines before, when it is not found."""
    wanted = "".join(heading.split()).lower()
    for i, line in enumerate(lines):
        if wanted and "".join(line.split()).lower().endswith(wanted):
            return lines[:i], lines[i:]
    return (lines, []) if not wanted else ([], lines)


def _section(level: int, heading: str, page: int, lines: Sequence[str]) -> list[str]:
    text = "\n".join(_harmless(line.strip()) for line in lines).strip("\n")
    return [_heading(level, heading, page), text] if text.strip() else []


def _heading(level: int, heading: str, page: int) -> str:
    return f"{'#' * min(level + 1, 6)} {heading} {{#page={page}}}"


def _harmless(line: str) -> str:
    """Keeps a line that Markdown would take for a heading or a fence as text."""
    return f"\\{line}" if line.startswith(("#", "```", "~~~", "---", "===")) else line


def _extract(data: bytes, seconds: float) -> list[dict[str, Any]]:
    command = [sys.executable, "-I", str(_SCRIPT), str(int(seconds) + 1), str(MEMORY_BYTES)]
    try:
        process = subprocess.run(
            command, input=data, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"took more than {seconds:.0f} s to read") from error
    lines = process.stdout.decode("utf-8", "replace").splitlines()
    records: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("}")]
    if records and records[-1].get("end"):
        return records[:-1]
    problem = next((each["error"] for each in records if "error" in each), None)
    last_words = process.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    raise Unreadable(f"not a PDF that can be read: {problem or ' '.join(last_words) or 'no end'}")
