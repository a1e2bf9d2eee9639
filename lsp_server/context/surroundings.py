"""Makes the context of a question from the document and the mentions, without anything secret.

It reads the documents that the editor has open. From the disk it reads only the files that the user
mentions, the metadata of installed packages and, when asked, what git says. It never reads a file
outside the workspace's folders.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from lsprotocol.types import Diagnostic, Position, Range
from pygls.uris import from_fs_path

from backend.protocol import wire
from lsp_server.context import excerpt as context
from lsp_server.context.prompt import Mention
from lsp_server.documents import syntax
from lsp_server.documents.open_documents import Document, Documents
from lsp_server.documents.text import clean
from lsp_server.protocol.chat import CursorState
from lsp_server.workspace import changes
from lsp_server.workspace.exclusions import Exclusions
from lsp_server.workspace.installed import Installed

CHARACTERS_A_TOKEN = 4
_NOTICES = 5  # for files left out of a diff; more notices would hide the answer
_LARGEST_FILE = 4 * 2**20

log = logging.getLogger(__name__)


class Surroundings:
    """Makes the context of each question. ``notices`` say what was left out."""

    def __init__(self, trusted: Callable[[], bool] = lambda: False) -> None:
        """``trusted`` says whether the workspace may allow files that are usually kept back."""
        self._trusted = trusted
        self._exclusions = Exclusions()
        self._installed = Installed()

    def at(
        self,
        documents: Documents,
        uri: str,
        place: Range,
        tokens: int,
        before: wire.Context | None = None,
    ) -> tuple[wire.Context, list[str]]:
        """The context at a place. A document that is secret or not open gives only its name."""
        document = documents.find(uri)
        if document is None:
            return wire.Context(uri=uri), [_oversized(uri)] if documents.oversized(uri) else []
        if self.secret(documents, uri):
            return wire.Context(uri=uri, language=document.language), [_kept(uri)]
        made = context.context_at(
            uri,
            document.language,
            document.lines,
            place,
            document.encoding,
            tokens * CHARACTERS_A_TOKEN // 2,
            before,
        )
        versions = self._installed.versions(made.packages, documents.roots())
        return msgspec.structs.replace(made, versions=versions), []

    async def mentioned(
        self,
        documents: Documents,
        around: wire.Context | None,
        mentions: Sequence[Mention],
        diagnostics: Sequence[Diagnostic],
        tokens: int,
    ) -> tuple[wire.Context | None, list[str]]:
        """Adds to ``around`` what the mentions name, as far as the budget allows."""
        files: list[wire.File] = []
        notices: list[str] = []
        made = around or wire.Context(uri="")
        left = tokens * CHARACTERS_A_TOKEN - len(made.text)
        for mention in mentions:
            if mention.kind == "diagnostics":
                if self.secret(documents, made.uri):
                    # diagnostics quote the document; a notice already says that it is not sent
                    continue
                made = msgspec.structs.replace(made, remarks=context.remarks(diagnostics))
            elif mention.kind == "diff":
                diff, left_out = await self._diff(documents.roots())
                notices += left_out
                made = msgspec.structs.replace(made, diff=clean(diff[: max(left, 0)]))
                left -= len(made.diff)
            elif mention.kind in ("file", "symbol"):
                file, why_not = (
                    self._file(documents, made.uri, mention.name)
                    if mention.kind == "file"
                    else self._symbol(documents, mention.name)
                )
                if file is None:
                    notices.append(why_not)
                    continue
                if len(file.text) > left:
                    notices.append(f"@{mention.kind}:{mention.name} is cut: it is too long.")
                    file = msgspec.structs.replace(file, text=_whole_lines(file.text, max(left, 0)))
                left -= len(file.text)
                files.append(file)
        made = msgspec.structs.replace(made, files=tuple(files))
        return (None if made == wire.Context(uri="") else made), notices

    def secret(self, documents: Documents, uri: str) -> bool:
        """Whether a document is never sent, whatever its scheme."""
        return self._exclusions.excluded_uri(uri, documents.roots(), trusted=self._trusted())

    def _excluded(self, path: str, roots: Sequence[str]) -> bool:
        return self._exclusions.excluded(path, roots, trusted=self._trusted())

    def _file(self, documents: Documents, here: str, name: str) -> tuple[wire.File | None, str]:
        """The current document, another open one, or a file of the workspace."""
        if not name:
            document = documents.find(here)
            if document is None:
                return None, "@file means the document, and none is open: name it, @file:PATH."
            return self._open(documents, document)
        for document in documents.recent():
            if document.uri.endswith(f"/{name}"):
                return self._open(documents, document)
        for root in map(Path, documents.roots()):
            path = (root / name).resolve()
            if path.is_relative_to(root.resolve()) and path.is_file():
                if self._excluded(str(path), documents.roots()):
                    return None, _kept(name)
                return self._read(path, name)
        return None, f"@file:{name} is not in the workspace."

    def _open(self, documents: Documents, document: Document) -> tuple[wire.File | None, str]:
        if self.secret(documents, document.uri):
            return None, _kept(document.uri)
        return wire.File(document.uri, clean(document.source), document.language), ""

    def _read(self, path: Path, name: str) -> tuple[wire.File | None, str]:
        try:
            if path.stat().st_size > _LARGEST_FILE:
                return None, f"@file:{name} is too large."
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None, f"@file:{name} cannot be read as text."
        return wire.File(from_fs_path(str(path)) or path.as_uri(), text), ""

    def _symbol(self, documents: Documents, name: str) -> tuple[wire.File | None, str]:
        """The definition with that name, from the most recently changed open
        document that has one.
        """
        if not name:
            return None, "@symbol needs a name: @symbol:NAME."
        wanted = name.rpartition(".")[2]
        for document in documents.recent():
            if wanted not in document.source or self.secret(documents, document.uri):
                continue
            for each in syntax.definitions(document.language, document.source):
                if each.name == wanted:
                    text = "".join(document.lines[each.first_row : each.last_row + 1])
                    file = wire.File(
                        document.uri, clean(text), document.language, each.first_row + 1
                    )
                    return file, ""
        return None, f"@symbol:{name} is not defined in an open document."

    def _sent(self, root: str, roots: Sequence[str], name: str) -> bool:
        return not self._excluded(f"{root}/{name}", roots)

    async def _diff(self, roots: Sequence[str]) -> tuple[str, list[str]]:
        """The changes that git reports, without files that are never sent; "" without a git."""
        for root in roots:
            try:
                text, left_out = await changes.diff(root, partial(self._sent, root, roots))
            except changes.NoChanges as error:
                log.info("no diff of %s: %s", root, error)
                continue
            if text or left_out:
                return text, [_kept(name) for name in left_out[:_NOTICES]]
        return "", []


def cursor(place: Position | None = None) -> Range:
    """An empty range; at the beginning of the document when no place is given."""
    at = place or Position(0, 0)
    return Range(at, at)


def place_of(states: tuple[CursorState, ...]) -> Range:
    """The range of the first entry that has one; else the beginning of the document."""
    for state in states:
        if state.range is not None:
            return state.range
        if state.position is not None:
            return cursor(state.position)
    return cursor()


def _kept(name: str) -> str:
    return f"{name.rpartition('/')[2]} is not sent: it may hold secrets, or is excluded."


def _oversized(name: str) -> str:
    return f"{name.rpartition('/')[2]} is not sent: it is too large."


def _whole_lines(text: str, characters: int) -> str:
    return text[: text.rfind("\n", 0, characters) + 1]
