"""Partial results: what the editor learns while an answer is being made."""

from typing import Literal

from lsprotocol.types import Range
from msgspec import Struct

from lsp_server.protocol.answer import Citation

EndReason = Literal["stop", "length", "cancelled", "blocked", "failed"]
Token = str | int  # the editor's name for the partial results of one request


class Queued(Struct, frozen=True, rename="camel", tag_field="kind", tag="queued"):
    """Partial result: ``position`` requests wait before this one."""

    position: int


class Admitted(Struct, frozen=True, rename="camel", tag_field="kind", tag="admitted"):
    """Partial result: ``model`` begins to answer."""

    model: str
    queue_ms: float


class Citations(Struct, frozen=True, rename="camel", tag_field="kind", tag="citations"):
    """Partial result: the sources, before the first delta. ``late``: retrieval ran out of time."""

    citations: tuple[Citation, ...]
    late: bool


class Notice(Struct, frozen=True, rename="camel", tag_field="kind", tag="notice"):
    """Partial result: something the user should know, such as what a rail redacted."""

    about: str
    message: str


class Thinking(Struct, frozen=True, rename="camel", tag_field="kind", tag="thinking"):
    """Partial result: the model thinks before it answers. What it thinks is not shown."""


class Finding(Struct, frozen=True, rename="camel"):
    """What a linter reports about the selected code. ``fixable``: the linter has a fix for it."""

    code: str
    message: str
    range: Range
    url: str = ""
    fixable: bool = False


class Evidence(Struct, frozen=True, rename="camel", tag_field="kind", tag="evidence"):
    """Partial result of a rewrite: what the linter found before the model was asked."""

    findings: tuple[Finding, ...]


class Code(Struct, frozen=True, rename="camel", tag_field="kind", tag="code"):
    """Partial result of a rewrite: the next piece of new code. Prose comes as ``delta``."""

    text: str


class Delta(Struct, frozen=True, rename="camel", tag_field="kind", tag="delta"):
    """Partial result: the next piece of the text."""

    text: str


class End(Struct, frozen=True, rename="camel", tag_field="kind", tag="end"):
    """The last partial result. It is always sent, before the response (or error) itself.

    Some editors drop the response of a request that they cancelled, but they see this.
    """

    reason: EndReason


Progress = Queued | Admitted | Citations | Notice | Thinking | Evidence | Code | Delta | End
