"""Large documents cost time in proportion to their size, and the largest ones none."""

import os
from pathlib import Path

from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
)

from lsp_server.documents import syntax
from lsp_server.documents.imports import imported_names
from lsp_server.documents.open_documents import DOCUMENT_CHARACTERS, Document
from lsp_server.documents.text import locate, position, split_lines
from lsp_server.rewrites import proposal
from lsp_server.rewrites.proposal import Proposal
from lsp_server.workspace.installed import Installed

URI = "file:///project/app.min.js"


def test_a_long_last_line_without_an_end_is_split_at_once():
    """Quadratic work on a million characters would not end within the timeout."""
    text = "x" * 1_000_000
    assert split_lines(text) == [text]
    assert split_lines(f"a\r\nb\r{text}") == ["a\r\n", "b\r", text]


def test_typing_into_a_long_line_is_cheap():
    """A thousand keys in a line of a million characters that are not ASCII."""
    document = Document(URI, "é" * 1_000_000, 1, "javascript", "utf-16")
    for column in range(500_000, 501_000):
        at = Position(0, column)
        document.apply_change(TextDocumentContentChangePartial(Range(at, at), "y"))
    assert document.source.count("y") == 1000
    assert len(document.lines) == 1


def test_positions_in_a_long_line_are_found_without_walking_it():
    lines = ["😀é" * 300_000]
    for encoding in ("utf-8", "utf-16", "utf-32"):
        for column in range(599_000, 599_200):
            at = position(lines, (0, column), encoding)
            assert locate(lines, at, encoding) == (0, column)


def test_many_definitions_are_listed_in_time_that_grows_with_their_number():
    """Asking tree-sitter for the parent of each was quadratic in the number of siblings."""
    source = "def f(): pass\n" * 40_000
    assert len(syntax.definitions("python", source)) == 40_000
    syntax.forget()


def test_deeply_nested_headers_are_bounded():
    """A definition without a body repeats at most a part of what is inside it."""
    source = "class A { m(" + "x = class { m(" * 2000 + ") {} }" * 2000 + ") {} }"
    assert all(len(each.header) <= 4000 for each in syntax.definitions("javascript", source))
    syntax.forget()


def test_imports_of_a_long_line_are_read_once():
    assert imported_names("from a import " + "b, " * 300_000) == {"b": "a.b"}
    assert imported_names("import " + "." * 500_000) == {}


def test_a_proposal_of_rows_that_are_all_alike_is_compared_in_bounded_time():
    old, new = "x\n" * 30_000, "x\n" * 15_000 + "y\n" + "x\n" * 15_000
    made = Proposal(URI, 0, old, new)
    assert [(change.old, change.new) for change in made.changes] == [((), ("y\n",))]
    lines = split_lines("z\n" + old)
    assert made.edits(lines, [0]) is not None


def test_a_proposal_is_found_where_it_stands_once():
    """It is found even when its beginning repeats inside it."""
    rows = ["a\n", "a\n", "b\n"]
    assert proposal._only(["a\n", "a\n", "a\n", "b\n"], rows) == 1
    assert proposal._only([*rows, *rows], rows) is None
    assert proposal._only(["a\n", "b\n"], rows) is None


def test_a_document_over_the_limit_is_let_go_however_it_grew():
    opened = Document(URI, "x" * (DOCUMENT_CHARACTERS + 1), 1, "javascript", "utf-16")
    assert (opened.oversized, opened.source) == (True, "")
    typed = Document(URI, "x" * DOCUMENT_CHARACTERS, 1, "javascript", "utf-16")
    assert not typed.oversized
    at = Position(0, 7)
    typed.apply_change(TextDocumentContentChangePartial(Range(at, at), "y"))
    assert (typed.oversized, typed.source) == (True, "")
    typed.apply_change(TextDocumentContentChangePartial(Range(at, at), "y"))
    assert typed.source == ""
    typed.apply_change(TextDocumentContentChangeWholeDocument("small"))
    assert (typed.oversized, typed.source) == (False, "small")


async def test_the_user_is_told_once_of_a_document_that_is_too_large(
    play, answers_once, open_editor
):
    """A question asked in it goes without it, and a notice says so."""
    backend = await play(answers_once)
    editor = await open_editor(backend.url, documentCharacters=1000)
    editor.open(URI, "x" * 900)
    editor.replace(URI, 2, "y" * 5000)
    editor.replace(URI, 3, "z" * 5000)
    _, result = editor.chat("how?", "t1", textDocument={"uri": URI})
    partial = await editor.partial_results("t1")
    await result
    assert answers_once.ask.context.text == ""
    assert "too large" in partial[0]["message"]
    assert len([each for each in editor.messages if "1,000 characters" in each]) == 1


def test_metadata_that_never_ends_is_not_waited_for(tmp_path: Path):
    """A link to a device and a pipe, in a workspace that somebody else made."""
    packages = tmp_path / ".venv/lib/python3.11/site-packages"
    for name in ("one", "two"):
        (packages / f"{name}-1.0.dist-info").mkdir(parents=True)
    (packages / "one-1.0.dist-info/top_level.txt").symlink_to("/dev/zero")
    os.mkfifo(packages / "two-1.0.dist-info/top_level.txt")
    assert Installed().versions(["one", "two"], [str(tmp_path)]) == {"one": "1.0", "two": "1.0"}
