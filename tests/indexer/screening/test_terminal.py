"""No text of others makes a terminal do anything, in whatever pieces it comes."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.screening.terminal import Printing, line, printable

PARTS = st.lists(
    st.sampled_from(
        ["\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b\\", "\x07", "\x9b", "\x9d", "\x9c", "\x90",
         "52;c;", "0;title", "2J", "31m", "?25l", "H", "\r", "\n", "\r\n", "\b", "\x7f", "\x00",
         "\u202e", "\u2066", "\u2028", "\x85", "a", "words", " ", "\t", "é", "😀", "\\", "]", "[",
         "8;;https://evil.example"]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@given(text=PARTS, cuts=st.lists(st.integers(0, 100), max_size=20))
def test_nothing_but_text_and_lines_is_printed(text: str, cuts: list[int]) -> None:
    """The same whether it comes whole or in pieces."""
    passed = printable(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", passed)
    printing = Printing()
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [printing.feed(text[begin:end]) for begin, end in itertools.pairwise(places)]
    streamed = "".join([*pieces, printing.end()])
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", streamed)
    assert streamed == passed


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\x1b]52;c;ZXZpbA==\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\x9d0;title\x9cb", "ab"),
        ("a\x1b[2J\x1b[Hb", "ab"),
        ("a\x9b31mb", "ab"),
        ("a\x1bP+q544e\x1b\\b", "ab"),
        ("a\x1bcb", "ab"),
        ("safe\rrm -rf", "safe\nrm -rf"),
        ("one\r\ntwo\n\tthree", "one\ntwo\n\tthree"),
        ("x\u202ey", "xy"),
        ("a\x1b]never ended " + "x" * 10, "a]never ended xxxxxxxxxx"),
        ("plain é 😀 [1]", "plain é 😀 [1]"),
    ],
)
def test_whole_sequences_go(text: str, left: str) -> None:
    assert printable(text) == left


def test_words_pass_as_they_come() -> None:
    """Only a sequence under way is held back, and not for ever."""
    printing = Printing()
    assert printing.feed("one ") == "one "
    assert printing.feed("two\x1b]52;") == "two"
    assert printing.feed("c;AAAA") == ""
    assert printing.feed("\x07three") == "three"
    assert len(printing.feed("\x1b]" + "x" * 10_000)) > 5000


def test_a_message_is_one_line() -> None:
    assert line("a\x1b[2K\rb\n c") == "a b c"
