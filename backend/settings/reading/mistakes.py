"""Says everything that is wrong with settings, and what would be right. Pure."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct, inspect

_SHOWN = 60  # characters of a wrong value


def mistakes(values: Mapping[str, Any], kind: Any, at: str = "") -> Iterator[str]:
    """A sentence for each name that does not exist and each value that cannot be used.

    ``kind`` is the struct that ``values`` are for, and ``at`` its table. A missing value is no
    mistake here, because another file or variable may give it.
    """
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name, value in values.items():
        if name not in fields:
            yield _unknown(name, value, list(fields), at)
        else:
            yield from _of_value(value, fields[name].type, f"{at}.{name}" if at else name, at)


def _of_value(value: Any, kind: Any, name: str, at: str) -> Iterator[str]:
    tables = tables_of(kind)
    if tables is not None or _is_table(kind):
        if not isinstance(value, Mapping):
            yield f"`{name}` is a table: [{name}]"
        elif tables is None:
            yield from mistakes(value, kind, name)
        else:
            for key, table in value.items():
                yield from _of_value(table, tables, f"{name}.{key}", name)
        return
    try:
        msgspec.convert(value, kind, strict=False)
    except (msgspec.ValidationError, TypeError):
        short = name.removeprefix(f"{at}.")
        yield f"[{at}] {short} = {_shown(value)}, but it must be {allowed(inspect.type_info(kind))}"


def tables_of(kind: Any) -> type[Struct] | None:
    """The struct of the tables that users name themselves, as in `[tenants.NAME]`."""
    info = inspect.type_info(kind)
    if isinstance(info, inspect.DictType) and isinstance(info.value_type, inspect.StructType):
        return info.value_type.cls
    return None


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _unknown(name: str, value: Any, known: list[str], at: str) -> str:
    what = f"[{at}] has no setting `{name}`" if at else f"there is no table [{name}]"
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean `{near[0]}`?" if near else "."
    return f"{what}{meant} There are: {', '.join(known)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def allowed(info: inspect.Type) -> str:
    """The values of a type, as part of a sentence."""
    match info:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            text = allowed(inner)
            said = str((extra or {}).get("description", ""))
            # A pattern means nothing to most people, but the setting's own sentence has examples.
            return f"{text} ({said})" if _patterned(inner) and said else text
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(repr, values))}"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            whole = "a whole number" if isinstance(info, inspect.IntType) else "a number"
            return f"{whole}{_bounds(info)}"
        case inspect.StrType(min_length=least):
            return "text" if not least else "text that is not empty"
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return f'a list, such as ["a", "b"], of which each is {allowed(item)}'
        case inspect.DictType(key_type=key, value_type=value):
            return f"a table; each name is {allowed(key)}, and each value {allowed(value)}"
        case inspect.UnionType(types=types):
            some = [each for each in types if not isinstance(each, inspect.NoneType)]
            return " or ".join(map(allowed, some))
    return re.sub(r"Type$", "", type(info).__name__).lower()


def _patterned(info: inspect.Type) -> bool:
    return isinstance(info, inspect.StrType) and info.pattern is not None


def _bounds(info: inspect.IntType | inspect.FloatType) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [
        f"{word} {bound:g}"
        for name, word in words.items()
        if (bound := getattr(info, name)) is not None
    ]
    return f", {' and '.join(said)}" if said else ""
