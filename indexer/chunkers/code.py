"""Cuts source code by its syntax. Pure.

A definition is a chunk, together with the comment above it. If it is too long, it is cut between
its members or statements, and every piece repeats the headers of the definitions around it. Text
between definitions (imports, constants) shares chunks. Lines are never cut.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from tree_sitter import Node

from indexer.chunkers.blocks import CHARACTERS, blocks, first_paragraph
from indexer.chunkers.grammars import GRAMMARS, body_of, name_of, parser
from indexer.types import Chunk, Document, Ruler

_HEADER_LINES = 8  # lines of a definition's header that are repeated above its pieces
_DEPTH = 40  # levels of nesting that are followed; deeper code is cut at any line
_COMMENT_MARK = re.compile(r"\s*(?:/\*+!?|\*+/|\*|//[/!]?|#+!?|\"\"\"|''')?\s?")
_COMMENT = re.compile(r"\s*(//|/\*|\*|#(?!\[))")
_DASHES = re.compile(r"\s*--+")
_DASHED = {"lua", "sql"}  # languages whose comments begin with dashes
_WITH_NEXT = {"comment", "line_comment", "block_comment", "multiline_comment", "attribute_item",
              "decorator"}  # fmt: skip
_OF_FOLDERS = {"__init__", "index", "mod", "lib"}  # files that stand for their folder
_VALUES = {"arrow_function", "function_expression", "generator_function", "class"}


@dataclass(frozen=True, slots=True)
class _Definition:
    """Lines are 0-based and the last one is inclusive. ``first`` is the first line of the comment
    above.
    """

    node: Node
    first: int
    line: int
    last: int


@dataclass(frozen=True, slots=True)
class _Piece:
    first: int
    last: int
    scope: tuple[str, ...] = ()
    headers: tuple[tuple[int, int], ...] = ()  # headers of the definitions around, outermost first
    line: int | None = None  # the line that a citation opens
    signature: str = ""
    summary: str = ""


class CodeChunker:
    """Makes chunks that fit the ruler with their headers, except for single
    lines that are longer.
    """

    def __init__(self, ruler: Ruler = CHARACTERS) -> None:
        self._ruler = ruler

    def chunks(self, document: Document) -> Iterator[Chunk]:
        lines = document.text.split("\n")
        breadcrumb = " › ".join(document.breadcrumb)
        module = _module(document.breadcrumb)
        file = _File(document, lines, self._ruler, breadcrumb)
        for piece in file.pieces():
            text = file.shown(piece)
            name = ".".join(piece.scope)
            yield Chunk(
                source=document.source,
                uri=document.uri,
                title=name or document.title,
                text=text,
                kind="code",
                breadcrumb=breadcrumb,
                version=document.version,
                symbol=_symbol(module, piece.scope),
                signature=piece.signature,
                summary=piece.summary,
                section=name,
                line=(piece.first if piece.line is None else piece.line) + 1,
            )


class _File:
    """One file: its lines, their sizes, and the pieces they make."""

    def __init__(
        self, document: Document, lines: Sequence[str], ruler: Ruler, breadcrumb: str
    ) -> None:
        self._language = document.language
        self._grammar = GRAMMARS[document.language]
        self._lines = lines
        self._ruler = ruler
        self._heading = breadcrumb
        self._upto = list(accumulate((ruler.size(f"{line}\n") for line in lines), initial=0))

    def pieces(self) -> Iterator[_Piece]:
        root = parser(self._language)("\n".join(self._lines).encode("utf-8", "replace"))
        for piece in self._members(root, _Piece(0, len(self._lines) - 1)):
            if self._says_something(piece):
                first = piece.first
                while not self._lines[first].strip():
                    first += 1
                yield replace(piece, first=first)

    def shown(self, piece: _Piece) -> str:
        """The lines of a piece, below the headers of the definitions around it."""
        text: list[str] = []
        after = -1
        for first, last in piece.headers:
            if after < first and last < piece.first:
                text += self._lines[first : last + 1]
                after = last
        here = self._lines[piece.first : piece.last + 1]
        if text and after + 1 < piece.first:
            text.append(" " * (len(here[0]) - len(here[0].lstrip())) + "…")
        return "\n".join([*text, *here]).rstrip()

    def _says_something(self, piece: _Piece) -> bool:
        """False for braces alone, and for a bare header, because all other pieces repeat it."""
        text = "".join(self._lines[piece.first : piece.last + 1])
        header_alone = bool(piece.headers) and piece.last <= piece.headers[-1][1]
        return any(map(str.isalnum, text)) and (bool(piece.summary) or not header_alone)

    def _members(self, node: Node, whole: _Piece, depth: int = 0) -> Iterator[_Piece]:
        """The definitions below a node and the text between them, from the
        first line to the last.
        """
        loose = whole.first
        for member in self._definitions(node):
            if member.last < loose:
                continue  # on the line of another definition
            member = replace(member, first=max(member.first, loose))
            yield from self._cut(node, replace(whole, first=loose, last=member.first - 1))
            yield from self._definition(member, whole, depth)
            loose = member.last + 1
        yield from self._cut(node, replace(whole, first=loose, line=None))

    def _definition(self, member: _Definition, around: _Piece, depth: int) -> Iterator[_Piece]:
        body = body_of(member.node) or _value_body(member.node)
        header = self._header(member, body)
        whole = _Piece(
            member.first,
            member.last,
            (*around.scope, *filter(None, [name_of(member.node)])),
            around.headers,
            member.line,
            self._signature(header),
            self._summary(member, body),
        )
        if self._fits(whole):
            yield whole
            return
        if body is None or depth > _DEPTH or header[1] >= member.last:
            yield from self._cut(member.node, whole)
            return
        inside = replace(whole, headers=(*around.headers, header))
        if any(True for _ in self._definitions(body)) and not _is_function(member.node):
            yield from self._members(body, inside, depth + 1)
        else:
            yield from self._cut(body, inside)

    def _definitions(self, node: Node) -> Iterator[_Definition]:
        """The definitions directly below a node or in a wrapper, each with the comments that touch
        it.
        """
        above: int | None = None
        end = -1
        before = node.prev_sibling
        if self._language == "ruby" and before is not None and before.type == "comment":
            # The comment at the head of a body is not in it.
            above, end = before.start_point.row, _last_row(before)
        for child in node.children:
            if child.type in _WITH_NEXT:
                if above is None or child.start_point.row > end + 1:
                    above = child.start_point.row
                end = _last_row(child)
                continue
            found = self._unwrapped(child)
            row = child.start_point.row
            if found is not None:
                touched = above is not None and row <= end + 1
                yield _Definition(
                    found,
                    above if touched and above is not None else row,
                    found.start_point.row,
                    max(_last_row(child), row),
                )
            above = None

    def _unwrapped(self, node: Node) -> Node | None:
        for _ in range(4):
            if node.type in self._grammar.definitions:
                value = node.child_by_field_name("value")
                if node.type == "variable_declarator":
                    return node if value is not None and value.type in _VALUES else None
                return node
            if node.type not in self._grammar.wrappers:
                return None
            inner = next(
                (
                    child
                    for child in node.named_children
                    if child.type in self._grammar.definitions | self._grammar.wrappers
                ),
                None,
            )
            if inner is None:
                return None
            node = inner
        return None

    def _cut(self, node: Node, whole: _Piece) -> Iterator[_Piece]:
        """The pieces that fit, cut only where the syntax allows it."""
        first, last = whole.first, whole.last
        if not any(line.strip() for line in self._lines[first : last + 1]):
            return
        limit = self._limit(whole)
        start = end = first
        for end, following in pairwise([*self._cuts(node, first, last, limit), last + 1]):
            if end > start and self._size(start, following - 1) > limit:
                yield self._part(whole, start, end - 1)
                start = end
        yield self._part(whole, start, last)

    def _cuts(self, node: Node, first: int, last: int, limit: int, depth: int = 0) -> list[int]:
        """The lines where children begin; for a child that is too long, also where its children
        begin.

        ``first`` is one of them. A comment stays with what follows it.
        """
        starts = {first: node}
        follows = False
        for child in node.children:
            row = child.start_point.row
            if first < row <= last and not follows:
                starts.setdefault(row, child)
            if row in starts and _last_row(child) > _last_row(starts[row]):
                starts[row] = child
            if row <= first <= _last_row(child) and starts[first] is node:
                starts[first] = child
            follows = child.type in _WITH_NEXT
        cuts: list[int] = []
        for start, following in pairwise([*sorted(starts), last + 1]):
            if self._size(start, following - 1) <= limit:
                cuts.append(start)
            elif depth > _DEPTH or not starts[start].children:
                cuts += range(start, following)
            else:
                cuts += self._cuts(starts[start], start, following - 1, limit, depth + 1)
        return cuts

    def _part(self, whole: _Piece, first: int, last: int) -> _Piece:
        """The first part is cited at its definition, any other part at its own first line."""
        at_head = whole.line is not None and first <= whole.line <= last
        return replace(whole, first=first, last=last, line=whole.line if at_head else None)

    def _fits(self, piece: _Piece) -> bool:
        return self._size(piece.first, piece.last) <= self._limit(piece)

    def _limit(self, piece: _Piece) -> int:
        headers = sum(self._size(*header) for header in piece.headers)
        limit = self._ruler.room(f"{self._heading} › {'.'.join(piece.scope)}")
        return max(limit - headers, limit // 2)

    def _size(self, first: int, last: int) -> int:
        return self._upto[last + 1] - self._upto[first] if last >= first else 0

    def _header(self, member: _Definition, body: Node | None) -> tuple[int, int]:
        """The lines of a definition before its body."""
        first = member.line
        last = first
        if body is not None:
            opens = self._lines[body.start_point.row][: body.start_point.column].strip()
            last = body.start_point.row - (0 if opens or _braced(body) else 1)
        return first, max(min(last, first + _HEADER_LINES - 1), first)

    def _signature(self, header: tuple[int, int]) -> str:
        return " ".join(" ".join(self._lines[header[0] : header[1] + 1]).split()).rstrip(" {:")

    def _summary(self, member: _Definition, body: Node | None) -> str:
        """The first paragraph of its docstring, or of the comment above it."""
        above = [line for line in self._lines[member.first : member.line] if _COMMENT.match(line)]
        if self._language in _DASHED:
            lines = self._lines[member.first : member.line]
            above = [line[dash.end() :] for line in lines if (dash := _DASHES.match(line))]
        first = body.named_children[0] if body is not None and body.named_children else None
        if self._language == "python" and first is not None:
            text = (first.text or b"").decode("utf-8", "replace")
            if first.type == "expression_statement" and text.endswith(('"""', "'''", '"')):
                above = text.rstrip("\"'").split("\n")
        words = "\n".join(map(_unmarked, above))
        return first_paragraph(blocks(words.strip("\n")))


def _unmarked(line: str) -> str:
    """A comment line without its comment mark."""
    mark = _COMMENT_MARK.match(line)
    return line[mark.end() if mark else 0 :].rstrip().removesuffix("*/").strip()


def _module(breadcrumb: Sequence[str]) -> str:
    """``pkg.client`` for ``src/pkg/client.py``; the file name when the folders say nothing."""
    *folders, file = breadcrumb[1:] or breadcrumb[-1:] or ("",)
    if folders[:1] in (["src"], ["lib"]):
        del folders[0]
    stem = file.split(".")[0]
    return ".".join(folders if stem in _OF_FOLDERS and folders else [*folders, stem])


def _symbol(module: str, scope: Sequence[str]) -> str:
    """A Java file has the name of its class, which is not repeated."""
    if not scope:
        return ""
    if module.rpartition(".")[2] == scope[0]:
        module = module.rpartition(".")[0]
    return ".".join(filter(None, (module, *scope)))


def _last_row(node: Node) -> int:
    """The last row of a node; a node that ends with a line end does not reach into the next row."""
    end = node.end_point
    return end.row - 1 if end.column == 0 and end.row > node.start_point.row else end.row


def _braced(body: Node) -> bool:
    return (body.text or b"").startswith(b"{")


def _is_function(node: Node) -> bool:
    return any(kind in node.type for kind in ("function", "method", "constructor", "init_"))


def _value_body(node: Node) -> Node | None:
    """The body of the function that a variable holds, or of the type that a name is given to."""
    value = node.child_by_field_name("value") or node.child_by_field_name("type")
    return value.child_by_field_name("body") if value is not None else None
