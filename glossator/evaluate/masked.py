"""Holes in real code: what `glossator eval completion` asks for. The choice is the same every time.

A hole is the rest of a line, a whole line, or the body of a function.
"""

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Hole = Literal["rest of a line", "line", "body"]

PREFIX_CHARACTERS = 4000
SUFFIX_CHARACTERS = 1000
# Packages that are installed with the product, beside the standard library.
PACKAGES = ("click", "httpx", "jinja2", "msgspec", "pygls", "starlette", "uvicorn", "websockets")
_BODY_LINES = 5
_KINDS: tuple[Hole, ...] = ("rest of a line", "line", "body")


@dataclass(frozen=True, slots=True)
class Masked:
    """``text`` stood between ``prefix`` and ``suffix``, which are a whole module together."""

    module: str
    line: int
    kind: Hole
    prefix: str
    text: str
    suffix: str

    def parses(self, text: str) -> bool:
        """Whether the module still parses with this text in the hole."""
        try:
            ast.parse(self.prefix + text + self.suffix)
        except (SyntaxError, ValueError):
            return False
        return True


def chosen(count: int) -> list[Masked]:
    """``count`` holes, of each kind about as many, and no two in one module."""
    found: list[Masked] = []
    for name, file in sorted(_modules(), key=lambda each: _order(each[0])):
        if len(found) == count:
            break
        kind = _KINDS[len(found) % len(_KINDS)]
        source = _source(file)
        holes = list(_holes(name, source, kind)) if source else []
        if holes:
            found.append(min(holes, key=lambda hole: _order(f"{hole.module}:{hole.line}")))
    return found


def _order(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _modules() -> Iterator[tuple[str, Path]]:
    for name in sorted({*sys.stdlib_module_names, *PACKAGES}):
        if name in ("antigravity", "this") or name.startswith("_"):
            continue
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin) if spec and spec.has_location and spec.origin else None
        if origin is None or origin.suffix != ".py":
            continue
        files = sorted(origin.parent.glob("*.py")) if origin.name == "__init__.py" else [origin]
        for file in files:
            yield (name if file == origin else f"{name}.{file.stem}"), file


def _source(file: Path) -> str:
    try:
        source = file.read_text(encoding="utf-8")
        ast.parse(source)
    except (OSError, SyntaxError, ValueError):
        return ""
    return source if "\t" not in source and source.isascii() else ""


def _holes(module: str, source: str, kind: Hole) -> Iterator[Masked]:
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            yield from _in_function(module, source, lines, starts, node, kind)


def _in_function(
    module: str,
    source: str,
    lines: Sequence[str],
    starts: Sequence[int],
    node: ast.FunctionDef,
    kind: Hole,
) -> Iterator[Masked]:
    body = [each for each in node.body if not _docstring(each)]
    if not body or body[0].lineno == node.lineno:
        return
    first, last = body[0].lineno, body[-1].end_lineno or body[-1].lineno
    if kind == "body":
        if last - first < _BODY_LINES:
            start = starts[first - 1] + body[0].col_offset
            yield _cut(module, source, kind, first, start, starts[last] - 1)
        return
    for each in body:
        simple = isinstance(each, ast.Assign | ast.Return | ast.Expr | ast.AugAssign)
        if not simple or each.end_lineno != each.lineno:
            continue
        line = lines[each.lineno - 1].rstrip("\n")
        code = line.strip()
        if not 12 <= len(code) <= 90:
            continue
        column = each.col_offset
        if kind == "rest of a line":  # after its first word, where a user would wait
            column += len(code.split(" ")[0]) + 1 if " " in code else len(code) // 2
        start = starts[each.lineno - 1] + column
        yield _cut(module, source, kind, each.lineno, start, starts[each.lineno - 1] + len(line))


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _cut(module: str, source: str, kind: Hole, line: int, start: int, end: int) -> Masked:
    return Masked(module, line, kind, source[:start], source[start:end], source[end:])
