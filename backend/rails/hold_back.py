"""The streaming guard: text leaves as soon as it can no longer be part of a secret.

The idea is that of stop strings in a detokenizer (vLLM's ``IncrementalDetokenizer``): keep back
only the tail that could still grow into a match. ``regex`` answers exactly that question with
``partial=True``. Completed matches are replaced first; otherwise the tail of one match that is
the start of another would move the cut into what has to stay.
"""

from typing import Literal

import regex

from backend.errors import Blocked
from backend.ports import Span
from backend.rails.redaction import redact
from backend.rails.secrets import SECRET, kind_of


class SecretsGuard:
    """One per answer. What leaves, joined, equals the redaction of the whole text at once."""

    def __init__(self, action: Literal["redact", "block"]) -> None:
        self._action = action
        self._pending = ""
        self._context = ""  # the last character that left: ``\b`` at the start depends on it

    def feed(self, text: str) -> str:
        self._pending += text
        return self._release(final=False)

    def flush(self) -> str:
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        text = self._context + self._pending
        first = len(self._context)
        cut = len(text)
        spans = []
        position = first
        while match := SECRET.search(text, position, partial=not final):
            if match.partial or self._may_grow(text, match, final):
                cut = match.start()
                break
            spans.append(Span(match.start() - first, match.end() - first, kind_of(match)))
            position = match.end()
        if spans and self._action == "block":
            raise Blocked(f"The answer was stopped: it would have shown a {spans[0].kind}.")
        self._pending = text[cut:]
        self._context = text[cut - 1 : cut]
        return redact(text[first:cut], spans)

    @staticmethod
    def _may_grow(text: str, match: regex.Match[str], final: bool) -> bool:
        """A complete match at the end of the text may go on in the next delta."""
        return not final and match.end() == len(text)


class NoGuard:
    """Lets everything through: output rails are off."""

    def feed(self, text: str) -> str:
        return text

    def flush(self) -> str:
        return ""
