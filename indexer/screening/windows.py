"""Searches long texts in pieces, so that whoever searches can pause or stop between them. Pure.

``re`` holds Python's lock as long as one call lasts: a search through a megabyte would stop every
other thread of the process. A search through a piece takes about a millisecond.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Protocol, TypeVar

PIECE = 4_000  # characters in which matches begin that one call looks for

Out = TypeVar("Out")
Steps = Generator[None, None, Out]  # work that pauses at each ``yield``, and returns its result
Found = TypeVar("Found", bound="Match", covariant=True)


class Match(Protocol):
    def start(self) -> int: ...

    def end(self) -> int: ...


class Pattern(Protocol[Found]):
    """One of ``re``, or of ``regex``."""

    def search(self, string: str, pos: int = ..., endpos: int = ..., /) -> Found | None: ...


def found(pattern: Pattern[Found], text: str, reach: int) -> Iterator[Found | None]:
    """The matches of ``finditer``, in order, and ``None`` between pieces.

    ``reach``: more characters than a match of the pattern and what it looks ahead to can take
    together. A match that begins in a piece is then the same as in the whole text. The pattern may
    not match the empty text.
    """
    position = edge = 0
    while edge < len(text):
        edge += PIECE
        while match := pattern.search(text, position, edge + reach):
            if match.start() >= edge:
                break  # the next piece finds it, and sees all of it
            yield match
            position = match.end()
        position = max(position, edge)
        yield None


def run(steps: Steps[Out]) -> Out:
    """The result, without a pause."""
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        result: Out = stop.value
        return result


def each(work: Callable[[str], Steps[Out]], texts: Iterable[str]) -> Steps[list[Out]]:
    """The results for all of the texts."""
    results: list[Out] = []
    for text in texts:
        result = yield from work(text)
        results.append(result)
    return results
