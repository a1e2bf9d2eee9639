"""Replaces spans of text. Pure."""

from collections.abc import Iterable

from backend.ports import Span


def merge(spans: Iterable[Span]) -> list[Span]:
    """The spans in order. Overlapping ones are joined, under the kind of the first."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Span(last.start, max(last.end, span.end), last.kind)
        else:
            merged.append(span)
    return merged


def redact(text: str, spans: Iterable[Span]) -> str:
    """The text with each span replaced by its kind in brackets."""
    parts = []
    position = 0
    for span in merge(spans):
        parts += [text[position : span.start], f"[{span.kind} removed]"]
        position = span.end
    return "".join([*parts, text[position:]])
