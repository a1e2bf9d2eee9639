"""Finds where a name of compiled code is defined or documented, by reading files. Runs nothing.

Type stubs beside a compiled module have a real definition to cite (``def zeros(`` in
``multiarray.pyi``). Without stubs, the module that exports the name is cited.
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

_MAX_HOPS = 8  # imports that are followed from module to module


@dataclass(slots=True)
class _Names:
    """Top-level names of a file: their nodes, and where imported names come from."""

    defined: dict[str, ast.stmt] = field(default_factory=dict)
    imported: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # module, name, line
    stars: list[str] = field(default_factory=list)


class Definitions:
    """Definitions below the folder of one top-level package. Each file is parsed once."""

    def __init__(self, package: str, folder: Path) -> None:
        self._package = package
        self._folder = folder
        self._parsed: dict[Path, _Names] = {}

    def find(self, module: str, names: list[str]) -> tuple[Path, int] | None:
        """File and 1-based line of ``names`` as ``module`` has them; two names are a class and its
        member.

        Without names, it is the module itself.
        """
        for suffix in (".pyi", ".py"):
            place = self._follow(module, names, suffix, _MAX_HOPS)
            if place is not None:
                return place
        return None

    def _follow(
        self, module: str, names: list[str], suffix: str, hops: int
    ) -> tuple[Path, int] | None:
        file = self._file(module, suffix)
        if file is None or hops == 0:
            return None
        if not names:
            return file, 1
        known = self._read(file, module)
        name = names[0]
        if name in known.defined:
            return file, _line(known.defined[name], names[1:])
        if name in known.imported:
            origin, original, line = known.imported[name]
            deeper = self._follow(origin, [original, *names[1:]], suffix, hops - 1)
            return deeper or (file, line)
        for origin in known.stars:
            deeper = self._follow(origin, names, suffix, hops - 1)
            if deeper is not None:
                return deeper
        return None

    def _file(self, module: str, suffix: str) -> Path | None:
        package, _, rest = module.partition(".")
        if package != self._package:
            return None
        base = self._folder.joinpath(*rest.split(".")) if rest else self._folder
        candidates = (base.with_name(base.name + suffix), base / f"__init__{suffix}")
        return next((path for path in candidates if path.is_file()), None)

    def _read(self, file: Path, module: str) -> _Names:
        if file not in self._parsed:
            names = self._parsed[file] = _Names()
            try:
                tree = ast.parse(file.read_bytes())
            except (SyntaxError, ValueError, OSError):
                return names
            package = module if file.stem == "__init__" else module.rpartition(".")[0]
            for node in _statements(tree.body):
                _register(node, package, names)
        return self._parsed[file]


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """Top-level statements, including those under ``if`` and ``try``."""
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        if isinstance(node, ast.If | ast.Try):
            found += _statements([*node.body, *node.orelse])
    return found


def _register(node: ast.stmt, package: str, names: _Names) -> None:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            names.defined.setdefault(node.name, node)
        case ast.AnnAssign(target=ast.Name(id=name)):
            names.defined.setdefault(name, node)
        case ast.Assign(targets=targets):
            for target in targets:
                if isinstance(target, ast.Name):
                    names.defined.setdefault(target.id, node)
        case ast.ImportFrom():
            origin = _absolute(node, package)
            for alias in node.names:
                if alias.name == "*":
                    names.stars.append(origin)
                else:
                    names.imported[alias.asname or alias.name] = (origin, alias.name, alias.lineno)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    base = package.split(".")
    base = base[: len(base) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


def _line(node: ast.stmt, members: list[str]) -> int:
    """The line of the member if the class has it, else of the class."""
    if members and isinstance(node, ast.ClassDef):
        inner = _Names()
        for statement in _statements(node.body):
            _register(statement, "", inner)
        if members[0] in inner.defined:
            return _line(inner.defined[members[0]], members[1:])
    return node.lineno
