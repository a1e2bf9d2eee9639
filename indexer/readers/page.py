"""A page: what readers make of a file or a web page, in any format."""

import zlib
from dataclasses import dataclass

from indexer.readers.written.includes import Include
from indexer.types import Kind


class Unreadable(Exception):
    """Why a file or page is left out. The rest of its source is still read."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, or one API entry of a page.

    ``language`` says how the text is written: as it was (Markdown, reStructuredText, code), or,
    when it was made from another format, "rendered" as Markdown whose headings say where a citation
    opens (see ``indexer.chunkers.headings``).
    """

    text: str
    title: str = ""
    language: str = "rendered"
    kind: Kind = "page"
    by_line: bool = False  # whether the lines of the text are those of the file
    anchor: str = ""  # symbol of an entry
    section: str = ""  # the heading above an entry
    line: int | None = None  # where an entry begins in the file, for pages without anchors
    symbol: str = ""
    signature: str = ""
    # What a reader had to guess or to mend, for the report. Only the first page of a file has any.
    notes: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()  # files that a reader sees in it


def inflated(data: bytes, limit: int, *, wbits: int = zlib.MAX_WBITS | 32) -> bytes:
    """Decompresses zlib or gzip data; ``wbits`` is that of ``zlib.decompressobj``.

    Raises ``Unreadable`` for data that is damaged or longer than ``limit`` bytes. It never holds
    more than that.
    """
    stream = zlib.decompressobj(wbits)
    try:
        inflated = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise Unreadable(f"damaged: {error}") from error
    if len(inflated) > limit:
        raise Unreadable(f"larger than {limit:,} bytes when decompressed")
    if not stream.eof:
        raise Unreadable("damaged: its end is missing")
    return inflated
