"""``glossator/rewrite`` and ``glossator/accept``: new code is proposed, then applied in hunks."""

from typing import Literal

from lsprotocol.types import Diagnostic, Range, VersionedTextDocumentIdentifier
from msgspec import Struct

from backend.protocol import wire
from lsp_server.protocol.answer import Citation, Timings, Usage
from lsp_server.protocol.progress import Finding, Token

REWRITE = "glossator/rewrite"
ACCEPT = "glossator/accept"
# The command of our code actions; an editor that sets ``previews`` runs it itself.
REWRITE_COMMAND = "glossator.rewrite"
RewriteKind = Literal["optimize", "document", "fix", "rewrite"]


class RewriteParams(Struct, frozen=True, rename="camel"):
    """``glossator/rewrite``, request, and the argument of the command ``glossator.rewrite``.

    ``range`` is extended to whole lines; an empty one, to the statement or definition around it.
    """

    kind: RewriteKind
    text_document: VersionedTextDocumentIdentifier
    range: Range
    instruction: str = ""  # of kind "rewrite": what to do
    diagnostics: tuple[Diagnostic, ...] = ()  # of kind "fix": what to fix
    partial_result_token: Token | None = None


class Hunk(Struct, frozen=True, rename="camel"):
    """One change that can be accepted alone: whole lines of the document when
    it was asked about.
    """

    id: int
    range: Range
    old_text: str
    new_text: str


class RewriteResult(Struct, frozen=True, rename="camel"):
    """A proposal; nothing changes before ``glossator/accept``.

    When ``applicable`` is false, the rewrite failed a check and can only be shown; ``problems`` say
    why. Then, and when nothing is to be changed, ``hunks`` is empty.
    """

    id: str  # for glossator/accept
    text_document: VersionedTextDocumentIdentifier
    range: Range  # what ``code`` would replace
    text: str  # the explanation, Markdown
    code: str
    applicable: bool
    problems: tuple[str, ...]
    hunks: tuple[Hunk, ...]
    findings: tuple[Finding, ...]
    citations: tuple[Citation, ...]
    finish_reason: wire.FinishReason
    usage: Usage
    timings: Timings


class AcceptParams(Struct, frozen=True, rename="camel"):
    """``glossator/accept``, request: apply these hunks of a rewrite; null means all."""

    id: str
    hunks: tuple[int, ...] | None = None


class AcceptResult(Struct, frozen=True, rename="camel"):
    """When ``applied`` is false, nothing changed, and ``reason`` tells the user why."""

    applied: bool
    accepted: tuple[int, ...]  # all hunks of this rewrite that the document now has
    reason: str = ""
