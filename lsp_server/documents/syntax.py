"""Finds definitions, and says whether code parses. Grammars load when first needed.

Only this file uses tree-sitter. A language without a grammar has no definitions, and its code
counts as parsing. Rows count from 0.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# LSP's language id, with the grammar's module and the function in it.
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
# bytes; the header of a definition without a body would repeat everything inside it
_LONGEST_HEADER = 4000
# fields that may name a definition; the first one present counts
_NAMES = ("name", "declarator", "type")


@dataclass(frozen=True, slots=True)
class Definition:
    """``header`` is the text before the body, on one line. Rows are inclusive."""

    name: str
    header: str
    first_row: int
    last_row: int


def knows(language: str) -> bool:
    return language in _GRAMMARS


def parses(language: str, source: str) -> bool:
    """Whether the code has no syntax error; True for a language without a grammar."""
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
    """The rows of the innermost definition around a row; without one, of the statement there."""
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
    """Drops the tree of the last document, which is many times as large as its text."""
    _tree.cache_clear()


def _walk(root: "Node") -> Iterator[tuple["Node", "Node"]]:
    """Yields definitions with their parents. It does not recurse, because a chain of operators is
    deep.

    It carries the parents along, because tree-sitter finds a node's parent by searching from the
    root, past all siblings.
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
    """In some grammars a node ends at the beginning of the next line."""
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
    """Kept for the next question about the same text, because parsing five thousand lines takes 12
    ms.
    """
    return _parser(language).parse(source.encode("utf-8", "replace")).root_node


@cache
def _parser(language: str) -> "Parser":
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[language]
    grammar = getattr(importlib.import_module(module), function)()
    return Parser(Language(grammar))
