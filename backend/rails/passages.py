"""Makes retrieved passages harmless before a model reads them. Pure.

Two things may not reach the model. Instructions to it were recognised when the passage was indexed
(``Chunk.suspicion``). Markup that an editor would follow by itself, or by one click of a user who
trusts the answer (``indexer.screening.markup``), is removed when a passage is indexed, and here
again, because an index may be older than these rules.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from backend.ports import Span
from backend.rails.redaction import merge
from indexer.screening.markdown import escape, leads_out
from indexer.screening.markup import strip_markup
from indexer.screening.suspicion import sentence, suspects
from indexer.types import Chunk, Passage

REMOVED = "[removed: text that addresses the model]"
_TEXTS = ("text", "title", "breadcrumb", "section", "signature", "summary", "example")

_CODE = ("signature", "example")


def disarm(
    passages: Sequence[Passage], how: Literal["keep", "neutralize", "drop"]
) -> tuple[Passage, ...]:
    """The passages, in order, as a model may read them.

    A suspicious passage is dropped, or its suspicious sentences are replaced by ``REMOVED``, or
    with ``keep`` it stays as it is. Markup is stripped from all passages, whatever ``how`` says.
    """
    kept = (passage for passage in passages if how != "drop" or not passage.chunk.suspicion)
    return tuple(replace(passage, chunk=_harmless(passage.chunk, how)) for passage in kept)


@lru_cache(maxsize=2048)
def strip_prose(text: str) -> str:
    """Does what ``strip_markup`` does, and escapes what a Markdown parser still finds.

    Patterns see half of what a renderer sees. They miss blanks before an address, entities,
    definitions, brackets in brackets, and tags that form when another tag is removed.
    """
    stripped = strip_markup(text)
    return escape(stripped) if leads_out(stripped) else stripped


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
    suspicious = how == "neutralize" and chunk.suspicion
    changed: dict[str, Any] = {}
    for name in _TEXTS:
        before = getattr(chunk, name)
        # Code is no Markdown, though its brackets may look like it.
        prose = name not in _CODE and chunk.kind != "code"
        strip = strip_prose if prose else strip_markup
        after = strip(neutralize(before) if suspicious else before)
        if after != before:
            changed[name] = after
    return replace(chunk, **changed) if changed else chunk
