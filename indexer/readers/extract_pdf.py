"""Prints the outline and text of a PDF on standard input, as JSON lines. It runs as a process.

``extract_pdf.py SECONDS BYTES`` limits its processor time and memory. The lines are ``{"title"}``,
``{"level", "heading", "page"}`` per entry of the outline, ``{"page", "text"}`` per page (1-based),
and ``{"end": true}``, without which the output is not complete; or ``{"error"}``.
"""

import contextlib
import io
import json
import logging
import resource
import sys
from typing import Any

MAX_PAGES = 10_000
MAX_ENTRIES = 20_000  # of an outline
MAX_CHARACTERS = 20_000_000


def put(**record: Any) -> None:
    print(json.dumps(record))


def outline(reader: Any, entries: Any, level: int = 1) -> int:
    """Prints the entries, and returns how many there are."""
    count = 0
    for entry in entries:
        if count > MAX_ENTRIES:
            break
        if isinstance(entry, list):
            count += outline(reader, entry, level + 1)
            continue
        number = reader.get_destination_page_number(entry)
        heading = " ".join(str(entry.title).split())
        if number is not None and number >= 0 and heading:
            put(level=level, heading=heading, page=number + 1)
        count += 1
    return count


def main() -> None:
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    from pypdf import PdfReader

    logging.disable()
    reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
    if reader.is_encrypted and not reader.decrypt(""):
        put(error="it asks for a password")
        return
    title = reader.metadata.title if reader.metadata else None
    if title:
        put(title=" ".join(str(title).split()))
    # Without its outline, a PDF still has its pages.
    with contextlib.suppress(RecursionError, ValueError, KeyError, TypeError, AttributeError):
        outline(reader, reader.outline)
    characters = 0
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text()
        characters += len(text)
        if number > MAX_PAGES or characters > MAX_CHARACTERS:
            put(error=f"more than {MAX_PAGES:,} pages or {MAX_CHARACTERS:,} characters")
            return
        put(page=number, text=text)
    put(end=True)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # a broken file can make the parser raise anything
        put(error=f"{type(error).__name__}: {error}"[:300])
