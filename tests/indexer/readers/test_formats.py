"""Names decide readers; what they make has text, and not too much of it."""

import gzip
import zlib

import pytest

from indexer.readers import formats
from indexer.readers.page import Unreadable, inflated


@pytest.mark.parametrize("name", ["a.md", "A.MD", "a.rst", "a.txt", "a.html", "a.ipynb", "a.pdf",
                                  "git.1", "git.1.gz", "printf.3posix.gz"])  # fmt: skip
def test_documentation_is_known_by_its_name(name: str) -> None:
    assert formats.is_documentation(name)
    assert not formats.is_code(name)


@pytest.mark.parametrize("name", ["a.py", "a.ts", "a.tsx", "a.js", "a.go", "a.rs", "a.java", "a.c",
                                  "a.h", "a.cpp", "a.hpp"])  # fmt: skip
def test_code_is_known_by_its_name(name: str) -> None:
    assert formats.is_code(name)
    assert not formats.is_documentation(name)


@pytest.mark.parametrize("name", ["a.png", "Makefile", "a.10", ".1", "a.tar.gz", "a.csv"])
def test_other_names_are_neither(name: str) -> None:
    assert not formats.is_code(name)
    assert not formats.is_documentation(name)
    with pytest.raises(Unreadable, match="no format that is known"):
        formats.read(name, b"x")


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.1", "a.py"])
def test_nothing_to_read_is_said(name: str) -> None:
    with pytest.raises(Unreadable, match="holds no text"):
        formats.read(name, b" <p> </p>" if name == "a.html" else b" \n")


def test_languages_and_places_are_told() -> None:
    (page,) = formats.read("a.go", b"package main\n")
    assert (page.language, page.kind, page.by_line) == ("go", "code", True)
    (page,) = formats.read("a.html", b"<p>Words.</p>")
    assert (page.language, page.kind, page.by_line) == ("rendered", "page", False)


def test_decompression_stops_at_its_limit() -> None:
    """Whole data is given whole, up to the last byte; what has no end is damaged."""
    data = b"x" * 1000
    for packed in (zlib.compress(data), gzip.compress(data)):
        assert inflated(packed, 1000) == data
        with pytest.raises(Unreadable, match="larger than 999 bytes"):
            inflated(packed, 999)
        with pytest.raises(Unreadable, match="damaged"):
            inflated(packed[:-5], 1000)
    with pytest.raises(Unreadable, match="damaged"):
        inflated(b"words", 1000)
