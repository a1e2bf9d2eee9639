"""Finds what a Python document imports, and what a name in it refers to. Pure.

It reads line by line, because code that is being typed rarely parses. An import that is quoted in a
docstring counts, too.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

_REMEMBERED = 4  # documents that were looked at last

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<module>\.*\w[\w.]*|\.+)[ \t]+import[ \t]*"
    r"(?:\((?P<lines>[^)]*)\)?|(?P<line>[^#;\r\n]*))"
    r"|import[ \t]+(?P<modules>\w[^#;\r\n]*))",
    re.MULTILINE,
)
_COMMENT = re.compile(r"#[^\r\n]*")
_NAME = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*")


@lru_cache(maxsize=_REMEMBERED)
def imported_names(source: str) -> Mapping[str, str]:
    """Maps each name that an import binds to its full name: ``np`` to ``numpy``.

    ``import xml.dom`` binds ``xml``. ``from a import *`` and relative imports bind nothing here.
    """
    names: dict[str, str] = {}
    for found in _IMPORT.finditer(source):
        if found["modules"] is not None:
            for part in found["modules"].split(","):
                module, _, alias = part.partition(" as ")
                module, alias = module.strip(), alias.strip()
                if module:
                    names[alias or module.split(".")[0]] = module if alias else module.split(".")[0]
        elif not found["module"].startswith("."):
            listed = _COMMENT.sub("", found["lines"] or found["line"] or "")
            for part in listed.split(","):
                name, _, alias = part.partition(" as ")
                name, alias = name.strip(" \t\r\n\\"), alias.strip(" \t\r\n\\")
                if name.isidentifier():
                    names[alias or name] = f"{found['module']}.{name}"
    return names


@lru_cache(maxsize=_REMEMBERED)
def imported_packages(source: str) -> tuple[str, ...]:
    """Top-level packages that the code imports, in order, without relative imports."""
    modules: dict[str, None] = {}
    for found in _IMPORT.finditer(source):
        names = [found["module"]] if found["module"] else found["modules"].split(",")
        heads = (name.split(".")[0].split() for name in names)
        modules.update((head[0], None) for head in heads if head)
    return tuple(modules)


def forget() -> None:
    """Drops the documents that were looked at last."""
    imported_names.cache_clear()
    imported_packages.cache_clear()


def dotted_at(line: str, column: int) -> str:
    """The dotted name at a column, up to the part that contains the column; "" when there is none.

    In ``np.fft.rfft(x)`` a column in ``fft`` means ``np.fft``.
    """
    for found in _NAME.finditer(line):
        if found.start() <= column <= found.end():
            rest = re.match(r"\w*", line[column:])
            end = column + (rest.end() if rest else 0)
            name = re.sub(r"\s", "", line[found.start() : end]).rstrip(".")
            before = line[: found.start()].rstrip()
            return name.rpartition(".")[2] if before.endswith(".") else name
    return ""


def resolve(name: str, names: Mapping[str, str]) -> str:
    """``np.fft.rfft`` under ``import numpy as np`` becomes ``numpy.fft.rfft``.

    A single word that no import binds stays as it is. Of an attribute of an unknown object, only
    the attribute is kept.
    """
    head, dot, rest = name.partition(".")
    if head in names:
        return names[head] + dot + rest
    if any(each.partition(".")[0] == head for each in names.values()):
        return name  # the name stands in the import itself
    return name.rpartition(".")[2]
