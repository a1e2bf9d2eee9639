"""The context of a question has the right characters and lines, within the budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, Range

from lsp_server.context.excerpt import context_at
from lsp_server.documents.imports import imported_packages
from lsp_server.documents.text import clean, split_lines

ENCODINGS = ["utf-8", "utf-16", "utf-32"]


def cursor(line: int, character: int) -> Range:
    return Range(Position(line, character), Position(line, character))


def select(source: str, *place: int, encoding: str = "utf-16", budget: int = 6000):
    first_line, first, last_line, last = place
    where = Range(Position(first_line, first), Position(last_line, last))
    return context_at("file:///a", "text", split_lines(source), where, encoding, budget)


def units(text: str, encoding: str) -> int:
    return {
        "utf-8": len(text.encode()),
        "utf-16": len(text.encode("utf-16-le")) // 2,
        "utf-32": len(text),
    }[encoding]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("a\r\nb\rc\nd", ["a\r\n", "b\r", "c\n", "d"]),
        ("\r\r\n\n", ["\r", "\r\n", "\n", ""]),
        ("a\x0cb\u2028c\x85d\n", ["a\x0cb\u2028c\x85d\n", ""]),
    ],
)
def test_lines_end_where_lsp_says(source, lines):
    """A form feed, U+2028 and the like end a line for ``str.splitlines``, but not for LSP."""
    assert split_lines(source) == lines


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)])
def test_a_selection_counts_in_the_negotiated_encoding(encoding, character):
    """An emoji is four, two or one units wide."""
    context = select("😀=f(x)\n", 0, character, 0, character + 4, encoding=encoding)
    assert context.selection is not None
    assert context.selection.text == "f(x)"


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(before=st.text(), selected=st.text(min_size=1), after=st.text())
def test_any_selection_comes_back_exactly(encoding, before, selected, after):
    """It does so in any surroundings and encoding, and with CRLF."""
    if before.endswith("\r") and selected.startswith("\n"):
        return  # no position lies between CR and LF
    if selected.endswith("\r") and after.startswith("\n"):
        return
    if not selected.strip():
        return
    place = []
    for prefix in (before, before + selected):
        lines = split_lines(prefix)
        place += [len(lines) - 1, units(lines[-1], encoding)]
    context = select(before + selected + after, *place, encoding=encoding)
    assert context.selection is not None
    assert context.selection.text == selected


@given(
    source=st.text(alphabet="ab😀é\r\n\x0c ", max_size=300),
    line=st.integers(0, 40),
    character=st.integers(0, 40),
    budget=st.integers(1, 120),
)
def test_the_excerpt_holds_the_cursor_line_within_the_budget(source, line, character, budget):
    """Whole lines around the cursor; of one too long for the budget, a piece of full length."""
    context = context_at(
        "file:///a", "text", split_lines(source), cursor(line, character), "utf-16", budget
    )
    lines = split_lines(source)
    at = min(line, len(lines) - 1)
    assert len(context.text) <= budget
    if len(lines[at]) <= budget:
        starts = [len("".join(lines[:count])) for count in range(len(lines) + 1)]
        begin = starts[context.first_line - 1]
        end = begin + len(context.text)
        assert source[begin:end] == context.text
        assert end in starts
        assert begin <= starts[at] <= starts[at + 1] <= end
    else:
        assert context.first_line == at + 1
        assert context.text in lines[at]
        assert len(context.text) == budget


def test_the_excerpt_grows_evenly_on_both_sides():
    """The lines above explain as much as the lines below."""
    source = "".join(f"{number:03}\n" for number in range(100))
    context = context_at("file:///a", "text", split_lines(source), cursor(50, 0), budget=20)
    assert context.text == "048\n049\n050\n051\n052\n"
    assert context.first_line == 49


def test_the_excerpt_takes_what_one_side_leaves():
    """At the beginning of a file the whole budget goes to what follows."""
    source = "".join(f"{number:03}\n" for number in range(100))
    context = context_at("file:///a", "text", split_lines(source), cursor(0, 0), budget=20)
    assert context.text == "000\n001\n002\n003\n004\n"


def test_a_minified_line_is_cut_around_the_cursor():
    """The cursor stays inside the piece, whose line number is still right."""
    source = "x\n" + "a" * 500 + "HERE" + "b" * 500 + "\ny\n"
    context = context_at("file:///a", "text", split_lines(source), cursor(1, 502), budget=100)
    assert "HERE" in context.text
    assert context.first_line == 2


def test_an_empty_document_has_an_empty_excerpt():
    """No line is still line 1."""
    context = context_at("file:///a", "text", split_lines(""), cursor(0, 0))
    assert (context.text, context.first_line, context.selection) == ("", 1, None)


def test_an_exclusive_end_at_column_0_does_not_select_that_line():
    """Whole-line selections name the line after, which may not even exist."""
    context = select("one\ntwo\n", 0, 0, 2, 0)
    assert context.selection is not None
    assert context.selection.text == "one\ntwo\n"
    assert (context.selection.first_line, context.selection.last_line) == (1, 2)


def test_positions_beyond_the_document_mean_its_end():
    """An editor may be a keystroke ahead of the text it sent."""
    context = select("one\ntwo", 1, 1, 9, 9)
    assert context.selection is not None
    assert context.selection.text == "wo"
    assert context.selection.last_line == 2
    assert select("one\ntwo", 0, 99, 1, 1).selection.text == "\nt"


def test_a_backward_selection_is_turned_round():
    """Some editors send the cursor first."""
    assert select("one two", 0, 7, 0, 4).selection.text == "two"


@pytest.mark.parametrize("place", [(0, 1, 0, 1), (0, 3, 1, 0), (1, 0, 2, 2)])
def test_nothing_but_space_is_no_selection(place):
    """A cursor, a line end, an indentation."""
    assert select("one\n    \n    two", *place).selection is None


def test_a_position_inside_a_surrogate_pair_means_before_it():
    """No half characters."""
    assert select("a😀b", 0, 2, 0, 4).selection.text == "😀b"


def test_a_selection_larger_than_the_budget_is_sent_whole():
    """The excerpt is cut, what the user chose is not."""
    source = "first\n" + "x = 1\n" * 100
    context = select(source, 1, 0, 101, 0, budget=60)
    assert context.selection is not None
    assert context.selection.text == "x = 1\n" * 100
    assert len(context.text) <= 60
    assert context.text.startswith("first\n")


def test_lone_surrogates_become_replacement_characters():
    """JSON can carry them, the websocket cannot."""
    assert clean("a\ud83db😀") == "a\ufffdb😀"
    context = select("\ud83d = 1", 0, 0, 0, 5)
    assert context.selection is not None
    assert context.selection.text == context.text == "\ufffd = 1"


def test_imports_are_found_in_code_that_does_not_parse():
    """Top-level names once each, in order; relative imports are not packages."""
    source = """\
from __future__ import annotations
import numpy as np, scipy.sparse as sp; import torch
from numpy.fft import rfft
from . import near
from .near import thing
try:
    import tomllib  # new
except ImportError:
    from tomli import (
        loads,
    )
importer = 1
def broken(:
    from pandas import
    import
"""
    assert imported_packages(source) == (
        "__future__", "numpy", "scipy", "tomllib", "tomli", "pandas"
    )  # fmt: skip


def test_only_python_is_searched_for_imports():
    """``import`` means other things elsewhere."""
    source = "import numpy\n"
    assert context_at("u", "python", split_lines(source), cursor(0, 0)).packages == ("numpy",)
    assert context_at("u", "typescript", split_lines(source), cursor(0, 0)).packages == ()


@given(st.text())
def test_any_text_can_be_searched_for_imports(source):
    """The document being typed may be anything."""
    assert all(name and name == name.strip() for name in imported_packages("import " + source))
