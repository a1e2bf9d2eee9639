"""``textDocument/inlineCompletion``: code at the cursor, by the model's fill-in-the-middle."""

from lsprotocol.types import (
    TEXT_DOCUMENT_INLINE_COMPLETION,
    Command,
    InlineCompletionItem,
    InlineCompletionList,
    InlineCompletionOptions,
    InlineCompletionParams,
    InlineCompletionTriggerKind,
    Range,
)
from pygls.lsp.server import LanguageServer

from lsp_server.client.client import Client
from lsp_server.completion.completer import Completer, spot_at
from lsp_server.completion.fitting import ends_line
from lsp_server.configuration import Configuration
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents.open_documents import opened
from lsp_server.documents.text import locate
from lsp_server.features.status import Notifier
from lsp_server.protocol.completion import TAKEN_COMMAND


def attach(
    server: LanguageServer,
    client: Client,
    surroundings: Surroundings,
    configuration: Configuration,
    notifier: Notifier,
) -> None:
    completer = Completer(client, notifier.completion)

    @server.feature(TEXT_DOCUMENT_INLINE_COMPLETION, InlineCompletionOptions())
    async def complete(params: InlineCompletionParams) -> InlineCompletionList | None:
        documents = opened(server)
        document = documents.find(params.text_document.uri)
        if not configuration.options.inline_completion:
            notifier.completion("disabled")
            return None
        if document is None or notifier.told.inline_completion == "unavailable":
            return None
        if surroundings.secret(documents, document.uri):
            return None
        spot = spot_at(document, *locate(document.lines, params.position, document.encoding))
        asked = params.context.trigger_kind == InlineCompletionTriggerKind.Invoked
        if not asked and not ends_line(spot.suffix):
            return None
        text = await completer.complete(spot, asked=asked)
        if not text:
            return None
        completer.pause.shown()
        at = Range(params.position, params.position)
        taken = Command("Taken", TAKEN_COMMAND)
        return InlineCompletionList([InlineCompletionItem(text, range=at, command=taken)])

    @server.command(TAKEN_COMMAND)
    def taken() -> None:
        completer.pause.taken()
