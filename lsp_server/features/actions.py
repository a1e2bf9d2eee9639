"""``textDocument/codeAction``: what can be done with the selected code.

Actions are listed at once and carry a command. The backend is asked only when the user picks one.
"""

from collections.abc import Iterator, Sequence

from lsprotocol.types import (
    TEXT_DOCUMENT_CODE_ACTION,
    CodeAction,
    CodeActionKind,
    CodeActionOptions,
    CodeActionParams,
    Command,
    Diagnostic,
    Range,
    TextDocumentIdentifier,
    VersionedTextDocumentIdentifier,
)
from pygls.lsp.server import LanguageServer

from lsp_server import rpc
from lsp_server.configuration import Configuration
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents.open_documents import Document, opened
from lsp_server.protocol.explain import EXPLAIN_COMMAND, ExplainParams
from lsp_server.protocol.rewrite import REWRITE_COMMAND, RewriteKind, RewriteParams

BASE = f"{CodeActionKind.RefactorRewrite.value}.glossator"
KINDS = [f"{BASE}.{name}" for name in ("optimize", "explain", "document", "fix", "rewrite")]


def attach(
    server: LanguageServer, surroundings: Surroundings, configuration: Configuration
) -> None:
    options = CodeActionOptions(code_action_kinds=KINDS)

    @server.feature(TEXT_DOCUMENT_CODE_ACTION, options)
    def actions(params: CodeActionParams) -> list[CodeAction]:
        documents = opened(server)
        document = documents.find(params.text_document.uri)
        if document is None or surroundings.secret(documents, document.uri):
            return []
        wanted = params.context.only
        offered = _offered(document, params, previews=configuration.options.previews)
        return [each for each in offered if wanted is None or _among(str(each.kind), wanted)]


def _offered(
    document: Document, params: CodeActionParams, *, previews: bool
) -> Iterator[CodeAction]:
    selected = params.range
    yield _rewrite("optimize", "Optimize", document, selected)
    yield _explain(document, selected)
    yield _rewrite("document", "Document", document, selected)
    for diagnostic in params.context.diagnostics:
        title = f"Fix: {' '.join(diagnostic.message.split())[:60]}"
        where = diagnostic.range if selected.start == selected.end else selected
        yield _rewrite("fix", title, document, where, (diagnostic,))
    if previews:
        yield _rewrite("rewrite", "Rewrite with instruction…", document, selected)


def _rewrite(
    kind: RewriteKind,
    title: str,
    document: Document,
    where: Range,
    diagnostics: tuple[Diagnostic, ...] = (),
) -> CodeAction:
    params = RewriteParams(
        kind=kind,
        text_document=VersionedTextDocumentIdentifier(document.version or 0, document.uri),
        range=where,
        diagnostics=diagnostics,
    )
    command = Command(f"Glossator: {title}", REWRITE_COMMAND, arguments=[rpc.to_json(params)])
    return CodeAction(
        command.title,
        kind=f"{BASE}.{kind}",
        diagnostics=list(diagnostics) or None,
        command=command,
    )


def _explain(document: Document, where: Range) -> CodeAction:
    params = ExplainParams(TextDocumentIdentifier(document.uri), where)
    command = Command("Glossator: Explain", EXPLAIN_COMMAND, arguments=[rpc.to_json(params)])
    return CodeAction(command.title, kind=f"{BASE}.explain", command=command)


def _among(kind: str, wanted: Sequence[CodeActionKind | str]) -> bool:
    """Kinds form a hierarchy: ``refactor`` also asks for ``refactor.rewrite``."""
    asked = (getattr(each, "value", each) for each in wanted)
    return any(not each or kind == each or kind.startswith(f"{each}.") for each in asked)
