"""What a reader makes of a file or a web page, whatever it was written in."""

import zlib
from dataclasses import dataclass

from indexer.types import Kind


class Unreadable(Exception):
    """Why a file or page is left out; the rest of its source is read."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, or one API entry of it.

    A page is written in ``language``: as it was (Markdown, reStructuredText, code), or, made from
    another format, as Markdown whose headings carry where a citation opens (see
    ``indexer.chunkers.headings``).
    """

    text: str
    title: str = ""
    language: str = "markdown"
    kind: Kind = "page"
    by_line: bool = False  # whether lines of the text are lines of the file
    anchor: str = ""  # of an entry
    symbol: str = ""
    signature: str = ""


def inflated(data: bytes, limit: int, *, wbits: int = zlib.MAX_WBITS | 32) -> bytes:
    """Decompressed zlib or gzip data; ``wbits`` as ``zlib.decompressobj`` takes it.

    Raises ``Unreadable`` for data that is damaged, or longer than ``limit`` bytes: no more than
    that is ever held.
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


def decoded(data: bytes) -> str:
    """UTF-8 text with plain line ends. Raises ``Unreadable`` for anything else."""
    if b"\0" in data:
        raise Unreadable("binary")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("not UTF-8 text") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
