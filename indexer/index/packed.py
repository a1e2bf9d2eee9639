"""Packs a chunk into a list of its fields, for storing. Pure."""

from typing import Any

from indexer.types import Chunk

_FIELDS = tuple(name for name in Chunk.__slots__ if name != "id")


def values(chunk: Chunk) -> list[Any]:
    """The fields in order, without the id, which follows from them.

    Lone surrogates become question marks, as they do in the id, because no store accepts them.
    """
    return [
        each.encode("utf-8", "replace").decode()
        if isinstance(each, str) and not each.isascii()
        else each
        for each in (getattr(chunk, name) for name in _FIELDS)
    ]


def unpacked(found: list[Any]) -> Chunk:
    """A chunk from its fields. Fields that were added after it was stored get their defaults."""
    return Chunk(**dict(zip(_FIELDS, found, strict=False)))
