"""What a question expects is found by symbol, by the end of a place, or by a text on a page."""

import pytest

from glossator.evaluate.expected import Expected, is_place, missing
from indexer.types import Chunk

PAGE = Chunk(
    "docs", "file:///srv/html/how-to/cache.html#usage", "Cache", "Runs the\n  failures first."
)
ENTRY = Chunk("np", "file:///lib/fft.py", "numpy.fft.irfft", "Inverse.", symbol="numpy.fft.irfft")


@pytest.mark.parametrize(
    ("expected", "chunk"),
    [
        ("numpy.fft.irfft", ENTRY),
        ("file:///lib/fft.py", ENTRY),
        ("how-to/cache.html#usage", PAGE),
        ("cache.html#:~:text=the failures FIRST", PAGE),
    ],
)
def test_an_entry_is_found_however_it_is_written(expected: str, chunk: Chunk) -> None:
    assert Expected.read(expected).is_in(chunk)


@pytest.mark.parametrize(
    ("expected", "chunk"),
    [
        ("irfft", ENTRY),
        ("numpy.fft", ENTRY),
        ("how-to/cache.html", PAGE),
        ("to/cache.html#usage", PAGE),
        ("cache.html#usage-2", PAGE),
        ("cache.html#:~:text=the failures last", PAGE),
        ("he.html#:~:text=the failures first", PAGE),
    ],
)
def test_a_part_of_a_name_is_another_entry(expected: str, chunk: Chunk) -> None:
    assert not Expected.read(expected).is_in(chunk)


def test_what_no_chunk_is_is_named() -> None:
    """Each entry is named once, in the order in which it is expected."""
    expected = ["numpy.poly", "numpy.fft.irfft", "cache.html#usage", "a.html#b", "numpy.poly"]
    assert missing(expected, [PAGE, ENTRY]) == ["numpy.poly", "a.html#b"]


def test_symbols_are_no_places() -> None:
    assert not is_place("numpy.fft")
    assert is_place("a.html#b")
    assert is_place("docs/a.html")
