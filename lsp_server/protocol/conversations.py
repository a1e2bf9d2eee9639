"""``glossator/conversations/…``: the conversations of a workspace."""

from typing import Literal

from msgspec import Struct

from lsp_server.protocol.answer import Citation

LIST_CONVERSATIONS = "glossator/conversations/list"
GET_CONVERSATION = "glossator/conversations/get"
DELETE_CONVERSATION = "glossator/conversations/delete"


class Turn(Struct, frozen=True, rename="camel"):
    """One message of a conversation; an answer has its citations."""

    role: Literal["user", "assistant"]
    text: str
    citations: tuple[Citation, ...] = ()


class TabParams(Struct, frozen=True, rename="camel"):
    """Names a conversation: for ``glossator/conversations/get`` and ``/delete``, requests."""

    tab_id: str


class ConversationSummary(Struct, frozen=True, rename="camel"):
    """``updatedAt`` counts seconds since the epoch. ``title`` is the beginning of the first
    question.
    """

    tab_id: str
    title: str
    updated_at: float
    turns: int


class Conversation(Struct, frozen=True, rename="camel"):
    """All turns of a tab, oldest first; empty when there are none."""

    tab_id: str
    turns: tuple[Turn, ...]
