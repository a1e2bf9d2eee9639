"""Retrieved passages made harmless before a model reads them. Pure.

Two things may not reach it: instructions to the model, which were recognised when the passage was
indexed (``Chunk.suspicion``), and markup that an editor would follow by itself or by one click of
a user who trusts the answer: images, frames, scripts, links that carry data in their address.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from backend.ports import Span
from backend.rails.redaction import merge
from indexer.suspicion import sentence, suspects
from indexer.types import Chunk, Passage

REMOVED = "[removed: text that addresses the model]"
_TEXTS = ("text", "title", "breadcrumb", "section", "signature", "summary", "example")

_URL = r"(?:https?:|ftp:|data:|//)[^\s)>\"']{0,2000}"
_IMAGE = re.compile(rf"!\[([^\]]{{0,300}})\](?:\(\s?<?{_URL}>?[^)]{{0,300}}\)|\[[^\]]{{0,100}}\])")
_ELEMENT = re.compile(
    r"<(script|style|iframe|object|svg|form|video|audio)\b[^>]{0,2000}>.{0,20000}?</\1\s{0,9}>"
    r"|</?(?:img|iframe|object|embed|script|link|meta|base|form|input|svg|video|audio|source)\b"
    r"[^>]{0,2000}>",
    re.DOTALL | re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.{0,5000}?-->", re.DOTALL)
_EXECUTES = r"(?:javascript|vbscript|data)\s{0,3}:[^\s)>\"']{0,2000}"
# A query string that is more than a search for a word: what a smuggled answer would travel in.
_CARRIES = r"https?://[^\s)>\"'?]{1,500}\?[^\s)>\"']{0,200}=[^\s)>\"']{0,1500}"
_LINK = re.compile(
    rf"\[([^\]]{{0,300}})\]\(\s?<?(?:{_EXECUTES}|{_CARRIES})>?[^)]{{0,300}}\)", re.IGNORECASE
)
_REFERENCE = re.compile(
    rf"^[ ]{{0,3}}\[[^\]]{{1,100}}\]:\s{{0,3}}<?(?:{_EXECUTES}|{_CARRIES})[^\n]{{0,300}}$",
    re.MULTILINE | re.IGNORECASE,
)
_HREF = re.compile(
    rf"\b(href|src|action)\s{{0,3}}=\s{{0,3}}(?:\"\s?(?:{_EXECUTES}|{_CARRIES})[^\"]{{0,300}}\""
    rf"|'\s?(?:{_EXECUTES}|{_CARRIES})[^']{{0,300}}')",
    re.IGNORECASE,
)
_IMAGE_DIRECTIVE = re.compile(
    rf"^([ \t]{{0,20}})\.\.[ ](?:\|[^|\n]{{1,100}}\|[ ])?(?:image|figure|raw)::[ ]*(?:{_URL}|html)"
    r"[^\n]{0,300}$",
    re.MULTILINE,
)


def disarm(
    passages: Sequence[Passage], how: Literal["keep", "neutralize", "drop"]
) -> tuple[Passage, ...]:
    """The passages, in order, as a model may read them.

    A suspicious one is dropped, or the sentences that make it so are replaced by ``REMOVED``; with
    ``keep`` it stays as it is. Markup is stripped from all of them, whatever ``how`` says.
    """
    kept = (passage for passage in passages if how != "drop" or not passage.chunk.suspicion)
    return tuple(replace(passage, chunk=_harmless(passage.chunk, how)) for passage in kept)


def strip_markup(text: str) -> str:
    """Without what fetches or leads somewhere by itself; the words that stood in it stay."""
    if not ("://" in text or "<" in text or "script" in text.lower() or "data:" in text.lower()):
        return text
    text = _COMMENT.sub("", text)
    text = _ELEMENT.sub("", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _REFERENCE.sub("", text)
    text = _HREF.sub(r"\1=''", text)
    return _IMAGE_DIRECTIVE.sub(r"\1", text)


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
        after = strip_markup(neutralize(before) if suspicious else before)
        if after != before:
            changed[name] = after
    return replace(chunk, **changed) if changed else chunk
