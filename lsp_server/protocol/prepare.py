"""``glossator/prepare``: a question is likely to come."""

from lsprotocol.types import TextDocumentIdentifier
from msgspec import Struct

from lsp_server.protocol.chat import CursorState

PREPARE = "glossator/prepare"


class PrepareParams(Struct, frozen=True, rename="camel"):
    """``glossator/prepare``, notification: a question is likely to come, so warm up for it.

    Send it when the chat gets the focus, when a selection has settled, and while the user types.
    """

    tab_id: str = ""
    prompt: str = ""
    text_document: TextDocumentIdentifier | None = None
    cursor_state: tuple[CursorState, ...] = ()
