"""Documents as they are edited: what the editor has, at every version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
    TextDocumentItem,
    VersionedTextDocumentIdentifier,
)

from lsp_server.documents.open_documents import Document, Documents
from lsp_server.documents.text import locate, position, split_lines

ENCODINGS = ["utf-8", "utf-16", "utf-32"]
TEXT = st.text(alphabet="ab😀é\r\n\x0c\u2028 ", max_size=60)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(source=TEXT, typed=TEXT, places=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_an_edit_does_what_the_editor_did(encoding, source, typed, places):
    """Any text, any place between two characters, in every encoding."""
    begin, end = sorted(min(place, len(source)) for place in places)
    if any(source[at - 1 : at + 1] == "\r\n" for at in (begin, end) if at):
        return  # no position lies between CR and LF
    places = []
    for at in (begin, end):
        lines = split_lines(source[:at])
        places.append(position(lines, (len(lines) - 1, len(lines[-1])), encoding))
    document = Document("file:///a", source, 1, "text", encoding)
    change = TextDocumentContentChangePartial(Range(*places), typed)
    document.apply_change(change)
    assert document.source == source[:begin] + typed + source[end:]
    assert list(document.lines) == split_lines(document.source)


@given(source=TEXT, at=st.integers(0, 60))
def test_a_position_is_found_again(source, at):
    lines = split_lines(source)
    row = min(at, len(lines) - 1)
    for column in range(len(lines[row].rstrip("\r\n")) + 1):
        for encoding in ENCODINGS:
            assert locate(lines, position(lines, (row, column), encoding), encoding) == (
                row,
                column,
            )


def test_positions_outside_mean_the_nearest_end():
    document = Document("file:///a", "one\ntwo", 1, "text", "utf-16")
    change = TextDocumentContentChangePartial(Range(Position(1, 99), Position(9, 0)), "!")
    document.apply_change(change)
    assert document.source == "one\ntwo!"
    document.apply_change(TextDocumentContentChangeWholeDocument("new\n"))
    assert document.lines == ["new\n", ""]


def test_the_most_recently_changed_document_comes_first():
    """Addresses are compared decoded, as editors write them either way."""
    documents = Documents("file:///w")
    for name in ("a", "b%20c"):
        documents.put_text_document(TextDocumentItem(f"file:///w/{name}", "text", 1, name))
    documents.update_text_document(
        VersionedTextDocumentIdentifier(2, "file:///w/a"),
        TextDocumentContentChangeWholeDocument("x"),
    )
    assert [each.uri for each in documents.recent()] == ["file:///w/a", "file:///w/b%20c"]
    assert documents.find("file:///w/b c").source == "b%20c"
    assert documents.find("file:///w/gone") is None
    assert documents.roots() == ["/w"]
