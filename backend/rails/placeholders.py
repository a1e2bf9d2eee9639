"""Reversible redaction: the model sees ``<EMAIL_1>``, and the user sees the address. Pure.

A ``Vault`` is kept for one question and its answer. Restored text must not be scanned again, so the
order is model, ``HoldBack``, ``Restore``, user.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable

from backend.ports import Span
from backend.rails.redaction import merge

_PLACEHOLDER = re.compile(r"<[A-Z0-9_]+_[0-9]+>")


class Vault:
    """The values that were taken out of one question, with their placeholders.

    ``texts`` is everything that the model will read. A placeholder that is already in there is
    not used again. Only values of the kinds in ``restored`` come back.
    """

    def __init__(self, texts: Iterable[str], restored: Collection[str]) -> None:
        self._restored = frozenset(restored)
        self._taken = {found for text in texts for found in _PLACEHOLDER.findall(text)}
        self._placeholders: dict[str, str] = {}  # by value
        self._numbers: dict[str, int] = {}  # the last one of each label
        self._values: dict[str, str] = {}  # by placeholder, of kinds that come back

    def redact(self, text: str, spans: Iterable[Span]) -> str:
        """The text with a placeholder for the value of each span, always the same for a value."""
        parts = []
        position = 0
        for span in merge(spans):
            value = text[span.start : span.end]
            parts += [text[position : span.start], self._placeholder(value, span.kind)]
            position = span.end
        return "".join([*parts, text[position:]])

    def restore(self) -> "Restore":
        """The guard that puts values back into the answer of this question."""
        return Restore(self._values)

    def _placeholder(self, value: str, kind: str) -> str:
        if value not in self._placeholders:
            placeholder = self._placeholders[value] = self._fresh(_label(kind))
            if kind in self._restored:
                self._values[placeholder] = value
        return self._placeholders[value]

    def _fresh(self, label: str) -> str:
        while True:
            self._numbers[label] = self._numbers.get(label, 0) + 1
            placeholder = f"<{label}_{self._numbers[label]}>"
            if placeholder not in self._taken:
                return placeholder


class Restore:
    """Puts values back while an answer streams. It holds back only the start of a placeholder."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._sorted = sorted(values)
        self._pending = ""

    def feed(self, text: str) -> str:
        if not self._values:
            return text
        text = self._pending + text
        cut = text.rfind("<")
        if cut < 0 or not self._may_become_one(text[cut:]):
            cut = len(text)
        self._pending = text[cut:]
        return _PLACEHOLDER.sub(self._value, text[:cut])

    def flush(self) -> str:
        pending, self._pending = self._pending, ""
        return pending

    def _may_become_one(self, tail: str) -> bool:
        """A placeholder has one "<", at its start, so only text after the last one can be open."""
        # In sorted order, placeholders that begin with the tail come right after the tail itself.
        position = bisect_left(self._sorted, tail)
        return (
            tail not in self._values
            and position < len(self._sorted)
            and self._sorted[position].startswith(tail)
        )

    def _value(self, found: re.Match[str]) -> str:
        return self._values.get(found[0], found[0])


def _label(kind: str) -> str:
    """``phone number`` becomes ``PHONE_NUMBER``."""
    return re.sub(r"[^A-Z0-9]+", "_", kind.upper()).strip("_") or "VALUE"
