"""``glossator/explain``: what the code at a place does, or an answer to a question there."""

from lsprotocol.types import Range, TextDocumentIdentifier
from msgspec import Struct

from lsp_server.protocol.chat import ChatContext
from lsp_server.protocol.progress import Token

EXPLAIN = "glossator/explain"
EXPLAIN_COMMAND = "glossator.explain"  # the command of our code action


class ExplainParams(Struct, frozen=True, rename="camel"):
    """``glossator/explain``, request: explain the code in ``range``, or answer ``question`` there.

    An empty range is a cursor: the scope around it is meant. Answered as ``glossator/chat`` is,
    outside of any conversation, and before chats where the backend is busy.
    """

    text_document: TextDocumentIdentifier
    range: Range
    question: str = ""
    context: ChatContext | None = None
    partial_result_token: Token | None = None
