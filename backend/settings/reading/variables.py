"""Reads settings from environment variables: ``GLOSSATOR_SERVER__PORT`` is ``[server] port``. Pure.

A variable is text. Most settings are read from text as they are. Where a setting is a list or a
table, its variable is JSON, or the items of the list with commas between them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, inspect

from backend.errors import StartupFailed
from backend.settings.reading.mistakes import tables_of
from backend.settings.tree import Settings

ENV_PREFIX = "GLOSSATOR_"
_LISTS = (inspect.VarTupleType, inspect.ListType)


def from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings in the environment, as a file would have them. Raises ``StartupFailed``."""
    found: dict[str, Any] = {}
    for name, value in environ.items():
        path = name.removeprefix(ENV_PREFIX).lower().split("__")
        if not name.startswith(ENV_PREFIX) or len(path) == 1:
            continue
        table = found
        for part in path[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise StartupFailed(f"environment: {name} is part of a table, but {part} has a "
                                    "value in another variable. Keep one of the two.")  # fmt: skip
        table[path[-1]] = _read(name, value, _type(path))
    return found


def _type(path: list[str]) -> Any:
    """The type of a setting; None where there is no such setting, which is reported elsewhere."""
    kind: Any = Settings
    for part in path:
        if isinstance(kind, type) and issubclass(kind, Struct):
            kind = next((f.type for f in msgspec.structs.fields(kind) if f.name == part), None)
        else:
            kind = tables_of(kind) if kind is not None else None
    return kind


def _read(variable: str, text: str, kind: Any) -> Any:
    if kind is None:
        return text
    shapes = _shapes(inspect.type_info(kind))
    if not any(isinstance(shape, (*_LISTS, inspect.DictType)) for shape in shapes):
        return text
    is_list = any(isinstance(shape, _LISTS) for shape in shapes)
    if is_list and not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        right = '`a,b` or `["a", "b"]`' if is_list else '`{"name": "value"}`'
        raise StartupFailed(
            f"environment: {variable} cannot be read ({error}). Write it as {right}."
        ) from None


def _shapes(info: inspect.Type) -> list[inspect.Type]:
    match info:
        case inspect.Metadata(type=inner):
            return _shapes(inner)
        case inspect.UnionType(types=types):
            return [shape for each in types for shape in _shapes(each)]
    return [info]
