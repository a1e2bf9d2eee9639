"""A chunk as the list of its fields, for storing. Pure."""

from typing import Any

from indexer.types import Chunk

_FIELDS = tuple(name for name in Chunk.__slots__ if name != "id")


def values(chunk: Chunk) -> list[Any]:
    """In the order of the fields, without the id: it follows from them.

    Lone surrogates become question marks, as they do in the id: no store takes them.
    """
    return [
        each.encode("utf-8", "replace").decode()
        if isinstance(each, str) and not each.isascii()
        else each
        for each in (getattr(chunk, name) for name in _FIELDS)
    ]


def unpacked(found: list[Any]) -> Chunk:
    """Fields that were added since it was stored have their defaults."""
    return Chunk(**dict(zip(_FIELDS, found, strict=False)))
