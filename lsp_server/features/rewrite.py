"""``glossator/rewrite`` and ``glossator/accept``: proposes new code, checks it, applies its hunks.

The evidence comes first, then the model, then the check. Nothing changes before the user accepts.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cachetools import LRUCache
from lsprotocol.types import (
    ApplyWorkspaceEditParams,
    OptionalVersionedTextDocumentIdentifier,
    Position,
    Range,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)
from pygls.lsp.server import LanguageServer

from backend.protocol import wire
from lsp_server import rpc
from lsp_server.answers import translate
from lsp_server.answers.stream import AnswerStream
from lsp_server.configuration import Configuration
from lsp_server.context import excerpt as context
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents import syntax
from lsp_server.documents.fences import Fences
from lsp_server.documents.open_documents import Document, opened
from lsp_server.documents.text import clean, last_line, position, span
from lsp_server.protocol.progress import Code, Evidence, Finding
from lsp_server.protocol.rewrite import (
    ACCEPT,
    REWRITE,
    AcceptParams,
    AcceptResult,
    Hunk,
    RewriteParams,
    RewriteResult,
)
from lsp_server.rewrites import linter, question
from lsp_server.rewrites.outcome import outcome
from lsp_server.rewrites.proposal import Edit, Proposal

REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class _Target:
    """The rows to rewrite, inclusive, and the document as it was."""

    document: Document
    version: int
    lines: tuple[str, ...]
    first: int
    last: int

    @property
    def old(self) -> str:
        return "".join(self.lines[self.first : self.last + 1])

    @property
    def range(self) -> Range:
        return rows_to_range(self.document, self.lines, self.first, self.last + 1)


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Proposes rewrites and applies them. The newest ``REMEMBERED`` can be accepted."""

    server: LanguageServer
    stream: AnswerStream
    surroundings: Surroundings
    configuration: Configuration
    _proposals: LRUCache[str, Proposal] = field(default_factory=lambda: LRUCache(REMEMBERED))

    async def propose(self, request: RewriteParams) -> RewriteResult:
        """Raises a JSON-RPC error that says why there is no rewrite."""
        target = self._target(request)
        found = await self._evidence(request, target)
        told = tuple(_finding(target, each) for each in found)
        if request.kind == "optimize":
            self.stream.report(request.partial_result_token, Evidence(told))
        ask, notices = self._ask(request, target, found)
        fences = Fences()

        def split(text: str) -> Iterator[Code | str]:
            for kind, piece in fences.feed(text):
                yield Code(piece) if kind == "code" else piece

        answer = await self.stream.answer(ask, request.partial_result_token, notices, split=split)
        for _ in fences.end():
            pass  # the rest looked like a fence and was held back; the response has the whole text
        made = outcome(
            request.kind,
            target.document.language,
            target.lines,
            (target.first, target.last),
            answer,
            fences,
            found if request.kind == "optimize" else (),
        )
        proposal = Proposal(target.document.uri, target.first, target.old, made.code)
        applicable = not made.problems
        if applicable:
            self._proposals[ask.id] = proposal
        return RewriteResult(
            id=ask.id,
            text_document=request.text_document,
            range=target.range,
            text=made.text,
            code=made.code,
            applicable=applicable,
            problems=tuple(made.problems),
            hunks=tuple(_hunks(target, proposal)) if applicable else (),
            findings=told,
            citations=tuple(map(translate.citation, answer.citations)),
            finish_reason=answer.finished.reason,
            usage=translate.usage(answer.finished),
            timings=translate.timings(answer.finished),
        )

    async def accept(self, request: AcceptParams) -> AcceptResult:
        proposal = self._proposals.get(request.id)
        if proposal is None:
            return AcceptResult(False, (), "This rewrite is not known (any more): ask again.")
        document = opened(self.server).find(proposal.uri)
        every = [change.id for change in proposal.changes]
        wanted = every if request.hunks is None else [id for id in every if id in request.hunks]
        edits = proposal.edits(document.lines, wanted) if document else None
        if document is None or edits is None:
            reason = "The code was changed meanwhile, so nothing was applied. Ask again."
            return AcceptResult(False, tuple(sorted(proposal.accepted)), reason)
        reason = ""
        if edits:
            params = ApplyWorkspaceEditParams(self._edit(document, edits), "Glossator")
            answer = await self.server.workspace_apply_edit_async(params)
            if not answer.applied:
                reason = answer.failure_reason or "The editor did not apply the change."
        if not reason:
            proposal.accept(wanted)
        return AcceptResult(not reason, tuple(sorted(proposal.accepted)), reason)

    def _target(self, request: RewriteParams) -> _Target:
        uri, version = request.text_document.uri, request.text_document.version
        documents = opened(self.server)
        document = documents.find(uri)
        if document is None:
            why = "too large" if documents.oversized(uri) else "not open in the editor"
            raise rpc.refused(f"{uri} is {why}.")
        if self.surroundings.secret(documents, uri):
            raise rpc.refused(f"{uri} is not sent: it may hold secrets, or is excluded.")
        if document.version is not None and document.version != version:
            raise rpc.refused("The document has changed since the code was selected. Select again.")
        start, end = span(document.lines, request.range, document.encoding)
        first, last = start[0], last_line(start, end)
        if start == end:
            first, last = syntax.statement(document.language, document.source, first)
        return _Target(document, version, tuple(document.lines), first, last)

    async def _evidence(self, request: RewriteParams, target: _Target) -> list[linter.Finding]:
        if request.kind != "optimize" or target.document.language != "python":
            return []
        options = self.configuration.options
        return await linter.findings(
            target.document.source,
            target.document.path,
            target.first,
            target.last,
            opened(self.server).roots(),
            options.ruff,
            trusted=options.trusted,
        )

    def _ask(
        self, request: RewriteParams, target: _Target, found: Sequence[linter.Finding]
    ) -> tuple[wire.Ask, list[str]]:
        options = self.configuration.options
        around, notices = self.surroundings.at(
            opened(self.server), target.document.uri, target.range, options.context_tokens
        )
        remarks = (
            *context.remarks(request.diagnostics),
            *(question.remark(target.lines, each) for each in found),
        )
        selection = around.selection or wire.Selection(
            clean(target.old), target.first + 1, target.last + 1
        )
        around = msgspec.structs.replace(around, remarks=remarks, selection=selection)
        ask = wire.Ask(
            id=uuid.uuid4().hex,
            question=question.question(request.kind, clean(request.instruction), remarks),
            kind="optimize",
            task=request.kind,
            context=around,
            sources=options.sources,
        )
        return ask, notices

    def _edit(self, document: Document, edits: Sequence[Edit]) -> WorkspaceEdit:
        changes = [
            TextEdit(rows_to_range(document, document.lines, each.first, each.after), each.text)
            for each in edits
        ]
        workspace = self.server.protocol.client_capabilities.workspace
        supported = workspace.workspace_edit if workspace else None
        if supported is None or not supported.document_changes:
            return WorkspaceEdit(changes={document.uri: changes})
        # The version lets an editor refuse the edit if the user has typed meanwhile.
        versioned = OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
        return WorkspaceEdit(document_changes=[TextDocumentEdit(versioned, changes)])


def attach(server: LanguageServer, rewriter: Rewriter) -> None:
    @server.feature(REWRITE)
    async def rewrite(params: Any) -> Any:
        with rpc.clear_errors():
            return rpc.to_json(await rewriter.propose(rpc.parse(params, RewriteParams)))

    @server.feature(ACCEPT)
    async def accept(params: Any) -> Any:
        with rpc.clear_errors():
            return rpc.to_json(await rewriter.accept(rpc.parse(params, AcceptParams)))


def rows_to_range(document: Document, lines: Sequence[str], first: int, after: int) -> Range:
    """Whole rows, ``after`` exclusive; to the document's end when no row follows."""
    if after < len(lines):
        return Range(Position(first, 0), Position(after, 0))
    end = (len(lines) - 1, len(lines[-1]))
    return Range(Position(first, 0), position(lines, end, document.encoding))


def _finding(target: _Target, each: linter.Finding) -> Finding:
    encoding = target.document.encoding
    return Finding(
        code=each.code,
        message=each.message,
        range=Range(
            position(target.lines, each.start, encoding), position(target.lines, each.end, encoding)
        ),
        url=each.url,
        fixable=bool(each.fix),
    )


def _hunks(target: _Target, proposal: Proposal) -> Iterator[Hunk]:
    for change in proposal.changes:
        first, after = target.first + change.first, target.first + change.after
        yield Hunk(
            id=change.id,
            range=rows_to_range(target.document, target.lines, first, after),
            old_text="".join(change.old),
            new_text="".join(change.new),
        )
