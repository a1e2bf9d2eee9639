"""Searches long texts in pieces, so that the caller can pause or stop between them. Pure.

``re`` holds Python's lock during a whole call, so a search through a megabyte would stop every
other thread of the process. A search through a piece takes about a millisecond.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Protocol, TypeVar

PIECE = 4_000  # one call looks for matches that begin within this many characters

Out = TypeVar("Out")
Steps = Generator[None, None, Out]  # work that pauses at each ``yield``, then returns its result
Found = TypeVar("Found", bound="Match", covariant=True)


class Match(Protocol):
    def start(self) -> int: ...

    def end(self) -> int: ...


class Pattern(Protocol[Found]):
    """A compiled pattern of ``re`` or ``regex``."""

    def search(self, string: str, pos: int = ..., endpos: int = ..., /) -> Found | None: ...


def found(pattern: Pattern[Found], text: str, reach: int) -> Iterator[Found | None]:
    """The matches of ``finditer``, in order, with ``None`` between pieces.

    ``reach`` is larger than any match together with its lookahead. So a match that begins in a
    piece is the same as in the whole text. The pattern must not match the empty text.
    """
    position = edge = 0
    while edge < len(text):
        edge += PIECE
        while match := pattern.search(text, position, edge + reach):
            if match.start() >= edge:
                break  # the next piece finds it with everything that follows
            yield match
            position = match.end()
        position = max(position, edge)
        yield None


def run(steps: Steps[Out]) -> Out:
    """Runs the work without pausing, and returns its result."""
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        result: Out = stop.value
        return result


def each(work: Callable[[str], Steps[Out]], texts: Iterable[str]) -> Steps[list[Out]]:
    """Runs the work for each text, and returns all results."""
    results: list[Out] = []
    for text in texts:
        result = yield from work(text)
        results.append(result)
    return results
