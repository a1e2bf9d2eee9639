"""The documents that the editor has open, kept as lines and edited in place.

pygls joins and splits the whole document at every keystroke. It also counts a form feed and U+2028
as line ends, which LSP does not. These documents do neither.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

from lsp_server.documents.text import Encoding, span, split_lines

DOCUMENT_CHARACTERS = 2_000_000


class Document(TextDocument):
    """One document. It keeps ``lines`` and joins them only when ``source`` is read.

    A document of more than ``limit`` characters becomes ``oversized``: it is empty until the editor
    sends its whole text again.
    """

    def __init__(
        self,
        uri: str,
        source: str,
        version: int | None,
        language: str,
        encoding: Encoding,
        limit: Callable[[], int] = lambda: DOCUMENT_CHARACTERS,
    ) -> None:
        super().__init__(uri, source=None, version=version, language_id=language)
        self.language = language
        self.encoding = encoding
        self.oversized = False
        self._limit = limit
        self._lines: list[str] = [""]
        self._joined: str | None = ""
        self._characters = 0
        self._replace(source)

    @property
    def lines(self) -> Sequence[str]:
        """Lines with their ends; only the last one has none."""
        return self._lines

    @property
    def source(self) -> str:
        if self._joined is None:
            self._joined = "".join(self._lines)
        return self._joined

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        if not isinstance(change, types.TextDocumentContentChangePartial):
            self._replace(change.text)
            return
        if self.oversized:
            return  # there is no text to change
        self._joined = None
        (first, before), (last, after) = span(self._lines, change.range, self.encoding)
        text = self._lines[first][:before] + change.text + self._lines[last][after:]
        if text.startswith("\n") and first and self._lines[first - 1].endswith("\r"):
            first -= 1  # the two characters now make one line end
            text = self._lines[first] + text
        self._characters += len(text) - sum(map(len, self._lines[first : last + 1]))
        if self._characters > self._limit():
            self._let_go()
            return
        edited = split_lines(text)
        if last + 1 < len(self._lines):
            edited.pop()  # the text after the last line end belongs to the next line
        self._lines[first : last + 1] = edited

    def _replace(self, source: str) -> None:
        self._characters = len(source)
        if self._characters > self._limit():
            self._let_go()
            return
        self.oversized = False
        self._lines = split_lines(source)
        self._joined = source

    def _let_go(self) -> None:
        self.oversized = True
        self._lines = [""]
        self._joined = ""


class Documents(Workspace):
    """The open documents; the most recently changed is last. Oversized ones count as not open."""

    limit = DOCUMENT_CHARACTERS

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Document:
        encoding = self.position_encoding or types.PositionEncodingKind.Utf16
        return Document(
            doc_uri, source or "", version, language_id or "", encoding, lambda: self.limit
        )

    def update_text_document(
        self,
        text_doc: types.VersionedTextDocumentIdentifier,
        change: types.TextDocumentContentChangeEvent,
    ) -> None:
        super().update_text_document(text_doc, change)
        key = unquote(text_doc.uri)
        self._text_documents[key] = self._text_documents.pop(key)

    def find(self, uri: str) -> Document | None:
        """The document, if it is open and not oversized."""
        found: Any = self._text_documents.get(unquote(uri))
        return found if isinstance(found, Document) and not found.oversized else None

    def oversized(self, uri: str) -> bool:
        """Whether the document is open but too large to be read."""
        found: Any = self._text_documents.get(unquote(uri))
        return isinstance(found, Document) and found.oversized

    def recent(self) -> list[Document]:
        """All open documents, the most recently changed first."""
        every: Any = self._text_documents.values()
        return [each for each in reversed(every) if not each.oversized]

    def roots(self) -> list[str]:
        """Paths of the workspace's folders."""
        uris = [*self.folders, *([self.root_uri] if self.root_uri else [])]
        paths = (to_fs_path(uri) for uri in uris)
        return list(dict.fromkeys(path for path in paths if path))


def opened(server: LanguageServer) -> Documents:
    """The documents of a server after ``initialize``, when ``features.settings`` has put them
    there.
    """
    workspace = server.workspace
    assert isinstance(workspace, Documents)
    return workspace
