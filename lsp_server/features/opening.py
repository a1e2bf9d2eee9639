"""Warns about documents that are too large, and drops what was kept of closed ones."""

from lsprotocol.types import (
    TEXT_DOCUMENT_DID_CHANGE,
    TEXT_DOCUMENT_DID_CLOSE,
    TEXT_DOCUMENT_DID_OPEN,
    DidChangeTextDocumentParams,
    DidCloseTextDocumentParams,
    DidOpenTextDocumentParams,
    MessageType,
    ShowMessageParams,
)
from pygls.lsp.server import LanguageServer

from lsp_server.documents import imports, syntax
from lsp_server.documents.open_documents import opened


def attach(server: LanguageServer) -> None:
    told: set[str] = set()  # addresses that the user was warned about

    def tell(uri: str) -> None:
        documents = opened(server)
        if uri in told or not documents.oversized(uri):
            return
        told.add(uri)
        message = (
            f"{uri.rpartition('/')[2]} has more than {documents.limit:,} characters, so Glossator "
            "does not read it: no help and no completion in it, and no question carries it. The "
            "option documentCharacters sets the limit; open the file again after changing it."
        )
        server.window_show_message(ShowMessageParams(MessageType.Warning, message))

    @server.feature(TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: DidOpenTextDocumentParams) -> None:
        tell(params.text_document.uri)

    @server.feature(TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: DidChangeTextDocumentParams) -> None:
        tell(params.text_document.uri)

    @server.feature(TEXT_DOCUMENT_DID_CLOSE)
    def did_close(_params: DidCloseTextDocumentParams) -> None:
        syntax.forget()
        imports.forget()
