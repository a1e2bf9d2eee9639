"""``glossator/mentions``: what could complete an ``@…`` or a ``/…`` in a prompt."""

from collections.abc import Iterator
from typing import Any

from pygls.lsp.server import LanguageServer

from lsp_server import rpc
from lsp_server.context import prompt
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents import syntax
from lsp_server.documents.imports import imported_packages
from lsp_server.documents.open_documents import Document, Documents, opened
from lsp_server.protocol.mentions import MENTIONS, Mention, MentionsParams

_LIMIT = 50


def attach(server: LanguageServer, surroundings: Surroundings) -> None:
    @server.feature(MENTIONS)
    def complete(params: Any) -> Any:
        with rpc.clear_errors():
            request = rpc.parse(params, MentionsParams)
            documents = opened(server)
            uri = request.text_document.uri if request.text_document else ""
            here = documents.find(uri)
            offered = [
                each
                for each in _all(documents, here, surroundings)
                if each.label.lower().startswith(request.prefix.lower())
            ]
            return [rpc.to_json(each) for each in offered[:_LIMIT]]


def _all(
    documents: Documents, here: Document | None, surroundings: Surroundings
) -> Iterator[Mention]:
    for command, (_, meaning) in prompt.COMMANDS.items():
        yield Mention(f"/{command}", meaning)
    for kind, meaning in prompt.MENTIONS.items():
        yield Mention(f"@{kind}:" if kind in prompt.NEEDS_NAME else f"@{kind}", meaning)
    roots = documents.roots()
    for document in documents.recent():
        root = next((root for root in roots if document.path.startswith(f"{root}/")), None)
        if root is not None and not surroundings.secret(documents, document.uri):
            name = document.path[len(root) + 1 :]
            quoted = f'"{name}"' if " " in name else name
            yield Mention(f"@file:{quoted}", "open")
    if here is None:
        return
    for package in imported_packages(here.source) if here.language == "python" else ():
        yield Mention(f"@docs:{package}", "imported here")
    for each in syntax.definitions(here.language, here.source):
        if each.name:
            yield Mention(f"@symbol:{each.name}", each.header)
