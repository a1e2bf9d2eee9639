"""Reads machine-readable descriptions: OpenAPI, and JSON Schema."""

from collections.abc import Iterator

from indexer.readers.described import openapi, schemas
from indexer.readers.described.loading import loaded
from indexer.readers.page import Page, Unreadable

# What a description says near its beginning. Most JSON and YAML is something else.
_SIGNS = (b"openapi", b"swagger", b"json-schema.org")
_HEAD = 65_536
NEITHER = "neither OpenAPI nor a JSON schema"


def may_be(data: bytes) -> bool:
    """Whether it is worth parsing."""
    head = data[:_HEAD]
    return any(sign in head for sign in _SIGNS)


def read(data: bytes) -> Iterator[Page]:
    """The whole, then an entry for each operation and each schema. Raises ``Unreadable``."""
    text, found = loaded(data)
    if isinstance(found.get("openapi") or found.get("swagger"), str | int | float):
        yield from openapi.read(found, text)
    elif "json-schema.org" in str(found.get("$schema")):
        yield from schemas.read(found, text)
    else:
        raise Unreadable(NEITHER)
