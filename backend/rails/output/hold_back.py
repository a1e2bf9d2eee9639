"""The streaming guard: text leaves as soon as it can no longer be part of a match.

The idea is that of stop strings in a detokenizer (vLLM's ``IncrementalDetokenizer``): hold back
only the tail that could still grow into a match, and of that only the part that may be its value.
The part before the value (``password =``, a scheme and ``://``) is shown as it comes, and
remembered. Otherwise every first word would wait for the second.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from backend.errors import Blocked
from backend.ports import Span, StreamGuard
from backend.rails.formats.patterns import Scanner, Settled
from backend.rails.redaction import redact

Tell = Callable[[Literal["redact", "block"], Sequence[Span]], None]  # what was done, and to what


class HoldBack:
    """The guard of one answer. Its output, joined, equals the redaction of the whole text."""

    def __init__(
        self, scanner: Scanner, action: Literal["redact", "block"], tell: Tell = lambda *_: None
    ) -> None:
        self._scanner = scanner
        self._action: Literal["redact", "block"] = action
        self._tell = tell
        self._text = ""  # the undecided text, after text that a lookbehind may depend on
        self._undecided = 0  # from here on, incomplete matches may begin in it
        self._shown = 0  # how much of it was shown

    @property
    def held(self) -> int:
        """The number of characters that were not shown yet."""
        return len(self._text) - self._shown

    def feed(self, text: str) -> str:
        self._text += text
        return self._release(self._scanner.settled(self._text, self._undecided))

    def flush(self) -> str:
        end = len(self._text)
        return self._release(Settled(end, end, touched=True))

    def _release(self, settled: Settled) -> str:
        text, before = self._text, self._shown
        undecided, cut = settled.matches, max(settled.shown, before)
        spans = []
        if settled.touched:
            matches = self._scanner.matches(text, self._undecided)
            # A cut must not go through a match, or a search would begin inside it. The last match
            # comes first, because moving the cut back may put it inside an earlier one.
            for match in sorted(matches, key=lambda match: match.span.start, reverse=True):
                if match.span.start < cut < match.end:
                    cut = max(match.span.start, before)
            for match in sorted(matches, key=lambda match: match.start, reverse=True):
                if match.start < undecided < match.end or match.end > cut:
                    undecided = min(undecided, match.start)
            spans = [match.span for match in matches if before < match.end <= cut]
        if spans:
            self._tell(self._action, spans)
        if spans and self._action == "block":
            raise Blocked(f"The answer was stopped: it would have shown a {spans[0].kind}.")
        shown = redact(text[:cut], spans)[before:]
        kept = max(0, min(undecided, cut) - self._scanner.context)
        self._text = text[kept:]
        self._undecided = min(undecided, cut) - kept
        self._shown = cut - kept
        return shown


class Chain:
    """Several guards as one: the output of the first goes into the second."""

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
    """Lets everything through, when output rails are off."""

    def feed(self, text: str) -> str:
        return text

    def flush(self) -> str:
        return ""
