"""The hard limit of a chunk. Code, headings and signatures keep it, too. Pure.

Most chunks are as long as the embedder reads. Code is kept whole beyond that, because half an
example helps nobody. But a page may contain a fence of a megabyte, and no prompt has room for it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from indexer.chunkers.blocks import FENCE
from indexer.types import Chunk

LONGEST = 4_000  # characters of a chunk: about 1,000 tokens
# The most characters of texts that every chunk of a document repeats, or that are shown beside it.
_SHORT = {
    "title": 300,
    "section": 300,
    "breadcrumb": 1_000,
    "signature": 2_000,
    "summary": 1_000,
    "example": 2_000,
}
_ADDRESS = 2_000  # characters of an address; a longer one would open nothing
_SYMBOL = 500
_ENDS = (" ", ",", ";", "}", ">", ")")  # where a line that is too long is cut, the best first


class TooSlow(Exception):
    """A document takes too long and is left out. The message says what to do."""


def limited(chunk: Chunk) -> Iterator[Chunk]:
    """Yields the chunk, or pieces of it within the limit.

    It cuts between lines if there are any, in code before one of the least indented lines.
    """
    shorter: dict[str, Any] = {
        name: f"{text[: most - 1].rstrip()}…"
        for name, most in _SHORT.items()
        if len(text := getattr(chunk, name)) > most
    }
    if len(chunk.uri) > _ADDRESS:
        shorter["uri"] = chunk.uri[:_ADDRESS].partition("#")[0]
    if len(chunk.symbol) > _SYMBOL:
        shorter["symbol"] = ""
    if len(chunk.text) <= LONGEST:
        yield replace(chunk, **shorter) if shorter else chunk
        return
    for text in pieces(chunk.text):
        yield replace(chunk, **shorter, text=text)


def pieces(text: str, most: int = LONGEST) -> Iterator[str]:
    """Cuts a text into pieces; each piece of a fenced block is fenced."""
    fence = ""
    held: list[str] = []
    size = 0
    best = 0  # the index in ``held`` where a piece may end well
    least = 0  # the indentation of the line there
    for line in _lines(text, most // 2):
        mark = FENCE.match(line)
        if held and size + len(line) + 1 > most - len(fence) * 2 - 8:
            end = best or len(held)
            yield "\n".join([*held[:end], *_closing(fence)])
            held = [*([fence] if fence else []), *held[end:]]
            size = sum(len(each) + 1 for each in held)
            best = 0
        indent = len(line) - len(line.lstrip())
        ends = line.lstrip()[:1] in {")", "]", "}"}  # it belongs to what stands above it
        if size > most // 2 and line.strip() and not ends and (not best or indent <= least):
            best, least = len(held), indent
        if mark and not fence:
            fence = line[:80]
            best = len(held) if size > most // 2 else best
        elif mark and fence.lstrip().startswith(mark[1][:3]) and not line.strip().strip(mark[1][0]):
            fence = ""
        held.append(line)
        size += len(line) + 1
    if any(each.strip() for each in held):
        yield "\n".join(held)


def _closing(fence: str) -> list[str]:
    mark = FENCE.match(fence)
    return [mark[1]] if mark else []


def _lines(text: str, most: int) -> Iterator[str]:
    """The lines of a text. A line that is too long is cut after a blank or a mark that ends
    something, as in JSON on one line, if one is near.
    """
    for line in text.split("\n"):
        at = 0
        while len(line) - at > most:
            near = at + most // 2
            cuts = (line.rfind(mark, near, at + most) + 1 for mark in _ENDS)
            cut = next(filter(None, cuts), at + most)
            yield line[at:cut]
            at = cut
        yield line[at:]
