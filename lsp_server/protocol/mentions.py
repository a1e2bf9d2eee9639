"""``glossator/mentions``: what could complete an ``@…`` or a ``/…`` in a prompt."""

from lsprotocol.types import TextDocumentIdentifier
from msgspec import Struct

MENTIONS = "glossator/mentions"


class MentionsParams(Struct, frozen=True, rename="camel"):
    """``glossator/mentions``, request: what could complete ``prefix``, a word of a prompt.

    It begins with ``@`` or ``/`` and ends at the cursor.
    """

    prefix: str
    text_document: TextDocumentIdentifier | None = None


class Mention(Struct, frozen=True, rename="camel"):
    """One way to complete it: ``label`` replaces the prefix."""

    label: str
    detail: str = ""
