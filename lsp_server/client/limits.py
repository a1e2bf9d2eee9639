"""Cuts what goes to the backend to the limits of the protocol. Pure.

Without this, the backend would refuse a request because of something that the editor added. The
question and the selection are never cut: an answer to half of them would mislead, and the backend's
refusal says what is too long. Of our packages this imports only ``backend.protocol``.
"""

from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from msgspec.structs import replace

from backend.protocol import fields, wire
from backend.protocol.wire import (
    Ask,
    Complete,
    Context,
    File,
    Lookup,
    Prepare,
    Remark,
    Request,
    Turn,
)

Frame = TypeVar("Frame", bound=Request | Prepare)
LAST_LINE = 2**31 - 1


def _most(limited: Any) -> int:
    """The largest number of characters or elements, read from the type of the field."""
    most: int = get_args(limited)[1].max_length
    return most


NAME, TEXT, URI = _most(fields.Name), _most(fields.Text), _most(fields.Uri)
SAYING, SCOPE = _most(fields.Saying), _most(fields.Headers)
PACKAGES, SYMBOLS, VERSIONS = _most(fields.Packages), _most(fields.Symbols), _most(fields.Versions)
REMARKS, FILES, TURNS = _most(wire.Remarks), _most(wire.Files), _most(wire.History)


def within(frame: Frame) -> Frame:
    """Cuts a frame to what the protocol allows. It keeps the newest turns, and the code nearest to
    the cursor.
    """
    match frame:
        case Ask() | Prepare():
            context = _context(frame.context) if frame.context else None
            return replace(frame, context=context, history=_history(frame.history))
        case Lookup():
            return replace(frame, packages=_names(frame.packages, PACKAGES))
        case Complete():
            return replace(frame, prefix=frame.prefix[-TEXT:], suffix=frame.suffix[:TEXT])
    return frame


def _history(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    return tuple(
        turn if len(turn.text) <= TEXT else replace(turn, text=turn.text[:TEXT])
        for turn in turns[-TURNS:]
    )


def _context(context: Context) -> Context:
    versions = {
        name: version
        for name, version in context.versions.items()
        if max(len(name), len(version)) <= NAME
    }
    return replace(
        context,
        uri=context.uri[-URI:],  # the end of an address is the file's name
        language=context.language[:NAME],
        text=context.text[:TEXT],
        packages=_names(context.packages, PACKAGES),
        symbols=_names(context.symbols, SYMBOLS),
        versions=dict(list(versions.items())[:VERSIONS]),
        scope=context.scope[-SCOPE:],  # the innermost definitions come last
        remarks=tuple(map(_remark, context.remarks[:REMARKS])),
        files=tuple(map(_file, context.files[:FILES])),
        diff=context.diff[:TEXT],
    )


def _names(names: Iterable[str], most: int) -> tuple[str, ...]:
    """Drops names that are too long, because half of a name is another name."""
    return tuple(name for name in names if len(name) <= NAME)[:most]


def _remark(remark: Remark) -> Remark:
    return replace(
        remark,
        message=remark.message[:SAYING],
        # Some linters write "to the end" as the largest number that they have.
        first_line=min(remark.first_line, LAST_LINE),
        last_line=min(remark.last_line, LAST_LINE),
        source=remark.source[:NAME],
        code=remark.code[:NAME],
        fix=remark.fix if len(remark.fix) <= TEXT else "",
    )


def _file(file: File) -> File:
    return replace(file, uri=file.uri[-URI:], text=file.text[:TEXT], language=file.language[:NAME])
