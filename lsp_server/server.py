"""Composes the language server: one client, and all features attached to one pygls server."""

import logging
import sys
from pathlib import Path

import platformdirs
from lsprotocol.types import TextDocumentSyncKind
from pygls.lsp.server import LanguageServer

from indexer.screening.terminal import PrintableStream
from lsp_server import rpc
from lsp_server.answers.stream import AnswerStream
from lsp_server.client.traced import client as open_client
from lsp_server.configuration import Configuration
from lsp_server.context.conversation import Conversations, workspace_folder
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents.open_documents import opened
from lsp_server.features import (
    actions,
    chat,
    commands,
    completion,
    conversations,
    explain,
    hover,
    mentions,
    opening,
    prepare,
    rewrite,
    settings,
    status,
)

VERSION = "0.1.0"


def build(url: str, token: str = "") -> LanguageServer:
    """A server that is ready for ``start_io``; ``url`` is the backend's."""
    server = LanguageServer(
        "glossator",
        VERSION,
        text_document_sync_kind=TextDocumentSyncKind.Incremental,
        converter_factory=rpc.converter,
    )
    configuration = Configuration()

    def history() -> Path:
        given = configuration.options.history_folder
        data = Path(given) if given else platformdirs.user_data_path("glossator", False)
        return workspace_folder(data, opened(server).roots())

    notifier = status.Notifier(server, url)
    client = open_client("glossator-lsp", url, token, on_status=notifier.connection)
    stream = AnswerStream(server, client)
    surroundings = Surroundings(lambda: configuration.options.trusted)
    said = Conversations(history)
    rewriter = rewrite.Rewriter(server, stream, surroundings, configuration)
    explainer = explain.Explainer(server, stream, surroundings, configuration)

    settings.attach(server, configuration)
    opening.attach(server)
    status.attach(server, client)
    chat.attach(server, stream, surroundings, said, configuration)
    conversations.attach(server, said)
    mentions.attach(server, surroundings)
    prepare.attach(server, client, surroundings, said, configuration)
    explain.attach(server, explainer)
    hover.attach(server, client, surroundings, configuration)
    actions.attach(server, surroundings, configuration)
    rewrite.attach(server, rewriter)
    commands.attach(server, rewriter, explainer)
    completion.attach(server, client, surroundings, configuration, notifier)
    return server


def main(url: str, token: str = "") -> None:
    """Speaks LSP on stdin and stdout until the editor leaves; logs to stderr."""
    logging.basicConfig(
        stream=PrintableStream(sys.stderr), format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("lsp_server").setLevel(logging.INFO)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(rpc.QuietExpected())
    build(url, token).start_io()
