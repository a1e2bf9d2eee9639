"""Definitions, and whether code parses: tree-sitter, whose grammars load when first needed.

The one file that knows tree-sitter. A language without a grammar has no definitions, and its code
is taken to parse. Rows count from 0.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# LSP's language id: the module of its grammar, and the function in it.
_GRAMMARS = {
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "python": ("tree_sitter_python", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
}
_DEFINITIONS = frozenset(
    {
        "class_declaration", "class_definition", "class_specifier", "constructor_declaration",
        "enum_declaration", "enum_item", "function_declaration", "function_definition",
        "function_item", "generator_function_declaration", "impl_item", "interface_declaration",
        "method_declaration", "method_definition", "mod_item", "module", "namespace_definition",
        "struct_item", "struct_specifier", "trait_item", "type_declaration",
    }
)  # fmt: skip
_LONGEST_HEADER = 4000  # bytes: a definition without a body would repeat all that is inside it
_NAMES = ("name", "declarator", "type")  # of a definition; the first field that it has


@dataclass(frozen=True, slots=True)
class Definition:
    """``header`` is its text up to its body, on one line; rows are inclusive."""

    name: str
    header: str
    first_row: int
    last_row: int


def knows(language: str) -> bool:
    return language in _GRAMMARS


def parses(language: str, source: str) -> bool:
    """Whether there is no syntax error in it, or nobody can tell."""
    return not knows(language) or not _tree(language, source).has_error


def enclosing(language: str, source: str, row: int) -> list[Definition]:
    """The definitions that hold a row, outermost first."""
    if not knows(language):
        return []
    found = []
    encoded = source.encode("utf-8", "replace")
    node: Node | None = _tree(language, source)
    while node is not None:
        parent = node
        if node.type == "decorated_definition":
            node = node.child_by_field_name("definition")
        else:
            node = next((each for each in node.named_children if _holds(each, row)), None)
        if node is not None and node.type in _DEFINITIONS:
            found.append(_definition(node, parent, encoded))
    return found


def statement(language: str, source: str, row: int) -> tuple[int, int]:
    """First and last row of the innermost definition around a row; else of the statement."""
    around = enclosing(language, source, row)
    if around:
        return around[-1].first_row, around[-1].last_row
    if knows(language):
        for node in _tree(language, source).children:
            if _holds(node, row):
                return node.start_point[0], _last_row(node)
    return row, row


def definitions(language: str, source: str) -> list[Definition]:
    """All definitions, in the order of the text."""
    if not knows(language):
        return []
    encoded = source.encode("utf-8", "replace")
    return [_definition(*found, encoded) for found in _walk(_tree(language, source))]


def forget() -> None:
    """Lets go of the tree of the last document, which is many times as large as its text."""
    _tree.cache_clear()


def _walk(root: "Node") -> Iterator[tuple["Node", "Node"]]:
    """Definitions with their parents. Without recursion: a long chain of operators is deep.

    The parents are carried along because tree-sitter looks for a node's parent from the root on,
    past all its siblings.
    """
    left = [(child, root) for child in reversed(root.named_children)]
    while left:
        each, parent = left.pop()
        if each.type in _DEFINITIONS:
            yield each, parent
        left.extend((child, each) for child in reversed(each.named_children))


def _holds(node: "Node", row: int) -> bool:
    return node.start_point[0] <= row <= _last_row(node)


def _last_row(node: "Node") -> int:
    """Some grammars let a node end at the beginning of the next line."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _definition(node: "Node", parent: "Node", encoded: bytes) -> Definition:
    whole = parent if parent.type == "decorated_definition" else node
    body = node.child_by_field_name("body")
    end = body.start_byte if body else node.end_byte
    end = min(end, node.start_byte + _LONGEST_HEADER)
    header = " ".join(encoded[node.start_byte : end].decode("utf-8", "replace").split())
    return Definition(
        _name(node, encoded), header.rstrip(" :{"), whole.start_point[0], _last_row(whole)
    )


def _name(node: "Node", encoded: bytes) -> str:
    for field in _NAMES:
        named = node.child_by_field_name(field)
        while named is not None and (inner := named.child_by_field_name("declarator")):
            named = inner
        if named is not None:
            return encoded[named.start_byte : named.end_byte].decode("utf-8", "replace")
    return ""


@lru_cache(maxsize=1)
def _tree(language: str, source: str) -> "Node":
    """Kept for the next question about the same text: five thousand lines take 12 ms."""
    return _parser(language).parse(source.encode("utf-8", "replace")).root_node


@cache
def _parser(language: str) -> "Parser":
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[language]
    grammar = getattr(importlib.import_module(module), function)()
    return Parser(Language(grammar))
