"""The documents that the editor has open, kept as lines and edited in place.

pygls joins and splits the whole document at every keystroke, and counts a form feed or U+2028 as
a line end, which LSP does not; these documents do neither.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

from lsp_server.text import Encoding, span, split_lines


class Document(TextDocument):
    """One document; ``lines`` is its truth, ``source`` is joined when somebody asks."""

    def __init__(
        self, uri: str, source: str, version: int | None, language: str, encoding: Encoding
    ) -> None:
        super().__init__(uri, source=None, version=version, language_id=language)
        self.language = language
        self.encoding = encoding
        self._lines = split_lines(source)
        self._joined: str | None = source

    @property
    def lines(self) -> Sequence[str]:
        """With their ends; all but the last have one."""
        return self._lines

    @property
    def source(self) -> str:
        if self._joined is None:
            self._joined = "".join(self._lines)
        return self._joined

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        self._joined = None
        if not isinstance(change, types.TextDocumentContentChangePartial):
            self._lines = split_lines(change.text)
            return
        (first, before), (last, after) = span(self._lines, change.range, self.encoding)
        text = self._lines[first][:before] + change.text + self._lines[last][after:]
        if text.startswith("\n") and first and self._lines[first - 1].endswith("\r"):
            first -= 1  # the two are one line end now
            text = self._lines[first] + text
        edited = split_lines(text)
        if last + 1 < len(self._lines):
            edited.pop()  # what follows the last line end is the next line
        self._lines[first : last + 1] = edited


class Documents(Workspace):
    """The open documents, the most recently changed last."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Document:
        encoding = self.position_encoding or types.PositionEncodingKind.Utf16
        return Document(doc_uri, source or "", version, language_id or "", encoding)

    def update_text_document(
        self,
        text_doc: types.VersionedTextDocumentIdentifier,
        change: types.TextDocumentContentChangeEvent,
    ) -> None:
        super().update_text_document(text_doc, change)
        key = unquote(text_doc.uri)
        self._text_documents[key] = self._text_documents.pop(key)

    def find(self, uri: str) -> Document | None:
        """The document, if it is open."""
        found: Any = self._text_documents.get(unquote(uri))
        return found if isinstance(found, Document) else None

    def recent(self) -> list[Document]:
        """All that are open, the most recently changed first."""
        every: Any = self._text_documents.values()
        return list(reversed(every))

    def roots(self) -> list[str]:
        """Paths of the workspace's folders."""
        uris = [*self.folders, *([self.root_uri] if self.root_uri else [])]
        paths = (to_fs_path(uri) for uri in uris)
        return list(dict.fromkeys(path for path in paths if path))


def opened(server: LanguageServer) -> Documents:
    """The documents of a server that is initialized; ``features.options`` puts them there."""
    workspace = server.workspace
    assert isinstance(workspace, Documents)
    return workspace
