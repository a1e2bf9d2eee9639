"""What ranking needs to know of a chunk. The lexical index keeps a card beside each chunk. Pure."""

import re
from collections.abc import Sequence

import msgspec

from indexer.ranking.words import terms
from indexer.types import Chunk, Kind

_DEPRECATED = re.compile(r"deprecated\b", re.IGNORECASE)


class Card(msgspec.Struct, frozen=True, array_like=True):
    """What ranking needs to know of a chunk. Texts are terms with blanks between them."""

    id: str
    source: str
    entry: str  # a result shows one passage per entry: the symbol, or the chunk's own id
    symbol: str
    kind: Kind
    section: bool  # whether it is not the beginning of its document
    deprecated: bool
    name: str  # terms of the symbol
    headline: str  # terms of title, section and summary
    text: str  # distinct terms of the text
    uri: str


def card_of(chunk: Chunk, text: Sequence[str]) -> Card:
    return Card(
        id=chunk.id,
        source=chunk.source,
        entry=_entry(chunk),
        symbol=chunk.symbol,
        kind=chunk.kind,
        section=bool(chunk.section),
        deprecated=bool(
            _DEPRECATED.match(chunk.summary.lstrip()) or _DEPRECATED.search(chunk.text)
        ),
        name=" ".join(terms(chunk.symbol)),
        headline=" ".join(terms(headline(chunk))),
        text=" ".join(dict.fromkeys(text)),
        uri=chunk.uri,
    )


def _entry(chunk: Chunk) -> str:
    if chunk.kind == "option":  # another page may have an option of the same name
        return f"{chunk.uri}\n{chunk.symbol}"
    return chunk.symbol or chunk.id


def headline(chunk: Chunk) -> str:
    if chunk.kind == "option":
        return f"{chunk.summary} {chunk.signature} {chunk.breadcrumb}"
    if chunk.symbol:
        return f"{chunk.summary} {chunk.section}"
    return f"{chunk.title} {chunk.section} {chunk.breadcrumb}"
