"""Makes retrieved passages harmless before a model reads them. Pure.

Two things may not reach the model. Instructions to it were recognised when the passage was indexed
(``Chunk.suspicion``). Markup that an editor would follow by itself, or by one click of a user who
trusts the answer (``indexer.screening.markup``), is removed when a passage is indexed, and here
again, because an index may be older than those rules.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from backend.ports import Span
from backend.rails.redaction import merge
from indexer.screening.markup import FIELDS, cleaned
from indexer.screening.suspicion import sentence, suspects
from indexer.types import Chunk, Passage

REMOVED = "[removed: text that addresses the model]"


def disarm(
    passages: Sequence[Passage], how: Literal["keep", "neutralize", "drop"]
) -> tuple[Passage, ...]:
    """The passages, in order, as a model may read them.

    A suspicious passage is dropped, or its suspicious sentences are replaced by ``REMOVED``, or
    with ``keep`` it stays as it is. Markup is stripped from all passages, whatever ``how`` says.
    """
    kept = (passage for passage in passages if how != "drop" or not passage.chunk.suspicion)
    return tuple(replace(passage, chunk=_harmless(passage.chunk, how)) for passage in kept)


def neutralize(text: str) -> str:
    """The text with each sentence that addresses the model replaced by ``REMOVED``."""
    spans = [Span(*sentence(text, sign.start, sign.end), "") for sign in suspects(text)]
    parts = []
    position = 0
    for span in merge(spans):
        parts += [text[position : span.start], REMOVED]
        position = span.end
    return "".join([*parts, text[position:]])


def _harmless(chunk: Chunk, how: Literal["keep", "neutralize", "drop"]) -> Chunk:
    before = {name: getattr(chunk, name) for name in FIELDS}
    told = before
    if how == "neutralize" and chunk.suspicion:
        told = {name: neutralize(text) for name, text in before.items()}
    harmless = told | cleaned(told, chunk.kind)
    return replace(chunk, **harmless) if harmless != before else chunk
