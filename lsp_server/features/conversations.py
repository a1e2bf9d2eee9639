"""``glossator/conversations/…``: lists, shows and deletes conversations."""

from typing import Any

from pygls.lsp.server import LanguageServer

from lsp_server import rpc
from lsp_server.answers.translate import conversation, summary
from lsp_server.context.conversation import Conversations
from lsp_server.protocol.conversations import (
    DELETE_CONVERSATION,
    GET_CONVERSATION,
    LIST_CONVERSATIONS,
    TabParams,
)


def attach(server: LanguageServer, conversations: Conversations) -> None:
    @server.feature(LIST_CONVERSATIONS)
    def listed(_params: Any) -> Any:
        with rpc.clear_errors():
            return [rpc.to_json(summary(each)) for each in conversations.list()]

    @server.feature(GET_CONVERSATION)
    def get(params: Any) -> Any:
        with rpc.clear_errors():
            request = rpc.parse(params, TabParams)
            return rpc.to_json(conversation(conversations.get(request.tab_id)))

    @server.feature(DELETE_CONVERSATION)
    def delete(params: Any) -> None:
        with rpc.clear_errors():
            conversations.delete(rpc.parse(params, TabParams).tab_id)
