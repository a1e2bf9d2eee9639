"""A chunk's fields survive being packed."""

from indexer.index.packed import unpacked, values
from indexer.types import Chunk


def test_every_field_comes_back() -> None:
    full = Chunk("package:x", "file:///x.py", "x.f", "Text — ü 日本", "function", "x › f", "1.0",
                 "x.f", "x.f(a)", "Text of it", ">>> f(1)", "Notes", 12, "why")  # fmt: skip
    assert unpacked(values(full)) == full


def test_lone_surrogates_are_replaced_and_the_id_stays() -> None:
    chunk = Chunk("docs", "file:///\udc80", "t", "broken \ud800 text")
    again = unpacked(values(chunk))
    assert (again.id, again.text) == (chunk.id, "broken ? text")


def test_fields_that_were_added_since_have_their_defaults() -> None:
    chunk = Chunk("docs", "file:///a", "t", "text", line=3, suspicion="why")
    assert unpacked(values(chunk)[:-1]) == Chunk("docs", "file:///a", "t", "text", line=3)
