"""Takes the editor's options at ``initialize`` and whenever they change."""

from typing import Any

from lsprotocol.types import (
    INITIALIZE,
    WORKSPACE_DID_CHANGE_CONFIGURATION,
    InitializeParams,
    MessageType,
    ShowMessageParams,
)
from pygls.lsp.server import LanguageServer

from lsp_server.configuration import Configuration
from lsp_server.documents.open_documents import Documents, opened


def attach(server: LanguageServer, configuration: Configuration) -> None:
    @server.feature(INITIALIZE)
    def initialize(params: InitializeParams) -> None:
        # pygls offers no way to choose the class of the workspace, so it is replaced once it
        # exists.
        made = server.workspace
        server.protocol._workspace = Documents(
            made.root_uri,
            made._sync_kind,
            list(made.folders.values()),
            made.position_encoding,
        )
        tell(configuration.replace(params.initialization_options))

    @server.feature(WORKSPACE_DID_CHANGE_CONFIGURATION)
    def changed(params: Any) -> None:
        settings = getattr(params, "settings", None)
        given = settings.get("glossator") if isinstance(settings, dict) else None
        if given is not None:
            tell(configuration.replace(given))

    def tell(messages: list[str]) -> None:
        opened(server).limit = configuration.options.document_characters
        for message in messages:
            server.window_show_message(ShowMessageParams(MessageType.Warning, message))
