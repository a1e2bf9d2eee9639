"""The languages whose source code can be cut: their grammars and which nodes define something.

Only this file of the indexer imports tree-sitter and its grammars, each when first needed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from tree_sitter import Language, Node, Parser

from indexer.chunkers.limit import TooSlow

PARSE_S = 10.0
_PIECE = 65_536  # bytes that are read at a time


@dataclass(frozen=True, slots=True)
class Grammar:
    """``definitions`` have a name and may contain others; ``wrappers`` only
    surround definitions.
    """

    module: str
    definitions: frozenset[str]
    wrappers: frozenset[str] = frozenset()
    function: str = "language"  # the function of the module that returns the language


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_C = _names("function_definition struct_specifier enum_specifier union_specifier type_definition")
_JAVASCRIPT = _names(
    "function_declaration generator_function_declaration class_declaration method_definition "
    "variable_declarator"
)
_DECLARED = _names("export_statement lexical_declaration variable_declaration")
_TYPESCRIPT = _JAVASCRIPT | _names(
    "abstract_class_declaration interface_declaration enum_declaration type_alias_declaration "
    "internal_module module function_signature"
)
GRAMMARS = {
    "python": Grammar(
        "tree_sitter_python",
        _names("function_definition class_definition"),
        _names("decorated_definition"),
    ),
    "javascript": Grammar("tree_sitter_javascript", _JAVASCRIPT, _DECLARED),
    "typescript": Grammar(
        "tree_sitter_typescript",
        _TYPESCRIPT,
        _DECLARED | {"ambient_declaration", "expression_statement"},
        "language_typescript",
    ),
    "tsx": Grammar(
        "tree_sitter_typescript",
        _TYPESCRIPT,
        _DECLARED | {"ambient_declaration", "expression_statement"},
        "language_tsx",
    ),
    "go": Grammar(
        "tree_sitter_go",
        _names("function_declaration method_declaration type_spec"),
        _names("type_declaration"),
    ),
    "rust": Grammar(
        "tree_sitter_rust",
        _names(
            "function_item impl_item struct_item enum_item trait_item mod_item union_item "
            "macro_definition type_item"
        ),
    ),
    "java": Grammar(
        "tree_sitter_java",
        _names(
            "class_declaration interface_declaration enum_declaration record_declaration "
            "method_declaration constructor_declaration annotation_type_declaration"
        ),
    ),
    "c": Grammar("tree_sitter_c", _C, _names("linkage_specification")),
    "cpp": Grammar(
        "tree_sitter_cpp",
        _C | _names("class_specifier namespace_definition concept_definition alias_declaration"),
        _names("template_declaration linkage_specification"),
    ),
    "csharp": Grammar(
        "tree_sitter_c_sharp",
        _names(
            "namespace_declaration class_declaration interface_declaration struct_declaration "
            "record_declaration enum_declaration delegate_declaration method_declaration "
            "constructor_declaration property_declaration operator_declaration"
        ),
    ),
    "kotlin": Grammar(
        "tree_sitter_kotlin",
        _names("class_declaration object_declaration companion_object function_declaration"),
    ),
    "ruby": Grammar("tree_sitter_ruby", _names("module class method singleton_method")),
    "php": Grammar(
        "tree_sitter_php",
        _names(
            "class_declaration interface_declaration trait_declaration enum_declaration "
            "function_definition method_declaration"
        ),
        function="language_php",
    ),
    "swift": Grammar(
        "tree_sitter_swift",
        _names(
            "class_declaration protocol_declaration function_declaration init_declaration "
            "protocol_function_declaration"
        ),
    ),
    "bash": Grammar("tree_sitter_bash", _names("function_definition")),
    "sql": Grammar(
        "tree_sitter_sql",
        _names(
            "create_table create_view create_materialized_view create_function create_index "
            "create_trigger create_type create_schema create_sequence"
        ),
        _names("statement"),
    ),
    "lua": Grammar("tree_sitter_lua", _names("function_declaration")),
}
# Bodies that a grammar gives no name.
_BODIES = {"class_body", "enum_class_body", "function_body"}


@cache
def parser(language: str) -> Callable[[bytes], Node]:
    """Returns a function that parses text of the language to its root.

    It makes a parser for every text, so threads may share the function. It raises ``TooSlow``,
    because a text may be made to take a parser forever.
    """
    grammar = GRAMMARS[language]
    loaded = Language(getattr(import_module(grammar.module), grammar.function)())

    def parse(text: bytes) -> Node:
        ends = time.monotonic() + PARSE_S
        try:
            # Only text that a callback delivers can be given up halfway.
            tree = Parser(loaded).parse(
                lambda offset, _: text[offset : offset + _PIECE],
                progress_callback=lambda *_: time.monotonic() > ends,
            )
        except ValueError as error:
            raise TooSlow(f"took more than {PARSE_S:g} s to parse") from error
        return tree.root_node

    return parse


def body_of(node: Node) -> Node | None:
    """The body of a definition, if it has one."""
    body = node.child_by_field_name("body")
    return body or next((child for child in node.children if child.type in _BODIES), None)


def name_of(node: Node) -> str:
    """The name of a definition: ``Server`` for a class, for an ``impl Server`` and for a C struct.

    A method of Go gets its receiver: ``Server.Handle``. One of C++ is written ``Server::handle``
    and becomes ``Server.handle``.
    """
    named = node.child_by_field_name("name") or node.child_by_field_name("type")
    if node.type == "function_definition" and node.child_by_field_name("declarator"):
        named = node.child_by_field_name("declarator")  # in C, the type field is the return type
    if node.type.startswith("create_"):  # in SQL, the name is a reference to what is made
        kinds = {"object_reference", "identifier"}
        named = next((child for child in node.children if child.type in kinds), named)
    if node.type == "type_definition":
        named = node.child_by_field_name("declarator")
    while named is not None and (inner := named.child_by_field_name("declarator")) is not None:
        named = inner
    name = _without_arguments(_text(named)).replace("::", ".").replace(":", ".").lstrip("*&~ ")
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:
        owner = _text(receiver).strip("()").split("[")[0].split()[-1:]
        name = ".".join([*(part.lstrip("*") for part in owner), name])
    return " ".join(name.split())


def _without_arguments(name: str) -> str:
    """The name without template or type arguments, which stand in angle brackets."""
    parts = []
    position = 0
    while (start := name.find("<", position)) >= 0 and (end := name.find(">", start)) >= 0:
        parts.append(name[position:start])
        position = (
            len(name) - len(name[end:].lstrip(">")) if name[end + 1 : end + 2] == ">" else end + 1
        )
    return "".join([*parts, name[position:]])


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""
