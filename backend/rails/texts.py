"""Every text of a request, wherever it stands, for the rails to read and to replace. Pure.

The texts are found by walking the request itself, so the rails read a field that is added to the
protocol without its being named here. Only the fields in ``NOT_READ`` are left out, and none of
them reaches a prompt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from backend.ports import Part
from backend.protocol.wire import Ask, Complete

# Fields of a frame, and why no rail reads them.
NOT_READ: Mapping[str, str] = {
    "id": "the client's name for the request, which goes to logs and the engine's bookkeeping",
    "kind": "one of a few words",
    "task": "one of a few words",
    "role": "one of a few words",
    "model": "is compared with the name of the model that is served",
    "sources": "are compared with the names of what is indexed",
    "stop": "are looked for in the answer",
    "continue_from": "the client's own copy of the answer, which is left out of what it is sent",
    "traceparent": "is parsed as the header that it is",
}

Path = tuple[str | int, ...]
Frame = TypeVar("Frame", Ask, Complete)

# What stays the same from turn to turn comes first: placeholders are numbered in this order, and
# a follow-up then has the same ones in its prefix.
_ORDER: tuple[Path, ...] = (
    ("instructions",),
    ("context", "text"),
    ("context", "uri"),
    ("context", "language"),
    ("context", "versions"),
    ("history",),
    ("context", "files"),
    ("context", "remarks"),
    ("context", "diff"),
    ("context", "scope"),
    ("context", "packages"),
    ("context", "symbols"),
    ("context", "selection"),
    ("question",),
    ("prefix",),
    ("suffix",),
)


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a request, where it stands, and which part of the request it belongs to."""

    path: Path
    part: Part
    text: str


def texts(frame: Frame) -> list[Text]:
    """All texts of a request. A uri counts only with the name at its end, as in a prompt."""
    found: list[Text] = []

    def note(path: Path, text: str) -> str:
        found.append(Text(path, _part(path), text))
        return text

    _walk(frame, (), note)
    return sorted(found, key=lambda each: _rank(each.path))


def with_texts(frame: Frame, cleaned: Mapping[Path, str]) -> Frame:
    """The request with these texts in their places."""
    return cast(Frame, _walk(frame, (), lambda path, text: cleaned.get(path, text)))


def _walk(value: Any, path: Path, visit: Callable[[Path, str], str]) -> Any:
    if isinstance(value, str):
        return visit(path, value.rsplit("/", 1)[-1] if path[-1] == "uri" else value)
    if isinstance(value, tuple):
        return tuple(_walk(each, (*path, at), visit) for at, each in enumerate(value))
    if isinstance(value, dict):
        return {
            _walk(key, (*path, at, 0), visit): _walk(each, (*path, at, 1), visit)
            for at, (key, each) in enumerate(value.items())
        }
    if isinstance(value, Struct):
        return replace(
            value,
            **{
                name: _walk(getattr(value, name), (*path, name), visit)
                for name in value.__struct_fields__
                if name not in NOT_READ
            },
        )
    return value


def _part(path: Path) -> Part:
    match path[0]:
        case "question":
            return "question"
        case "context" | "prefix" | "suffix":
            return "code"
        case _:
            return "conversation"


def _rank(path: Path) -> int:
    for rank, start in enumerate(_ORDER):
        if path[: len(start)] == start:
            return rank
    return len(_ORDER)
