"""``glossator/explain``: what the code at a place does, or an answer to a question there."""

from lsprotocol.types import Range, TextDocumentIdentifier
from msgspec import Struct

from lsp_server.protocol.chat import ChatContext
from lsp_server.protocol.progress import Token

EXPLAIN = "glossator/explain"
EXPLAIN_COMMAND = "glossator.explain"  # the command of our code action


class ExplainParams(Struct, frozen=True, rename="camel"):
    """``glossator/explain``, request: explain the code in ``range``, or answer ``question`` about
    it.

    An empty range is a cursor and means the scope around it. The response is that of
    ``glossator/chat``. The answer belongs to no conversation, and a busy backend takes it before
    chats.
    """

    text_document: TextDocumentIdentifier
    range: Range
    question: str = ""
    context: ChatContext | None = None
    partial_result_token: Token | None = None
