"""Which API names a piece of Python uses, and with which keyword arguments. Pure."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backend.answering.written.code_spans import Code, Line
from indexer.ranking.words import resolved

_PYTHON = ("", "py", "python", "python3", "pycon", "ipython")
_IMPORT = re.compile(r"^\s*(?:import\s+\w|from\s+[\w.]+\s+import\s+)")
_DOTTED = re.compile(r"(?<![\w.\"'])[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_PARAMETER = re.compile(r"\s*+(?:\*\s*+)?([^\W\d]\w*)\s*+(?:[:=].*)?", re.DOTALL)
_SEPARATORS = ("/", "*", "")
_LONGEST = 20_000  # characters that are parsed; of a longer file only the imports of one line count


@dataclass(frozen=True, slots=True)
class Keyword:
    """``start`` and ``end`` are where it stands in the answer, in characters."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Use:
    """A fully qualified name, and where it stands in the answer, in characters."""

    name: str
    start: int
    end: int
    keywords: tuple[Keyword, ...] = ()  # of the call, where it is called


def uses(code: Code, imports: Mapping[str, str]) -> list[Use]:
    """In order. ``imports`` maps names to what they mean: ``np`` to ``numpy``.

    Names of variables are left out as far as the code shows that they are some.
    """
    if code.language not in _PYTHON:
        return []
    tree = _parsed(code.text)
    if tree is None:
        return [
            Use(resolved(found[0], imports), line.start + found.start(), line.start + found.end())
            for line in code.lines
            if not _IMPORT.match(line.text)
            for found in _DOTTED.finditer(line.text)
        ]
    # A name that the code assigns is a variable, and not an import.
    assigned = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    reader = _Reader(code.lines, {**imports, **_bound([tree])}, frozenset(assigned))
    try:
        reader.visit(tree)
    except RecursionError:
        return []  # nested too deep for anybody to read
    return sorted(reader.found, key=lambda use: use.start)


def imported(code: str) -> dict[str, str]:
    """The meaning of each name that the code imports, as far as its lines can be read."""
    tree = _parsed(code) if len(code) <= _LONGEST else None
    if tree:
        return _bound([tree])
    lines = (_parsed(line.strip()) for line in code.split("\n") if _IMPORT.match(line))
    return _bound([line for line in lines if line])


def _bound(trees: Sequence[ast.Module]) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def parameters(signature: str) -> frozenset[str] | None:
    """The parameters of ``numpy.roots(p)``; None where it takes any, or cannot be read."""
    _, bracket, rest = signature.partition("(")
    if not bracket:
        return None
    names = set()
    # NumPy writes optional ones as ``x[, y]``.
    for part in _split(rest.replace("[,", ",")):
        bare = part.strip().rstrip("]").strip()
        if bare in _SEPARATORS:
            continue
        found = _PARAMETER.fullmatch(bare)
        if found is None or bare.startswith("**"):
            return None
        if not bare.startswith("*"):
            names.add(found[1])
    return frozenset(names)


class _Reader(ast.NodeVisitor):
    def __init__(
        self, lines: tuple[Line, ...], imports: Mapping[str, str], assigned: frozenset[str]
    ) -> None:
        self.found: list[Use] = []
        self._lines = lines
        self._imports = imports
        self._assigned = assigned

    def visit_Call(self, node: ast.Call) -> None:
        name = self._name(node.func)
        if name:
            keywords = tuple(self._keyword(each) for each in node.keywords if each.arg)
            self._put(name, node.func, keywords)
        else:
            self.visit(node.func)
        for part in (*node.args, *node.keywords):
            self.visit(part)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._name(node)
        if name:
            self._put(name, node)
        else:
            self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and not node.level:
            for alias in node.names:
                if alias.name != "*":
                    self._put(f"{node.module}.{alias.name}", alias)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._put(alias.name, alias)

    def _name(self, node: ast.expr) -> str:
        """``np.fft.rfft`` in full; "" for what is no name of an API."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self._assigned:
            return ""
        if not parts and node.id not in self._imports:
            return ""
        return resolved(".".join([node.id, *reversed(parts)]), self._imports)

    def _keyword(self, node: ast.keyword) -> Keyword:
        start = self._place(node.lineno, node.col_offset)
        return Keyword(node.arg or "", start, start + len(node.arg or ""))

    def _put(
        self, name: str, node: ast.expr | ast.alias, keywords: tuple[Keyword, ...] = ()
    ) -> None:
        start = self._place(node.lineno, node.col_offset)
        end = self._place(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
        self.found.append(Use(name, start, end, keywords))

    def _place(self, row: int, column: int) -> int:
        """Python counts columns in bytes of UTF-8."""
        line = self._lines[row - 1]
        before = line.text.encode("utf-8", "surrogatepass")[:column]
        return line.start + len(before.decode("utf-8", "surrogatepass"))


def _parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _split(text: str) -> Iterator[str]:
    """The parts of a call between its commas, up to the bracket that closes it."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            if character == ")" and depth <= 0:
                yield text[start:place]
                return
            depth = max(0, depth - 1)
        elif character == "," and depth <= 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]
