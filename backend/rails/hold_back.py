"""The streaming guard: text leaves as soon as it can no longer be part of a match.

The idea is that of stop strings in a detokenizer (vLLM's ``IncrementalDetokenizer``): keep back
only the tail that could still grow into a match.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from backend.errors import Blocked
from backend.ports import Span, StreamGuard
from backend.rails.patterns import Scanner
from backend.rails.redaction import redact

Tell = Callable[[Literal["redact", "block"], Sequence[Span]], None]  # what was done, to what


class HoldBack:
    """One per answer. What leaves, joined, equals the redaction of the whole text at once."""

    def __init__(
        self, scanner: Scanner, action: Literal["redact", "block"], tell: Tell = lambda *_: None
    ) -> None:
        self._scanner = scanner
        self._action: Literal["redact", "block"] = action
        self._tell = tell
        self._context = ""  # what left last: a lookbehind at the start of the rest depends on it
        self._pending = ""

    def feed(self, text: str) -> str:
        self._pending += text
        return self._release(final=False)

    def flush(self) -> str:
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        text = self._context + self._pending
        first = len(self._context)
        cut, touched = (len(text), True) if final else self._scanner.settled(text, first)
        if cut == first:
            return ""
        spans = []
        if touched:
            matches = self._scanner.matches(text, first)
            # Never cut through a match: what begins inside it would then be searched anew. Last
            # first, because moving the cut back may put it inside an earlier one.
            for match in sorted(matches, key=lambda match: match.start, reverse=True):
                if match.start < cut < match.end:
                    cut = match.start
            spans = [match.span for match in matches if match.end <= cut]
        if spans:
            self._tell(self._action, spans)
        if spans and self._action == "block":
            raise Blocked(f"The answer was stopped: it would have shown a {spans[0].kind}.")
        shown = redact(text[:cut], spans)[first:]
        self._pending = text[cut:]
        self._context = text[max(0, cut - self._scanner.context) : cut]
        return shown


class Chain:
    """Guards in order, as one: what the first lets out goes into the second."""

    def __init__(self, guards: Sequence[StreamGuard]) -> None:
        self._guards = guards

    def feed(self, text: str) -> str:
        for guard in self._guards:
            text = guard.feed(text)
        return text

    def flush(self) -> str:
        text = ""
        for guard in self._guards:
            text = guard.feed(text) + guard.flush()
        return text


class NoGuard:
    """Lets everything through: output rails are off."""

    def feed(self, text: str) -> str:
        return text

    def flush(self) -> str:
        return ""
