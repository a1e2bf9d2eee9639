"""Prints the public API of an importable package as JSON lines. Standard library alone.

Importing a package runs it, so this runs as a process of its own, by any Python that has the
package: ``python inspect_package.py numpy`` (or ``numpy.fft``). The lines are, in order:

- ``{"package", "version"}``, or ``{"error"}`` when it cannot be imported;
- ``{"skipped", "why"}`` per submodule that cannot be imported;
- ``{"module", "file"}`` per module that was read;
- one ``Entry`` per public object, by its shortest public name;
- ``{"within", "names"}`` per module and class: all its public names, documented or not;
- ``{"end": true}``, without which the output is not complete.
"""

from __future__ import annotations  # the package may need an older Python

import ast
import importlib
import importlib.metadata
import inspect
import json
import linecache
import os
import pkgutil
import re
import sys
import types
import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_API = {"tests", "test", "conftest", "setup", "__main__"}
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LONG = 300  # a longer signature (in characters) is shown without annotations


@dataclass
class Entry:
    symbol: str
    kind: str  # "function", "class", "module"
    module: str  # the public module it was found in
    signature: str
    doc: str
    file: str | None = None  # file of the definition, if Python knows it
    line: int | None = None  # 1-based


@dataclass
class _Found:
    """An object, with the best of its public names so far."""

    rank: tuple[Any, ...]
    path: str
    module: str
    value: Any


class Inspection:
    """One walk over a package: first modules, then what they export, then members of classes."""

    def __init__(self, root: types.ModuleType) -> None:
        self.root = root
        self.top = root.__name__.partition(".")[0]
        self.skipped: list[tuple[str, str]] = []
        self.modules: dict[str, types.ModuleType] = {}
        self._found: dict[int, _Found] = {}

    def entries(self) -> Iterator[Entry]:
        self._import(self.root)
        for module in self.modules.values():
            self._collect(module)
        for name, module in self.modules.items():
            if module.__doc__:
                file = getattr(module, "__file__", None)
                if not str(file).endswith(".py"):
                    file = None  # a compiled file, which no editor shows
                doc = inspect.cleandoc(module.__doc__)
                yield Entry(name, "module", name, "", doc, file, 1 if file else None)
        classes = {key for key, found in self._found.items() if inspect.isclass(found.value)}
        for found in sorted(self._found.values(), key=lambda found: found.path):
            kind = "class" if inspect.isclass(found.value) else "function"
            yield _entry(found.path, kind, found.module, found.value)
            if kind == "class":
                yield from self._members(found, classes)

    def names(self) -> Iterator[tuple[str, list[str]]]:
        """Modules and classes with all of their public names, after ``entries``.

        What makes up names when it is asked for them is left out: nobody can list those.
        """
        for path, module in self.modules.items():
            parts = vars(module)
            if "__getattr__" in parts and "__dir__" not in parts:
                continue
            submodules = [info.name for info in pkgutil.iter_modules(parts.get("__path__") or [])]
            yield path, _public([*_dir(module), *submodules])
        for found in self._found.values():
            value = found.value
            if inspect.isclass(value) and not hasattr(type(value), "__getattr__"):
                fields = [name for base in value.__mro__ for name in _annotated(base)]
                yield found.path, _public([*_dir(value), *fields])

    def _import(self, module: types.ModuleType) -> None:
        self.modules[module.__name__] = module
        names = [info.name for info in pkgutil.iter_modules(getattr(module, "__path__", []))]
        exported = set(_exported(module) or ())
        # A package that exports some of its submodules keeps the others private.
        public = exported.intersection(names) or set(names)
        for submodule in names:
            if submodule.startswith("_") or submodule in _NOT_API or submodule not in public:
                continue
            name = f"{module.__name__}.{submodule}"
            try:
                self._import(importlib.import_module(name))
            except BaseException as error:  # a module may even call exit
                self.skipped.append((name, f"{type(error).__name__}: {error}"))

    def _collect(self, module: types.ModuleType) -> None:
        exported = _exported(module)
        for name in exported if exported is not None else list(vars(module)):
            if name.startswith("_"):
                continue
            value = getattr(module, name, None)
            if not self._documents(value):
                continue
            home = getattr(value, "__module__", None) or ""
            if exported is None and not (home + ".").startswith(
                (module.__name__ + ".", module.__name__ + "._")
            ):
                continue  # imported from elsewhere
            path = f"{module.__name__}.{name}"
            own_name = getattr(value, "__name__", name)
            rank = (exported is None, path.count("."), name != own_name, len(path), path)
            known = self._found.get(id(value))
            if known is None or rank < known.rank:
                self._found[id(value)] = _Found(rank, path, module.__name__, value)

    def _documents(self, value: Any) -> bool:
        """Whether an entry is due: for code of this package, or an object with a docstring."""
        if value is None or isinstance(value, types.ModuleType):
            return False
        home = getattr(value, "__module__", None) or getattr(type(value), "__module__", "")
        ours = str(home).partition(".")[0] == self.top
        if inspect.isclass(value):
            return ours
        if inspect.isroutine(value):
            # Functions written in C often do not say which module they belong to.
            return ours or (home in ("", "builtins", None))
        kind = type(value)
        return kind.__module__.partition(".")[0] == self.top and bool(
            kind.__dict__.get("__doc__") and getattr(value, "__doc__", None)
        )

    def _members(self, owner: _Found, classes: set[int]) -> Iterator[Entry]:
        """Public members, except those that a public base class documents."""
        seen: set[str] = set()
        for base in owner.value.__mro__:
            if base is not owner.value and (
                id(base) in classes or base.__module__.partition(".")[0] != self.top
            ):
                continue
            for name, raw in list(vars(base).items()):
                if name.startswith("_") or name in seen:
                    continue
                seen.add(name)
                value = raw.__func__ if isinstance(raw, (classmethod, staticmethod)) else raw
                routine = inspect.isroutine(value) and not inspect.isdatadescriptor(value)
                if (routine or inspect.isdatadescriptor(value)) and getattr(value, "__doc__", None):
                    bound = not isinstance(raw, staticmethod)
                    path = f"{owner.path}.{name}"
                    yield _entry(path, "function", owner.module, value, bound=bound)


def _exported(module: types.ModuleType) -> list[str] | None:
    names = vars(module).get("__all__")  # not ``getattr``: a module may make up any name
    if not isinstance(names, (list, tuple, set, frozenset)):
        return None
    return [name for name in names if isinstance(name, str)]


def _public(names: list[str]) -> list[str]:
    return sorted({name for name in names if not name.startswith("_")})


def _dir(value: Any) -> list[str]:
    try:
        return [name for name in dir(value) if isinstance(name, str)]
    except Exception:  # a class may define __dir__ in any way
        return []


def _annotated(base: type) -> list[str]:
    annotations = vars(base).get("__annotations__")
    return list(annotations) if isinstance(annotations, dict) else []


def _entry(path: str, kind: str, module: str, value: Any, bound: bool = False) -> Entry:
    doc = _doc(value)
    call, doc = _take_signature(path.rpartition(".")[2], doc)
    written = _signature(value, bound)
    # the wrapper's *args, not a signature of its own
    if written is None or (call and "*args" in written):
        written = call or written
    signature = "" if written is None else path + written
    file, line = _definition(value)
    return Entry(path, kind, module, signature, doc, file, line)


def _doc(value: Any) -> str:
    own = getattr(value, "__doc__", None)
    if not isinstance(own, str) or (
        not inspect.isclass(value) and own == type(value).__doc__ and inspect.isroutine(value)
    ):
        return ""
    doc = inspect.cleandoc(own)
    if inspect.isclass(value) and "__init__" in vars(value):
        init = vars(value)["__init__"].__doc__
        if isinstance(init, str) and not init.startswith("Initialize self"):
            doc = f"{doc}\n\n{inspect.cleandoc(init)}".strip()
    return doc


def _take_signature(name: str, doc: str) -> tuple[str | None, str]:
    """Separates the call that begins the docstring of a C function from the rest."""
    first, _, rest = doc.partition("\n\n")
    if f"{name}(" not in first:  # compiling a pattern for each name took a fifth of the time
        return None, doc
    match = re.match(
        r"(?:[\w.]+\.)?" + re.escape(name) + r"(\(.*\)(?:\s*->\s*.*)?)\s*$", " ".join(first.split())
    )
    return (match.group(1), rest.strip("\n")) if match else (None, doc)


def _signature(value: Any, bound: bool) -> str | None:
    if inspect.isdatadescriptor(value) and not inspect.isroutine(value):
        return None
    try:
        signature = inspect.signature(value)
    except (ValueError, TypeError):
        return None
    except Exception:  # a class may define __signature__ in any way
        return None
    parameters = list(signature.parameters.values())
    if bound and parameters and parameters[0].kind <= parameters[0].POSITIONAL_OR_KEYWORD:
        signature = signature.replace(parameters=parameters[1:])
    text = str(signature)
    if len(text) > _LONG:
        bare = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
        text = str(signature.replace(parameters=bare))
    return _ADDRESS.sub("", text)


def _definition(value: Any) -> tuple[str | None, int | None]:
    """File and line of the code, through decorators and properties; none for compiled code."""
    if isinstance(value, property):
        value = value.fget
    try:
        value = inspect.unwrap(value)
        file = inspect.getsourcefile(value)
        if file is None or not os.path.exists(file):  # noqa: PTH110
            return None, None
        if inspect.isfunction(value):
            return file, _def_line(file, value.__code__.co_firstlineno)
        if inspect.isclass(value) and value.__qualname__ in (lines := _class_lines(file)):
            return file, lines[value.__qualname__]
        return file, inspect.getsourcelines(value)[1]
    except Exception:
        return None, None


def _def_line(file: str, first: int) -> int:
    """The line of ``def`` below the decorators, because readers look there."""
    for number in range(first, first + 50):
        if re.match(r"\s*(async\s+)?def\s|.*\blambda\b", linecache.getline(file, number)):
            return number
    return first


@lru_cache(maxsize=4096)
def _class_lines(file: str) -> dict[str, int]:
    """The 1-based line of every class in the file, by qualified name: the line of its first
    decorator.

    ``inspect`` finds the same lines, but parses the file again for each class.
    """
    lines: dict[str, int] = {}

    def visit(node: ast.AST, names: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inside = names
            if isinstance(child, ast.ClassDef):
                inside = (*names, child.name)
                first = child.decorator_list[0] if child.decorator_list else child
                lines.setdefault(".".join(inside), first.lineno)
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inside = (*names, child.name, "<locals>")
            visit(child, inside)

    visit(ast.parse("".join(linecache.getlines(file))), ())
    return lines


def _version(top: str) -> str:
    try:
        # If a distribution has the package's name, it need not be searched among all of them.
        own = importlib.metadata.distribution(top)
        if top in (own.read_text("top_level.txt") or "").split() or any(
            file.parts[0] == top for file in own.files or ()
        ):
            return own.version
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        names = importlib.metadata.packages_distributions().get(top, [])  # Python 3.10
        return importlib.metadata.version(names[0] if names else top)
    except Exception:
        return str(getattr(sys.modules.get(top), "__version__", ""))


def run(name: str, out: TextIO) -> None:
    def put(**record: Any) -> None:
        out.write(json.dumps(record) + "\n")

    try:
        root = importlib.import_module(name)
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and (
            name == error.name or name.startswith(f"{error.name}.")
        )
        put(error="missing" if missing else f"{type(error).__name__}: {error}")
        return
    put(package=name, version=_version(name.partition(".")[0]))
    inspection = Inspection(root)
    entries = list(inspection.entries())
    for module, why in inspection.skipped:
        put(skipped=module, why=why)
    for module_name, module_object in inspection.modules.items():
        put(module=module_name, file=getattr(module_object, "__file__", None))
    for entry in entries:
        put(**asdict(entry))
    for path, names in inspection.names():
        put(within=path, names=names)
    put(end=True)


if __name__ == "__main__":
    # What the package prints must not mix with the records, so its stdout becomes stderr.
    records = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # The script's folder must not be searched, because its modules would hide installed ones.
    if not getattr(sys.flags, "safe_path", False):  # with safe_path it is not on the path
        del sys.path[0]
    warnings.simplefilter("ignore")
    run(sys.argv[1], records)
    records.flush()
    os._exit(0)  # the package's threads and exit hooks have nothing to add
