"""Composition of the language server: one session, the features attached to one pygls server."""

import logging
import sys

from lsprotocol.types import TextDocumentSyncKind
from pygls.lsp.server import LanguageServer

from lsp_server import rpc
from lsp_server.features import chat, status
from lsp_server.session import Session

VERSION = "0.1.0"


def build(url: str, token: str = "") -> LanguageServer:
    """A server that is ready for ``start_io``; ``url`` is the backend's."""
    server = LanguageServer(
        "glossator",
        VERSION,
        # Whole documents: pygls counts a form feed or U+2028 as a line end, which LSP does not,
        # so incremental edits after one would silently land on the wrong line.
        text_document_sync_kind=TextDocumentSyncKind.Full,
        converter_factory=rpc.converter,
    )
    session = Session(url, token, on_status=status.notifier(server, url))
    status.attach(server, session)
    chat.attach(server, session)
    return server


def main(url: str, token: str = "") -> None:
    """Speaks LSP on stdin and stdout until the editor leaves; logs to stderr."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("lsp_server").setLevel(logging.INFO)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(rpc.QuietExpected())
    build(url, token).start_io()
