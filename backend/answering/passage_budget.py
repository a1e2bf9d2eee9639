"""Fits retrieved passages into their share of a prompt. Pure.

No page may make a question unanswerable. A passage that is too long is clipped around the words of
the question, and passages that still have no room are left out, the worst ones first.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.ranking.words import searched, words
from indexer.types import Passage

CUT = "[…]"  # where text was cut away
_LARGEST_SHARE = 0.5  # of the budget, for one of several passages
_LEAST = 60  # tokens; a shorter piece of a passage says too little
_CHARACTERS = 3  # per token: common tokenizers have about 4 on English and code
_OTHER = 1.5  # tokens per character outside ASCII, about the most
_TERMS = 24  # words of the question that are looked for
_PLACES = 8  # occurrences of each term that are looked at
_FENCE = re.compile(r"^ {0,3}(`{3,}+|~{3,}+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fitted:
    """``said`` tells the user what is missing; empty when nothing is."""

    passages: tuple[Passage, ...]
    said: str = ""


def fit(passages: Sequence[Passage], question: str, tokens: float) -> Fitted:
    """The passages in their order; those at the end are left out if they do not fit."""
    largest = tokens * _LARGEST_SHARE if len(passages) > 1 else tokens
    kept: list[Passage] = []
    terms: list[str] | None = None
    clipped = 0
    left = tokens
    for passage in passages:
        text = passage.chunk.text
        room = min(largest, left)
        size = estimate(text)
        if size > room:
            if room < _LEAST:
                break
            terms = _terms(question) if terms is None else terms
            text = clip(text, terms, room)
            passage = replace(passage, chunk=replace(passage.chunk, text=text))
            size = estimate(text)
            clipped += 1
        kept.append(passage)
        left -= size
    return Fitted(tuple(kept), _said(clipped, len(passages) - len(kept)))


def estimate(text: str) -> float:
    """Estimates the tokens of a text, rather too many than too few."""
    other = 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - other) / _CHARACTERS + other * _OTHER


def clip(text: str, terms: Sequence[str], tokens: float) -> str:
    """The part of a text, in whole lines, where most of the terms are close together."""
    per_token = len(text) / max(estimate(text), 1)
    length = max(int((tokens - 20) * per_token), 1)  # 20 for the marks and fences around it
    start = _best(text.lower(), terms, length)
    # It begins and ends with whole lines, unless they are too long.
    line = text.rfind("\n", max(start - length // 4, 0), start) + 1
    start = line or (0 if start < length // 4 else start)
    end = min(start + length, len(text))
    if end < len(text):
        end = text.rfind("\n", start + length // 2, end) + 1 or end
    parts = [CUT] if start else []
    opening = _open_fence(text[:start])
    inside = text[start:end].strip("\n")
    closing = _open_fence("\n".join(filter(None, (opening, inside))))
    parts += [part for part in (opening, inside, closing) if part]
    return "\n".join([*parts, CUT] if end < len(text) else parts)


def _best(text: str, terms: Sequence[str], length: int) -> int:
    """The start of the window of this length that has the most terms."""
    hits: list[tuple[int, str]] = []
    for term in terms:
        at = -1
        for _ in range(_PLACES):
            at = text.find(term, at + 1)
            if at < 0:
                break
            hits.append((at, term))
    hits.sort()
    starts = [at for at, _ in hits]
    best, most = 0, 0
    for number, start in enumerate(starts):
        end = bisect_left(starts, start + length * 3 // 4)
        count = len({term for _, term in hits[number:end]})
        if count > most:
            best, most = start, count
    # Some of the text before the first term belongs to it.
    return max(best - length // 4, 0)


def _open_fence(text: str) -> str:
    """The fence of a code block that the text does not close."""
    fence = ""
    for mark in _FENCE.findall(text):
        if not fence:
            fence = mark
        elif mark.startswith(fence):
            fence = ""
    return fence


def _terms(question: str) -> list[str]:
    return [term for term in dict.fromkeys(words(searched(question))) if len(term) > 2][:_TERMS]


def _said(clipped: int, dropped: int) -> str:
    parts = [f"{clipped} shortened"] * bool(clipped) + [f"{dropped} left out"] * bool(dropped)
    if not parts:
        return ""
    return f"Passages of documentation that are too long for the prompt: {', '.join(parts)}."
